//! A ledger against the silver tables and their quarantine: somebody else reads the rows, this judges.
//!
//! Of the records of one `ind` the table holds the one at the greatest position, which is known of what
//! was acknowledged; a record that was refused as no row stands in the quarantine with its bytes.

mod columns;
mod order;
mod rows;

use std::collections::HashSet;
use std::path::Path;

use arrow::array::RecordBatch;
use serde::Serialize;

pub use columns::quarantine_hashes;

use self::columns::{hashes, rows};
use self::order::{Rank, Spots};
use self::rows::{Accepted, Rows};
use super::account::{Account, Keep, Record};
use super::judge::{Judge, Seen, Spot};
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::ledger::Position;

/// The judgement of tables: that of any target, and what became of records among the rows.
///
/// `sent = arrived + missing + altered + unsettled + failed` as everywhere, and
/// `arrived = winners + duplicates + superseded + quarantined`; of these only winners and quarantined
/// ones are there: `seen = winners + quarantined + repeats + replayed + altered + doubled + unexpected`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tables {
    /// `seen` are rows of the tables and of the quarantine; `missing` is one an `ind` or a rejected record;
    /// `unsettled` are records of no known end of which no row tells that they arrived.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Rows of the silver tables.
    pub rows: u64,
    /// Rows that hold the record that they should, and these records.
    pub winners: u64,
    /// Records of the same content as their `ind`'s winner.
    pub duplicates: u64,
    /// Records of another content, at a smaller position than their `ind`'s winner.
    pub superseded: u64,
    /// Rejected records that are in the quarantine.
    pub quarantined: u64,
    /// Rows that a replay has brought from the quarantine, by other rules than the ledger's: not judged.
    pub replayed: u64,
}

impl Tables {
    /// How many records and rows nothing explains.
    #[must_use]
    pub fn unexplained(&self) -> u64 {
        self.verdict.unexplained()
    }
}

/// What is kept of a record until it is clear where it should be.
#[derive(Debug)]
struct Sent {
    content: Option<u64>,
    rank: Option<Rank>,
}

impl Keep for Sent {
    fn intended(content: Option<u64>) -> Self {
        Self { content, rank: None }
    }

    fn acked(&mut self, number: u32, _: &str, position: &Position) {
        self.rank = Rank::of(number, position);
    }
}

/// Judges a ledger against the tables of one warehouse. Holds about 100 bytes a record, while it reads
/// the ledger up to 300.
#[derive(Debug)]
pub struct TablesJudge {
    kinds: Vec<String>,
    rows: Rows,
    /// Those that are rejected.
    rejected: Judge,
    /// Their numbers in the ledger.
    numbers: Vec<u64>,
    /// Keys of those that are pins.
    pins: HashSet<u64>,
    sent: u64,
    withheld: u64,
}

impl TablesJudge {
    /// Reads a ledger.
    ///
    /// # Errors
    /// [`Error::Config`] if it does not know what its records are once they are cleaned; those of
    /// [`Reader`](crate::ledger::Reader).
    pub fn open(ledger: &Path) -> Result<Self> {
        let Account { header, records, places, withheld } = Account::<Sent>::read(ledger)?;
        if records.iter().any(|record| record.more.content.is_none()) {
            return Err(Error::Config(format!(
                "{}: begun by a version (form {}) that kept no fingerprints, which tables are judged by; verify \
                 against where the records went, or emulate with a new ledger",
                ledger.display(),
                header.format
            )));
        }
        let sent = records.len() as u64;
        let (mut accepted, mut rejected, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for (number, record) in (0..).zip(records) {
            let Record { mut intent, end, sends, more } = record;
            match more.content {
                None | Some(0) => {
                    intent.hash = of_kind(intent.hash, intent.kind);
                    rejected.push(Record { intent, end, sends, more: Spot::default() });
                    numbers.push(number);
                }
                Some(content) => {
                    accepted.push(Accepted::new(number, &intent, end, sends, content, more.rank));
                }
            }
        }
        let pin = header.kinds.iter().position(|kind| kind == "pin");
        let is_pin = |record: &&Record<Spot>| Some(usize::from(record.intent.kind)) == pin;
        let pins = rejected.iter().filter(is_pin).map(|record| record.intent.key).collect();
        let mut judge = Judge::of(header.clone(), rejected);
        judge.by_content();
        let rows = Rows::new(accepted, &Spots::new(&places), header.kinds.clone());
        Ok(Self { kinds: header.kinds, rows, rejected: judge, numbers, pins, sent, withheld })
    }

    /// The kinds whose tables are to be shown.
    #[must_use]
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// Takes note of rows of a kind's silver table: `ind`, `_fingerprint`, and whether a replay wrote it.
    ///
    /// # Errors
    /// [`Error::Schema`] for other columns, [`Error::Config`] for a kind that the ledger does not have.
    pub fn rows(&mut self, kind: &str, batch: &RecordBatch) -> Result<()> {
        let number =
            self.kind(kind).ok_or_else(|| Error::Config(format!("the ledger has no kind {kind:?}")))?;
        rows(batch, |row| self.rows.see(number, row))
    }

    /// Takes note of rows of the quarantine, as [`quarantine_hashes`] gives them. Those of other kinds are
    /// passed over.
    ///
    /// # Errors
    /// [`Error::Schema`] for other columns.
    pub fn quarantined(&mut self, batch: &RecordBatch) -> Result<()> {
        hashes(batch, |kind, hash, place| {
            if let Some(kind) = self.kind(kind) {
                let hash = of_kind(hash, kind);
                self.rejected.see(&Seen { place, position: Position::None, hash, value: b"" });
            }
        })
    }

    fn kind(&self, name: &str) -> Option<u8> {
        self.kinds.iter().position(|kind| kind == name).and_then(|at| u8::try_from(at).ok())
    }

    /// The judgement, once all rows were shown.
    #[must_use]
    pub fn verdict(self, target: String) -> Tables {
        let mut tables = self.rows.judged(&self.pins);
        let mut rejected = self.rejected.verdict(target);
        let number = |at: u64| self.numbers.get(usize::try_from(at).ok()?).copied();
        rejected.renumber(number);
        tables.quarantined = rejected.arrived;
        tables.verdict.take(rejected);
        (tables.verdict.sent, tables.verdict.withheld) = (self.sent, self.withheld);
        tables
    }
}

/// A record's hash within its kind: null messages are all of one content.
fn of_kind(mut hash: [u8; 16], kind: u8) -> [u8; 16] {
    hash[0] ^= kind;
    hash
}
