//! What a judge finds.

use serde::Serialize;

/// Findings of a sort that are shown one by one.
pub(super) const SHOWN: usize = 10;

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was found.
    pub what: What,
    /// The ledger's record, by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// Its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<u64>,
    /// Where it stands, or should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is wrong there, where that is not all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What may be wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was acknowledged, and is not there.
    Missing,
    /// Where it was acknowledged stands another record.
    Altered,
    /// It is there more often than it was sent.
    Doubled,
    /// It was refused, and is there all the same.
    Refused,
    /// It is there, and the ledger does not know it.
    Unexpected,
}

impl What {
    pub(super) const ALL: [Self; 5] =
        [Self::Missing, Self::Altered, Self::Doubled, Self::Refused, Self::Unexpected];
}

/// Findings of a sort.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many.
    pub count: u64,
    /// The first ten.
    pub shown: Vec<Finding>,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(finding);
        }
    }

    fn take(&mut self, other: Self) {
        self.count += other.count;
        let room = SHOWN.saturating_sub(self.shown.len());
        self.shown.extend(other.shown.into_iter().take(room));
    }
}

/// The judgement: `sent` records of the ledger and `seen` ones at the target, each explained or not.
///
/// `sent = arrived + missing + altered + unsettled + failed`, where what was refused and arrived
/// counts as arrived; `seen = arrived + repeats + doubled + unexpected`, where what stands in the place of
/// an altered one is any of the last three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What was read.
    pub target: String,
    /// Records that the ledger tells of.
    pub sent: u64,
    /// Records withheld on purpose: planned drops and orphans' pins.
    pub withheld: u64,
    /// Records at the target.
    pub seen: u64,
    /// Records that are there.
    pub arrived: u64,
    /// Of those, records whose sending had no known end.
    pub arrived_unsettled: u64,
    /// Records at the target that are there once more, as they were sent more than once.
    pub repeats: u64,
    /// Records without a known end that are not there: nobody was told that they are.
    pub unsettled: u64,
    /// Records that were refused, and are not there.
    pub failed: u64,
    /// Keys of which the target has a record, but no pin, because none was sent.
    pub orphans: u64,
    /// Acknowledged, not there.
    pub missing: Findings,
    /// Another record stands in its place.
    pub altered: Findings,
    /// There more often than sent.
    pub doubled: Findings,
    /// There although refused.
    pub refused: Findings,
    /// There, and not of this ledger.
    pub unexpected: Findings,
}

impl Verdict {
    /// How many records nothing explains.
    #[must_use]
    pub fn unexplained(&self) -> u64 {
        What::ALL.into_iter().map(|what| self.findings(what).count).sum()
    }

    /// The findings of a sort.
    #[must_use]
    pub const fn findings(&self, what: What) -> &Findings {
        match what {
            What::Missing => &self.missing,
            What::Altered => &self.altered,
            What::Doubled => &self.doubled,
            What::Refused => &self.refused,
            What::Unexpected => &self.unexpected,
        }
    }

    fn findings_mut(&mut self, what: What) -> &mut Findings {
        match what {
            What::Missing => &mut self.missing,
            What::Altered => &mut self.altered,
            What::Doubled => &mut self.doubled,
            What::Refused => &mut self.refused,
            What::Unexpected => &mut self.unexpected,
        }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.findings_mut(finding.what).add(finding);
    }

    /// Gives the records that are shown their numbers in another ledger.
    pub(super) fn renumber(&mut self, number: impl Fn(u64) -> Option<u64>) {
        for what in What::ALL {
            for finding in &mut self.findings_mut(what).shown {
                finding.record = finding.record.and_then(&number);
            }
        }
    }

    /// Adds the judgement of another part of the same target. Orphans are not its matter.
    pub(super) fn take(&mut self, mut other: Self) {
        for what in What::ALL {
            self.findings_mut(what).take(std::mem::take(other.findings_mut(what)));
        }
        self.sent += other.sent;
        self.withheld += other.withheld;
        self.seen += other.seen;
        self.arrived += other.arrived;
        self.arrived_unsettled += other.arrived_unsettled;
        self.repeats += other.repeats;
        self.unsettled += other.unsettled;
        self.failed += other.failed;
        self.target = other.target;
    }
}
