//! The judge: holds a ledger's records, is shown what stands at a target, and says what fits.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::pool::Pool;
use super::verdict::{Finding, Verdict, What};
use crate::error::Result;
use crate::ledger::{Event, Header, Intent, Position, Reader, Status};

/// One record at a target.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// Topic and partition, or stream and shard, as the ledger names places.
    pub place: &'a str,
    /// Where in it.
    pub position: Position,
    /// [`record_hash`](crate::ledger::record_hash) of its value.
    pub hash: [u8; 16],
    /// Its value.
    pub value: &'a [u8],
}

/// How a record of the ledger ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nobody was told.
    Open,
    /// At a place that [`Judge::by_position`] knows, or (Firehose) at none.
    Acked,
    Failed,
}

#[derive(Debug)]
struct Record {
    intent: Intent,
    end: End,
    /// How often it was sent, at most.
    sends: u32,
    /// Its position, hashed; 0 without one.
    at: u128,
    /// Whether it was seen: where it was acknowledged, or anywhere if that is not known.
    seen: bool,
    /// Something else stands where it was acknowledged.
    altered: bool,
}

/// Judges one ledger against one target. Holds about 100 bytes a record.
#[derive(Debug)]
pub struct Judge {
    header: Header,
    records: Vec<Record>,
    places: HashMap<u32, String>,
    by_position: HashMap<u128, u32>,
    /// Records at the target whose position is nobody's.
    loose: Pool,
    verdict: Verdict,
    /// Keys of pins and of other records at the target.
    pins: HashSet<u64>,
    others: HashSet<u64>,
}

impl Judge {
    /// Reads a ledger.
    ///
    /// # Errors
    /// Those of [`Reader`].
    pub fn open(ledger: &Path) -> Result<Self> {
        let mut reader = Reader::open(ledger)?;
        let mut judge = Self {
            header: reader.header().clone(),
            records: Vec::new(),
            places: HashMap::new(),
            by_position: HashMap::new(),
            loose: Pool::default(),
            verdict: Verdict::default(),
            pins: HashSet::new(),
            others: HashSet::new(),
        };
        while let Some(event) = reader.next().transpose()? {
            judge.learn(event);
        }
        Ok(judge)
    }

    /// Which emulation the ledger is of.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    fn learn(&mut self, event: Event) {
        match event {
            Event::Intents(intents) => {
                self.verdict.withheld += intents.withheld;
                self.records.extend(intents.records.into_iter().map(|intent| Record {
                    intent,
                    end: End::Open,
                    sends: 1,
                    at: 0,
                    seen: false,
                    altered: false,
                }));
            }
            Event::Resends(records) => {
                for record in records {
                    if let Some(record) = self.record(record) {
                        record.sends += 1;
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
        let at = match status {
            Status::Acked { place, position } => {
                self.places.get(place).map_or(0, |place| position_hash(place, position))
            }
            Status::Failed(_) | Status::Unknown(_) => 0,
        };
        let Some(record) = self.record(number) else {
            return;
        };
        record.sends += attempts.saturating_sub(1);
        (record.end, record.at) = match status {
            Status::Acked { .. } => (End::Acked, at),
            Status::Failed(_) => (End::Failed, 0),
            Status::Unknown(_) => (End::Open, 0),
        };
        if at != 0
            && let Ok(number) = u32::try_from(number)
        {
            self.by_position.insert(at, number);
        }
    }

    fn record(&mut self, number: u64) -> Option<&mut Record> {
        self.records.get_mut(usize::try_from(number).ok()?)
    }

    /// Goes by content alone, where the target has no positions, or none that the ledger's are.
    pub fn by_content(&mut self) {
        self.by_position = HashMap::new();
        for record in &mut self.records {
            record.at = 0;
            self.loose.expect(record.intent.hash, record.sends);
        }
    }

    /// Takes note of a record at the target.
    pub fn see(&mut self, seen: &Seen<'_>) {
        self.verdict.seen += 1;
        let at = position_hash(seen.place, &seen.position);
        let known = self.by_position.get(&at).map(|number| *number as usize);
        if let Some(record) = known.map(|number| &mut self.records[number]) {
            if record.intent.hash == seen.hash && !record.seen {
                record.seen = true;
                return;
            }
            if record.intent.hash != seen.hash {
                record.altered = true;
            }
        }
        self.loose.add(seen.hash, || (described(seen.place, &seen.position), key_of(seen.value)));
    }

    /// The judgement, once all of the target was shown.
    #[must_use]
    pub fn verdict(mut self, target: String) -> Verdict {
        self.verdict.target = target;
        self.verdict.sent = self.records.len() as u64;
        self.match_loose();
        self.judge_records();
        self.judge_loose();
        self.verdict.orphans = self.others.difference(&self.pins).count() as u64;
        self.verdict
    }

    /// Gives what stands where nobody acknowledged it to records of the same content: to those that
    /// have to be somewhere, to those that may be, to those that were sent again, and only then to
    /// those that were refused.
    fn match_loose(&mut self) {
        self.match_unseen(End::Acked);
        self.match_unseen(End::Open);
        self.match_repeats(|end| end != End::Failed);
        self.match_unseen(End::Failed);
        self.match_repeats(|end| end == End::Failed);
    }

    fn match_unseen(&mut self, end: End) {
        for record in self.records.iter_mut().filter(|record| record.end == end && !record.seen) {
            // What was acknowledged at a place has to be there.
            record.seen = record.at == 0 && self.loose.take(&record.intent.hash);
        }
    }

    fn match_repeats(&mut self, of: impl Fn(End) -> bool) {
        for record in self.records.iter().filter(|record| of(record.end)) {
            let again = record.sends - u32::from(record.seen);
            let found = (0..again).take_while(|_| self.loose.take(&record.intent.hash)).count();
            self.verdict.repeats += found as u64;
        }
    }

    fn judge_records(&mut self) {
        let pin = self.header.kinds.iter().position(|kind| kind == "pin");
        for (number, record) in self.records.iter().enumerate() {
            let verdict = &mut self.verdict;
            if record.seen {
                verdict.arrived += 1;
                verdict.arrived_unsettled += u64::from(record.end == End::Open);
                let keys = if Some(usize::from(record.intent.kind)) == pin {
                    &mut self.pins
                } else {
                    &mut self.others
                };
                keys.insert(record.intent.key);
            }
            let what = match (record.end, record.seen) {
                (End::Failed, true) => What::Refused,
                (End::Acked, false) if record.altered => What::Altered,
                (End::Acked, false) => What::Missing,
                (End::Open, false) => {
                    verdict.unsettled += 1;
                    continue;
                }
                (End::Failed, false) => {
                    verdict.failed += 1;
                    continue;
                }
                (_, true) => continue,
            };
            verdict.add(Finding {
                what,
                record: Some(number as u64),
                kind: self.header.kinds.get(usize::from(record.intent.kind)).cloned(),
                key: Some(record.intent.key),
                at: None,
            });
        }
    }

    /// What is left at the target is there too often, or of nobody.
    fn judge_loose(&mut self) {
        let known: HashSet<[u8; 16]> = self.records.iter().map(|record| record.intent.hash).collect();
        for (hash, loose) in self.loose.left() {
            let what = if known.contains(&hash) { What::Doubled } else { What::Unexpected };
            for _ in 0..loose.count {
                let at = Some(loose.at.clone());
                self.verdict.add(Finding { what, record: None, kind: None, key: loose.key, at });
            }
        }
    }
}

/// A place and a position in 128 bits, so that a sequence number of 56 digits takes no more than an
/// offset; 0 without a position.
fn position_hash(place: &str, position: &Position) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(place.as_bytes());
    hash.update(b"\n");
    match position {
        Position::Offset(offset) => hash.update(&offset.to_le_bytes()),
        Position::Sequence(digits) => hash.update(digits.as_bytes()),
        Position::None => return 0,
    }
    hash.digest128().max(1)
}

fn described(place: &str, position: &Position) -> String {
    match position {
        Position::Offset(offset) => format!("{place}/{offset}"),
        Position::Sequence(digits) => format!("{place}/{digits}"),
        Position::None => place.to_owned(),
    }
}

/// The `index` or `ind` of a record that is JSON.
fn key_of(value: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Keyed {
        #[serde(alias = "ind")]
        index: Option<u64>,
    }
    serde_json::from_slice::<Keyed>(value).ok()?.index
}
