//! The judge: holds a ledger's records, is shown what stands at a target, and says what fits.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::account::{Account, End, Keep, Record};
use super::pool::Pool;
use super::verdict::{Finding, Verdict, What};
use crate::error::Result;
use crate::ledger::{Header, Position};

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

/// What is kept of a record.
#[derive(Debug, Default)]
pub(super) struct Spot {
    /// Its position, hashed; 0 without one.
    at: u128,
    /// Whether it was seen: where it was acknowledged, or anywhere if that is not known.
    seen: bool,
    /// Something else stands where it was acknowledged.
    altered: bool,
}

impl Keep for Spot {
    fn intended(_: Option<u64>) -> Self {
        Self::default()
    }

    fn acked(&mut self, _: u32, place: &str, position: &Position) {
        self.at = position_hash(place, position);
    }
}

/// Judges one ledger against one target. Holds about 100 bytes a record.
#[derive(Debug)]
pub struct Judge {
    header: Header,
    records: Vec<Record<Spot>>,
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
    /// Those of [`Reader`](crate::ledger::Reader).
    pub fn open(ledger: &Path) -> Result<Self> {
        let Account { header, records, withheld, .. } = Account::read(ledger)?;
        Ok(Self { verdict: Verdict { withheld, ..Verdict::default() }, ..Self::of(header, records) })
    }

    /// A judge of these records.
    pub(super) fn of(header: Header, records: Vec<Record<Spot>>) -> Self {
        let known = (0..).zip(&records).filter(|(_, record)| record.more.at != 0);
        Self {
            by_position: known.map(|(number, record)| (record.more.at, number)).collect(),
            header,
            records,
            loose: Pool::default(),
            verdict: Verdict::default(),
            pins: HashSet::new(),
            others: HashSet::new(),
        }
    }

    /// Which emulation the ledger is of.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Goes by content alone, where the target has no positions, or none that the ledger's are.
    pub fn by_content(&mut self) {
        self.by_position = HashMap::new();
        for record in &mut self.records {
            record.more.at = 0;
            self.loose.expect(record.intent.hash, record.sends);
        }
    }

    /// Takes note of a record at the target.
    pub fn see(&mut self, seen: &Seen<'_>) {
        self.verdict.seen += 1;
        let at = position_hash(seen.place, &seen.position);
        let known = self.by_position.get(&at).map(|number| *number as usize);
        if let Some(record) = known.map(|number| &mut self.records[number]) {
            if record.intent.hash == seen.hash && !record.more.seen {
                record.more.seen = true;
                return;
            }
            if record.intent.hash != seen.hash {
                record.more.altered = true;
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
        for record in self.records.iter_mut().filter(|record| record.end == end && !record.more.seen) {
            // What was acknowledged at a place has to be there.
            record.more.seen = record.more.at == 0 && self.loose.take(&record.intent.hash);
        }
    }

    fn match_repeats(&mut self, of: impl Fn(End) -> bool) {
        for record in self.records.iter().filter(|record| of(record.end)) {
            let again = record.sends - u32::from(record.more.seen);
            let found = (0..again).take_while(|_| self.loose.take(&record.intent.hash)).count();
            self.verdict.repeats += found as u64;
        }
    }

    fn judge_records(&mut self) {
        let pin = self.header.kinds.iter().position(|kind| kind == "pin");
        for (number, record) in self.records.iter().enumerate() {
            let verdict = &mut self.verdict;
            if record.more.seen {
                verdict.arrived += 1;
                verdict.arrived_unsettled += u64::from(record.end == End::Open);
                let keys = if Some(usize::from(record.intent.kind)) == pin {
                    &mut self.pins
                } else {
                    &mut self.others
                };
                keys.insert(record.intent.key);
            }
            let what = match (record.end, record.more.seen) {
                (End::Failed, true) => What::Refused,
                (End::Acked, false) if record.more.altered => What::Altered,
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
                why: None,
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
                self.verdict.add(Finding { what, record: None, kind: None, key: loose.key, at, why: None });
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
