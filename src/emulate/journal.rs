//! An emulation's ledger: what it is told, and what a run that goes on learns from it.

use std::collections::HashMap;
use std::path::Path;

use super::feed::{Ended, Leg, Slots};
use super::script::{Script, Tally};
use super::sending;
use crate::clean::Contents;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::ledger::{Event, Header, Intent, Intents, Ledger, Outcome, Status, record_hash};
use crate::parse::{Form, Payload};
use crate::sink::{Batch, Entry, Sink};

/// The ledger of an emulation that is running.
#[derive(Debug)]
pub struct Journal {
    ledger: Ledger,
    past: Past,
    /// The sink's number of a place → the ledger's.
    places: HashMap<u32, u32>,
    outcomes: Vec<Outcome>,
}

/// What is to be known of records that are about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// There is no ledger.
    Nothing,
    /// The ledger was begun by a version that kept hashes alone.
    Hashes,
    /// What they are once they are cleaned, too.
    Contents,
}

/// What the runs before have sent.
#[derive(Debug, Default)]
struct Past {
    groups: Vec<Group>,
    /// Of each record, whether its end is known.
    known: Vec<bool>,
    hashes: Vec<[u8; 16]>,
}

/// Records that were told together: those of some slots.
#[derive(Debug)]
struct Group {
    first: u64,
    records: u64,
    of: Slots,
}

impl Journal {
    /// Begins a ledger in a new file.
    ///
    /// # Errors
    /// Those of [`Ledger::create`].
    pub fn create(path: &Path, header: &Header) -> Result<Self> {
        Ok(Self::of(Ledger::create(path, header)?, Past::default()))
    }

    /// Goes on with a ledger: what has no known end is sent again, then what was not sent yet.
    ///
    /// # Errors
    /// Those of [`Ledger::resume`].
    pub fn resume(path: &Path, header: &Header) -> Result<Self> {
        let mut past = Past::default();
        let ledger = Ledger::resume(path, header, |event| past.see(event))?;
        Ok(Self::of(ledger, past))
    }

    fn of(ledger: Ledger, past: Past) -> Self {
        Self { ledger, past, places: HashMap::new(), outcomes: Vec::new() }
    }

    /// Says what is about to be sent, and waits until the disk has it; the number of the first.
    pub(super) fn intend(&mut self, intents: &Intents) -> Result<u64> {
        let first = self.ledger.intend(intents)?;
        self.ledger.commit()?;
        Ok(first)
    }

    /// Takes the outcomes that a sink has; they are on the disk with the next commit.
    pub(super) fn settle(&mut self, sink: &mut dyn Sink) -> Result<()> {
        let mut outcomes = std::mem::take(&mut self.outcomes);
        sink.settled(&mut outcomes);
        for outcome in &mut outcomes {
            if let Status::Acked { place, .. } = &mut outcome.status {
                *place = self.place(*place, sink)?;
            }
        }
        self.ledger.settle(&outcomes)?;
        outcomes.clear();
        self.outcomes = outcomes;
        Ok(())
    }

    fn place(&mut self, place: u32, sink: &dyn Sink) -> Result<u32> {
        if let Some(known) = self.places.get(&place) {
            return Ok(*known);
        }
        let known = self.ledger.place(&sink.place_name(place))?;
        self.places.insert(place, known);
        Ok(known)
    }

    /// What it wants to know of records.
    pub(super) fn wants(&self) -> Wants {
        if self.ledger.keeps_contents() { Wants::Contents } else { Wants::Hashes }
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.ledger.commit()
    }

    pub(super) fn end(&mut self, ended: Ended) -> Result<()> {
        self.ledger.end(ended.name())
    }

    /// How many groups of records were sent before.
    pub(super) fn groups(&self) -> usize {
        self.past.groups.len()
    }

    /// Makes those of a group again whose end is not known; None if there are none.
    pub(super) fn again(
        &mut self,
        group: usize,
        script: &Script,
        batch: &mut Batch,
    ) -> Result<Option<Tally>> {
        let open = self.past.open(group);
        if open.is_empty() {
            return Ok(None);
        }
        let group = &self.past.groups[group];
        script.render(&group.of.slots, &group.of.emissions, batch);
        batch.number(group.first);
        let same = batch.entries.len() as u64 == group.records;
        batch.entries.retain(|entry| open.binary_search(&entry.record).is_ok());
        let altered = |entry| self.past.hashes[at(entry)] != record_hash(batch.value(entry));
        if !same || batch.entries.iter().any(altered) {
            return Err(Error::Source(
                "the source makes other records than those that the ledger tells of: it was changed; \
                 begin a new ledger"
                    .into(),
            ));
        }
        self.ledger.resend(&open)?;
        self.ledger.commit()?;
        Ok(Some(sending::tally(batch, script)))
    }

    /// What is left to send of so many posts.
    pub(super) fn legs(&self, posts: u64) -> Vec<Leg> {
        let Some(last) = self.past.groups.last() else {
            return vec![Leg { next: 0, emissions: 0..posts }];
        };
        let next = last.of.slots.end;
        let begun = &last.of.emissions;
        if begun.end > posts {
            // It was asked for more before.
            return vec![Leg { next, emissions: begun.start..posts.max(next) }];
        }
        let mut legs = vec![Leg { next, emissions: begun.clone() }];
        if begun.end < posts {
            // A run that was stopped has sent what was late as well: emissions behind it are filled in
            // among themselves.
            legs.push(Leg { next: begun.end, emissions: begun.end..posts });
        }
        legs
    }
}

impl Past {
    fn see(&mut self, event: Event) {
        match event {
            Event::Intents(intents) => {
                let of = Slots { slots: intents.slots, emissions: intents.emissions };
                let records = intents.records.len() as u64;
                match self.groups.last_mut() {
                    // Too many for one event.
                    Some(group) if group.of == of => group.records += records,
                    _ => self.groups.push(Group { first: intents.first, records, of }),
                }
                self.known.resize(self.known.len() + intents.records.len(), false);
                self.hashes.extend(intents.records.iter().map(|intent| intent.hash));
            }
            Event::Outcomes(outcomes) => {
                for outcome in outcomes {
                    let place = usize::try_from(outcome.record).unwrap_or(usize::MAX);
                    if let Some(known) = self.known.get_mut(place) {
                        *known |= !matches!(outcome.status, Status::Unknown(_));
                    }
                }
            }
            Event::Resends(_) | Event::Place(..) | Event::End(_) => {}
        }
    }

    /// The records of a group whose end is not known, ascending.
    fn open(&self, group: usize) -> Vec<u64> {
        let group = &self.groups[group];
        let known = &self.known[usize::try_from(group.first).unwrap_or(usize::MAX)..];
        (group.first..group.first + group.records)
            .zip(known)
            .filter(|(_, known)| !**known)
            .map(|(record, _)| record)
            .collect()
    }
}

#[allow(clippy::cast_possible_truncation)] // a record of the past has a place in memory
fn at(entry: &Entry) -> usize {
    entry.record as usize
}

/// What a ledger is told of some slots; None without one.
pub(super) fn intents(
    of: &Slots,
    batch: &Batch,
    tally: &Tally,
    script: &Script,
    wants: Wants,
) -> Result<Option<Intents>> {
    if wants == Wants::Nothing {
        return Ok(None);
    }
    let intent =
        |entry: &Entry| Intent { kind: entry.topic, key: entry.key, hash: record_hash(batch.value(entry)) };
    let contents = if wants == Wants::Contents { contents(batch, script)? } else { Vec::new() };
    Ok(Some(Intents {
        first: 0,
        slots: of.slots.clone(),
        emissions: of.emissions.clone(),
        withheld: tally.withheld,
        records: batch.entries.iter().map(intent).collect(),
        contents,
    }))
}

/// What the records of a batch are once they are cleaned by the plans that come with this crate.
fn contents(batch: &Batch, script: &Script) -> Result<Vec<u64>> {
    let mut contents = vec![0; batch.entries.len()];
    for (topic, (kind, values)) in script.kinds().iter().zip(&batch.values).enumerate() {
        let of_topic = || batch.entries.iter().filter(|entry| usize::from(entry.topic) == topic);
        let payloads: Vec<Payload> = of_topic().map(payload).collect();
        let found = Contents::new(Kind::builtin(kind.name())?)?.of(values, &payloads)?;
        let places = (0..).zip(&batch.entries).filter(|(_, entry)| usize::from(entry.topic) == topic);
        for ((place, _), content) in places.zip(found) {
            let place: usize = place;
            contents[place] = content;
        }
    }
    Ok(contents)
}

#[allow(clippy::cast_possible_truncation)] // a batch's values are some megabytes
fn payload(entry: &Entry) -> Payload {
    let form = if entry.null { Form::Null } else { Form::Message };
    Payload { start: entry.start as u32, end: entry.end as u32, form, first_item: 0 }
}
