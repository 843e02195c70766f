//! Handing records to a sink: numbered, told to the journal first, their outcomes after.

use super::counters::Counters;
use super::feed::{Ended, Leg};
use super::journal::{Journal, Wants};
use super::run::Made;
use super::script::{Script, Tally};
use crate::error::Result;
use crate::sink::{Batch, Sink};

pub(super) struct Sending<'a> {
    sink: &'a mut dyn Sink,
    journal: Option<&'a mut Journal>,
    counters: &'a Counters,
    /// Number of the next record.
    records: u64,
}

impl<'a> Sending<'a> {
    pub(super) fn new(
        sink: &'a mut dyn Sink,
        journal: Option<&'a mut Journal>,
        counters: &'a Counters,
    ) -> Self {
        Self { sink, journal, counters, records: 0 }
    }

    /// What a journal is to be told of the records.
    pub(super) fn wants(&self) -> Wants {
        self.journal.as_ref().map_or(Wants::Nothing, |journal| journal.wants())
    }

    /// What is left to send of so many posts.
    pub(super) fn legs(&self, posts: u64) -> Vec<Leg> {
        match &self.journal {
            Some(journal) => journal.legs(posts),
            None => vec![Leg { next: 0, emissions: 0..posts }],
        }
    }

    /// Sends again what a run before began and nobody knows the end of.
    pub(super) fn send_again(&mut self, script: &Script) -> Result<()> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let mut batch = Batch::default();
        for place in 0..journal.groups() {
            if self.counters.stopped() {
                break;
            }
            if let Some(tally) = journal.again(place, script, &mut batch)? {
                self.counters.made(&tally);
                let wrote = self.sink.write(&batch);
                journal.settle(&mut *self.sink)?;
                self.counters.wrote(wrote?);
                self.counters.sent(0, &tally);
            }
        }
        Ok(())
    }

    /// Hands a batch over; `false` if nobody reads any more.
    pub(super) fn send(&mut self, made: &mut Made) -> Result<bool> {
        if let (Some(journal), Some(intents)) = (&mut self.journal, &made.intents) {
            self.records = journal.intend(intents)?;
        }
        made.batch.number(self.records);
        self.records += made.batch.entries.len() as u64;
        let wrote = self.sink.write(&made.batch);
        self.settle()?;
        self.counters.wrote(wrote?);
        self.counters.sent(made.of.posts(), &made.tally);
        Ok(!self.sink.closed())
    }

    /// Waits for what is under way; whether the reader of the sink has gone.
    pub(super) fn finish(&mut self, ended: Ended) -> Result<bool> {
        let wrote = self.sink.finish();
        self.settle()?;
        self.counters.wrote(wrote?);
        if let Some(journal) = &mut self.journal {
            journal.end(ended)?;
        }
        Ok(self.sink.closed())
    }

    /// After an error: what the sink knows is kept, and the ledger can be gone on with.
    pub(super) fn give_up(&mut self) -> Result<()> {
        self.settle()?;
        self.journal.as_mut().map_or(Ok(()), |journal| journal.commit())
    }

    fn settle(&mut self) -> Result<()> {
        match &mut self.journal {
            Some(journal) => journal.settle(&mut *self.sink),
            None => {
                // Nobody asks for them.
                self.sink.settled(&mut Vec::new());
                Ok(())
            }
        }
    }
}

/// Counts of records that are sent again, by kind.
pub(super) fn tally(batch: &Batch, script: &Script) -> Tally {
    let mut tally = Tally::default();
    for entry in &batch.entries {
        tally.kinds[script.kinds()[usize::from(entry.topic)] as usize] += 1;
    }
    tally
}
