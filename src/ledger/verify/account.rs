//! A ledger's records, each with its end, as those hold them who judge.

use std::collections::HashMap;
use std::path::Path;

use crate::error::Result;
use crate::ledger::{Event, Header, Intent, Position, Reader, Status};

/// How a record of the ledger ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody was told.
    Open,
    /// At a place, or (Firehose) at none that anybody knows.
    Acked,
    Failed,
}

/// A record, and what its judge keeps of it besides.
#[derive(Debug)]
pub(super) struct Record<T> {
    pub(super) intent: Intent,
    pub(super) end: End,
    /// How often it was sent, at most.
    pub(super) sends: u32,
    pub(super) more: T,
}

/// All that a ledger tells.
#[derive(Debug)]
pub(super) struct Account<T> {
    pub(super) header: Header,
    pub(super) records: Vec<Record<T>>,
    /// Places by their numbers.
    pub(super) places: HashMap<u32, String>,
    /// Records withheld on purpose.
    pub(super) withheld: u64,
}

/// What judges keep of a record.
pub(super) trait Keep {
    /// Of one that is about to be sent; what it is once it is cleaned, if the ledger knows.
    fn intended(content: Option<u64>) -> Self;

    /// Of one that was acknowledged: the place's number and name, and where in it.
    fn acked(&mut self, number: u32, place: &str, position: &Position);
}

impl<T: Keep> Account<T> {
    /// Reads a ledger.
    ///
    /// # Errors
    /// Those of [`Reader`].
    pub(super) fn read(ledger: &Path) -> Result<Self> {
        let mut reader = Reader::open(ledger)?;
        let header = reader.header().clone();
        let mut account = Self { header, records: Vec::new(), places: HashMap::new(), withheld: 0 };
        while let Some(event) = reader.next().transpose()? {
            account.learn(event);
        }
        Ok(account)
    }

    fn learn(&mut self, event: Event) {
        match event {
            Event::Intents(intents) => {
                self.withheld += intents.withheld;
                let mut contents = intents.contents.into_iter();
                self.records.extend(intents.records.into_iter().map(|intent| Record {
                    intent,
                    end: End::Open,
                    sends: 1,
                    more: T::intended(contents.next()),
                }));
            }
            Event::Resends(records) => {
                // How often a run tried stands with a record's outcome: of one that ended before it had any,
                // nobody knows.
                let tries_untold = tries_again(&self.header.target);
                for number in records {
                    if let Some(record) = find(&mut self.records, number) {
                        record.sends = if tries_untold { u32::MAX } else { record.sends.saturating_add(1) };
                    }
                }
            }
            Event::Place(number, name) => {
                self.places.insert(number, name);
            }
            Event::Outcomes(outcomes) => {
                for outcome in outcomes {
                    self.settle(outcome.record, outcome.attempts, &outcome.status);
                }
            }
            Event::End(_) => {}
        }
    }

    fn settle(&mut self, number: u64, attempts: u32, status: &Status) {
        let Some(record) = find(&mut self.records, number) else {
            return;
        };
        record.sends = record.sends.saturating_add(attempts.saturating_sub(1));
        record.end = match status {
            Status::Acked { place, position } => {
                if let Some(name) = self.places.get(place) {
                    record.more.acked(*place, name, position);
                }
                End::Acked
            }
            Status::Failed(_) => End::Failed,
            Status::Unknown(_) => End::Open,
        };
    }
}

/// Whether a run may write a record more than once: where nothing tells a service that it has it. (Kafka's
/// producers are idempotent, and landing objects have names.)
fn tries_again(target: &str) -> bool {
    ["kinesis:", "gateway+", "firehose:"].iter().any(|scheme| target.starts_with(scheme))
}

fn find<T>(records: &mut [Record<T>], number: u64) -> Option<&mut Record<T>> {
    records.get_mut(usize::try_from(number).ok()?)
}
