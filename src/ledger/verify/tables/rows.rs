//! The rows of silver tables, `ind` by `ind`: which record each should hold, and which it does.

use std::collections::HashSet;

use super::super::account::End;
use super::super::verdict::{Finding, What};
use super::Tables;
use super::columns::Row;
use super::order::{Rank, Spots};
use crate::ledger::Intent;

/// A record that is a row of its kind's table, unless another wins.
#[derive(Debug)]
pub(super) struct Accepted {
    kind: u8,
    end: End,
    sends: u32,
    number: u64,
    key: u64,
    content: u64,
    rank: Option<Rank>,
}

impl Accepted {
    pub(super) fn new(
        number: u64,
        intent: &Intent,
        end: End,
        sends: u32,
        content: u64,
        rank: Option<Rank>,
    ) -> Self {
        Self { kind: intent.kind, end, sends, number, key: intent.key, content, rank }
    }

    /// Whether some sending of it may stand at a place that nobody knows.
    fn may_be_anywhere(&self) -> bool {
        match self.end {
            End::Open => true,
            End::Acked => self.rank.is_none() || self.sends > 1,
            End::Failed => false,
        }
    }
}

/// What stands in a table for one `ind`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Held {
    #[default]
    Nothing,
    Content(u64),
    Replayed,
}

/// The records of one kind and `ind`.
#[derive(Debug)]
struct Group {
    first: usize,
    end: usize,
    held: Held,
}

/// All of them, and what was found that is of none.
#[derive(Debug)]
pub(super) struct Rows {
    kinds: Vec<String>,
    /// By kind, `ind` and position.
    records: Vec<Accepted>,
    groups: Vec<Group>,
    /// Kind and `ind` of rows of which no record is known.
    strangers: HashSet<(u8, u64)>,
    orphans: HashSet<u64>,
    seen: u64,
    found: Tables,
}

impl Rows {
    pub(super) fn new(mut records: Vec<Accepted>, spots: &Spots, kinds: Vec<String>) -> Self {
        records.sort_by(|a, b| {
            let ids = (a.kind, a.key).cmp(&(b.kind, b.key));
            ids.then_with(|| spots.compare(a.rank, b.rank)).then(a.number.cmp(&b.number))
        });
        let mut groups: Vec<Group> = Vec::new();
        for one in records.chunk_by(|a, b| (a.kind, a.key) == (b.kind, b.key)) {
            let first = groups.last().map_or(0, |group| group.end);
            groups.push(Group { first, end: first + one.len(), held: Held::default() });
        }
        let (strangers, orphans, found) = (HashSet::new(), HashSet::new(), Tables::default());
        Self { kinds, records, groups, strangers, orphans, seen: 0, found }
    }

    /// Takes note of a row.
    pub(super) fn see(&mut self, kind: u8, row: Row) {
        self.seen += 1;
        let of = |group: &Group| (self.records[group.first].kind, self.records[group.first].key);
        let held = if row.replayed { Held::Replayed } else { Held::Content(row.content) };
        let what = match self.groups.binary_search_by_key(&(kind, row.key), of) {
            Ok(at) if self.groups[at].held == Held::Nothing => {
                self.groups[at].held = held;
                return;
            }
            Err(_) if self.strangers.insert((kind, row.key)) => {
                if row.replayed {
                    self.found.replayed += 1;
                    return;
                }
                What::Unexpected
            }
            _ => What::Doubled,
        };
        self.find(what, None, kind, row.key, None);
    }

    fn find(&mut self, what: What, record: Option<u64>, kind: u8, key: u64, why: Option<String>) {
        let kind = self.kinds.get(usize::from(kind)).cloned();
        self.found.verdict.add(Finding { what, record, kind, key: Some(key), at: None, why });
    }

    /// What became of the records, and what the rows are. `pins` are keys of pins that are no rows.
    pub(super) fn judged(mut self, pins: &HashSet<u64>) -> Tables {
        for group in std::mem::take(&mut self.groups) {
            let records = &self.records[group.first..group.end];
            let (kind, key) = (records[0].kind, records[0].key);
            if group.held != Held::Nothing && self.is_orphan(kind, key, pins) {
                self.orphans.insert(key);
            }
            if let Some((what, record, why)) = judge(records, group.held, &mut self.found) {
                self.find(what, record, kind, key, why);
            }
        }
        self.found.rows = self.seen;
        self.found.verdict.seen = self.seen;
        self.found.verdict.orphans = self.orphans.len() as u64;
        self.found.verdict.arrived = self.found.winners + self.found.duplicates + self.found.superseded;
        self.found
    }

    /// Whether a post's pin was not sent.
    fn is_orphan(&self, kind: u8, key: u64, pins: &HashSet<u64>) -> bool {
        let Some(pin) = self.kinds.iter().position(|kind| kind == "pin") else {
            return true;
        };
        usize::from(kind) != pin
            && !pins.contains(&key)
            && self
                .records
                .binary_search_by(|record| (usize::from(record.kind), record.key).cmp(&(pin, key)))
                .is_err()
    }
}

/// What was found of an `ind`, if anything is wrong: what, of which record, and why.
type Wrong = Option<(What, Option<u64>, Option<String>)>;

/// Judges what a table holds of one `ind`, whose records are given by their positions.
fn judge(records: &[Accepted], held: Held, found: &mut Tables) -> Wrong {
    // Of all places that are known the last one wins.
    let last = records.iter().rposition(|record| record.end == End::Acked);
    let content = match held {
        Held::Content(content) => Some(content),
        Held::Nothing | Held::Replayed => None,
    };
    let right = |at: usize| {
        Some(records[at].content) == content && (Some(at) == last || records[at].may_be_anywhere())
    };
    let acked = (0..records.len()).rev().find(|&at| right(at) && records[at].end == End::Acked);
    let winner = acked.or_else(|| (0..records.len()).rev().find(|&at| right(at)));
    let refused = || records.iter().position(|record| Some(record.content) == content);
    // The record that the row is of, or should be, and what is wrong about it.
    let (taken, wrong) = match (held, winner, last) {
        (Held::Replayed, ..) => {
            found.replayed += 1;
            (None, None)
        }
        (_, Some(at), _) => {
            found.winners += 1;
            found.verdict.arrived_unsettled += u64::from(records[at].end == End::Open);
            (winner, None)
        }
        (Held::Nothing, None, Some(_)) => (last, Some((What::Missing, None))),
        (Held::Content(content), None, Some(_)) => (last, Some((What::Altered, Some(why(records, content))))),
        (Held::Nothing, None, None) => (None, None),
        (Held::Content(_), None, None) => match refused() {
            Some(at) => {
                found.winners += 1;
                (Some(at), Some((What::Refused, None)))
            }
            None => (None, Some((What::Unexpected, None))),
        },
    };
    count_others(records, taken, found);
    wrong.map(|(what, why)| (what, taken.map(|at| records[at].number), why))
}

/// Counts the records of an `ind` but the one that its row is of, or should be.
fn count_others(records: &[Accepted], taken: Option<usize>, found: &mut Tables) {
    let content = taken.map(|at| records[at].content);
    for (_, record) in records.iter().enumerate().filter(|(at, _)| Some(*at) != taken) {
        *match record.end {
            End::Acked if Some(record.content) == content => &mut found.duplicates,
            End::Acked => &mut found.superseded,
            End::Open => &mut found.verdict.unsettled,
            End::Failed => &mut found.verdict.failed,
        } += 1;
    }
}

/// What a row holds that is not its winner's content.
fn why(records: &[Accepted], content: u64) -> String {
    match records.iter().rfind(|record| record.content == content) {
        Some(record) if record.end == End::Acked => {
            format!("holds record {}, which is superseded", record.number)
        }
        Some(record) => format!("holds record {}, which was refused", record.number),
        None => "holds the content of no record".into(),
    }
}
