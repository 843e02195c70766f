//! What goes wrong on purpose: a pure plan over (seed, n, kind), shared by who emits and who checks.

use serde::{Deserialize, Serialize};

use super::PostKind;
use super::hash::{Draws, mix};
use crate::error::{Error, Result};

/// Late and reordered records, and the copies of duplicates, move by at most so many emissions:
/// what a slot holds follows from so many emissions before it.
pub const LOOK_BACK: u64 = 1_024;

/// Reordered records move by at most so many emissions, late ones by more.
const NEAR: u64 = 16;

/// A reader's limit for one record is 10 MiB; an oversize record is one byte longer.
pub const OVERSIZE_BYTES: usize = 10 * 1024 * 1024 + 1;

const USE_DELIVERY: u64 = 0x30;
const USE_CONTENT: u64 = 0x31;
const USE_ORPHAN: u64 = 0x32;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Sent twice; the copy up to 1,024 emissions later.
    Duplicate,
    /// Sent 17 to 1,024 emissions later.
    Late,
    /// Sent 1 to 16 emissions later.
    Reorder,
    /// Never sent.
    Drop,
    /// Not JSON any more.
    Corrupt,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Longer than a reader takes (10 MiB + 1 unless set).
    Oversize,
    /// One field more.
    NewField,
    /// A field under another name.
    RenamedField,
    /// A field's value of another JSON type.
    RetypedField,
    /// One field less.
    MissingField,
    /// No value: a null message.
    NullValue,
    /// The pin of a post is held back: its geo and user records have no partner.
    Orphan,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 13] = [
        Self::Duplicate,
        Self::Late,
        Self::Reorder,
        Self::Drop,
        Self::Corrupt,
        Self::InvalidUtf8,
        Self::Oversize,
        Self::NewField,
        Self::RenamedField,
        Self::RetypedField,
        Self::MissingField,
        Self::NullValue,
        Self::Orphan,
    ];

    /// Of a record with one of these it is drawn when and how often it is sent.
    const DELIVERY: [Self; 4] = [Self::Drop, Self::Duplicate, Self::Late, Self::Reorder];

    /// Of a record with one of these it is drawn what its bytes become.
    const CONTENT: [Self; 8] = [
        Self::Corrupt,
        Self::InvalidUtf8,
        Self::Oversize,
        Self::NewField,
        Self::RenamedField,
        Self::RetypedField,
        Self::MissingField,
        Self::NullValue,
    ];

    /// The name that options and reports use.
    ///
    /// ```
    /// assert_eq!(pinlake::emulate::Fault::InvalidUtf8.name(), "invalid_utf8");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Reorder => "reorder",
            Self::Drop => "drop",
            Self::Corrupt => "corrupt",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::Oversize => "oversize",
            Self::NewField => "new_field",
            Self::RenamedField => "renamed_field",
            Self::RetypedField => "retyped_field",
            Self::MissingField => "missing_field",
            Self::NullValue => "null_value",
            Self::Orphan => "orphan",
        }
    }

    /// # Errors
    /// [`Error::Config`] for a name that is none.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|fault| fault.name()).collect();
            Error::Config(format!("unknown fault {name:?}: use {}", known.join(", ")))
        })
    }

    /// Its place in tables of counters.
    pub(super) fn place(self) -> usize {
        self as usize
    }
}

/// How often each fault happens: shares of records (for `orphan`: of posts), 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    shares: [f64; Fault::ALL.len()],
    oversize_bytes: usize,
}

impl Default for Faults {
    fn default() -> Self {
        Self { shares: [0.0; Fault::ALL.len()], oversize_bytes: OVERSIZE_BYTES }
    }
}

impl Faults {
    /// Faults by name and share.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown name, a share outside 0 to 1, or shares that exclude each
    /// other (a record has at most one fault of delivery and one of content) and exceed 1.
    pub fn new<'a>(shares: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self> {
        let mut faults = Self::default();
        for (name, share) in shares {
            let fault = Fault::parse(name)?;
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::Config(format!(
                    "fault {name}: {share} is no share, use 0 to 1 (0.01 = one of a hundred)"
                )));
            }
            faults.shares[fault.place()] = share;
        }
        for group in [&Fault::DELIVERY[..], &Fault::CONTENT] {
            let sum: f64 = group.iter().map(|fault| faults.share(*fault)).sum();
            if sum > 1.0 + 1e-9 {
                let names: Vec<&str> = group.iter().map(|fault| fault.name()).collect();
                return Err(Error::Config(format!(
                    "fault shares of {} exclude each other and add up to {sum}, above 1",
                    names.join(", ")
                )));
            }
        }
        Ok(faults)
    }

    /// Sets how long oversize records are.
    #[must_use]
    pub fn with_oversize_bytes(mut self, bytes: usize) -> Self {
        self.oversize_bytes = bytes;
        self
    }

    /// How long oversize records are.
    #[must_use]
    pub fn oversize_bytes(&self) -> usize {
        self.oversize_bytes
    }

    /// How often a fault happens.
    #[must_use]
    pub fn share(&self, fault: Fault) -> f64 {
        self.shares[fault.place()]
    }

    /// The faults that happen at all.
    pub fn active(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(|fault| self.share(*fault) > 0.0)
    }
}

/// What is meant to happen to the record of one emission and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// The fault of delivery, if any: duplicate, late, reorder, drop or orphan.
    pub delivery: Option<Fault>,
    /// The fault of content, if any.
    pub content: Option<Fault>,
    /// By how many emissions the record moves.
    pub shift: u64,
    /// By how many emissions the copy of a duplicate moves.
    pub copy_shift: u64,
}

impl Intent {
    /// How often the record is sent: 0, 1 or 2 times.
    #[must_use]
    pub fn copies(&self) -> u8 {
        match self.delivery {
            Some(Fault::Drop | Fault::Orphan) => 0,
            Some(Fault::Duplicate) => 2,
            _ => 1,
        }
    }

    /// The slots of the copies of emission `n`.
    pub fn slots(&self, n: u64) -> impl Iterator<Item = (u8, u64)> {
        let shifts = [self.shift, self.copy_shift];
        (0..self.copies()).map(move |copy| (copy, n.saturating_add(shifts[usize::from(copy)])))
    }
}

/// The plan p(seed, n, kind).
#[derive(Debug, Clone)]
pub struct FaultPlan {
    seed: u64,
    delivery: Vec<(Fault, u64)>,
    content: Vec<(Fault, u64)>,
    orphan: u64,
}

impl FaultPlan {
    /// The plan that belongs to a seed and shares.
    #[must_use]
    pub fn new(seed: u64, faults: &Faults) -> Self {
        let bounds = |group: &[Fault]| {
            let mut sum = 0.0;
            let active = group.iter().filter(|fault| faults.share(**fault) > 0.0);
            active
                .map(|fault| {
                    sum += faults.share(*fault);
                    (*fault, bound(sum))
                })
                .collect()
        };
        Self {
            seed,
            delivery: bounds(&Fault::DELIVERY),
            content: bounds(&Fault::CONTENT),
            orphan: bound(faults.share(Fault::Orphan)),
        }
    }

    /// Whether any record can move, so that slots must look back.
    #[must_use]
    pub fn shifts(&self) -> bool {
        let still = |fault: &Fault| *fault == Fault::Drop;
        self.delivery.iter().any(|(fault, _)| !still(fault))
    }

    /// Whether nothing ever goes wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.delivery.is_empty() && self.content.is_empty() && self.orphan == 0
    }

    /// What happens to the record of emission `n` and a kind, whose index is given.
    ///
    /// Orphans follow from the index alone: no later emission of it brings the pin after all.
    #[must_use]
    pub fn intent(&self, n: u64, kind: PostKind, index: u64) -> Intent {
        let mut intent = Intent { delivery: None, content: None, shift: 0, copy_shift: 0 };
        let at = place(n, kind);
        if !self.content.is_empty() {
            let bits = Draws::new(self.seed, USE_CONTENT, at).bits();
            intent.content = drawn(&self.content, bits);
        }
        if !self.delivery.is_empty() {
            let mut draws = Draws::new(self.seed, USE_DELIVERY, at);
            intent.delivery = drawn(&self.delivery, draws.bits());
            match intent.delivery {
                Some(Fault::Reorder) => intent.shift = 1 + draws.below(NEAR),
                Some(Fault::Late) => intent.shift = NEAR + 1 + draws.below(LOOK_BACK - NEAR),
                // Half of the copies follow at once, as a retry's do.
                Some(Fault::Duplicate) if draws.below(2) == 0 => {
                    intent.copy_shift = 1 + draws.below(LOOK_BACK);
                }
                _ => {}
            }
        }
        if self.orphan > 0 && kind == PostKind::Pin {
            let bits = Draws::new(self.seed, USE_ORPHAN, index).bits();
            if bits < self.orphan {
                intent = Intent { delivery: Some(Fault::Orphan), content: None, shift: 0, copy_shift: 0 };
            }
        }
        if intent.copies() == 0 {
            intent.content = None;
        }
        intent
    }

    /// Draws that say how a record is damaged; the same for both copies of a duplicate.
    #[must_use]
    pub fn damage_draws(&self, n: u64, kind: PostKind) -> Draws {
        Draws::new(self.seed, mix(USE_CONTENT, 1), place(n, kind))
    }
}

/// A number for each record; it may wrap, as only equal ones matter.
fn place(n: u64, kind: PostKind) -> u64 {
    n.wrapping_mul(3).wrapping_add(kind as u64)
}

/// The 64-bit number below which draws fall with that probability.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, shares are ≥ 0
fn bound(share: f64) -> u64 {
    if share >= 1.0 - 1e-12 {
        return u64::MAX;
    }
    (share * 2f64.powi(64)) as u64
}

fn drawn(bounds: &[(Fault, u64)], bits: u64) -> Option<Fault> {
    let found = bounds.iter().find(|(_, bound)| bits < *bound);
    found.map(|(fault, _)| *fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_told_apart_and_bad_shares_refused() {
        for fault in Fault::ALL {
            assert_eq!(Fault::parse(fault.name()).unwrap(), fault);
            assert_eq!(Fault::ALL[fault.place()], fault);
        }
        for (shares, why) in [
            (vec![("lost", 0.1)], "unknown fault \"lost\""),
            (vec![("drop", 1.5)], "no share"),
            (vec![("drop", f64::NAN)], "no share"),
            (vec![("drop", 0.6), ("late", 0.6)], "above 1"),
            (vec![("corrupt", 0.9), ("oversize", 0.2)], "above 1"),
        ] {
            let error = Faults::new(shares).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        assert!(Faults::new([("drop", 0.6), ("corrupt", 0.6)]).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn shares_are_kept(seed: u64, place in 0..Fault::ALL.len(), share in 0.0..=1.0) {
            let fault = Fault::ALL[place];
            let plan = FaultPlan::new(seed, &Faults::new([(fault.name(), share)]).unwrap());
            let hits = (0..20_000u64)
                .map(|n| plan.intent(n, PostKind::Pin, n))
                .filter(|intent| intent.delivery == Some(fault) || intent.content == Some(fault))
                .count();
            // Five standard deviations of a binomial count.
            let wanted = 20_000.0 * share;
            let room = 5.0 * (wanted * (1.0 - share)).sqrt() + 1.0;
            prop_assert!((hits as f64 - wanted).abs() <= room, "{} for {}", hits, wanted);
        }

        #[test]
        fn shifts_stay_within_the_look_back(seed: u64, n: u64) {
            let faults = Faults::new([("late", 0.3), ("reorder", 0.3), ("duplicate", 0.4)]).unwrap();
            let n = n / 8;
            for kind in PostKind::ALL {
                let intent = FaultPlan::new(seed, &faults).intent(n, kind, n);
                let slots: Vec<_> = intent.slots(n).collect();
                prop_assert_eq!(slots.len(), usize::from(intent.copies()));
                prop_assert!(slots.iter().all(|(_, slot)| (n..=n + LOOK_BACK).contains(slot)));
                match intent.delivery {
                    Some(Fault::Reorder) => prop_assert!((1..=NEAR).contains(&intent.shift)),
                    Some(Fault::Late) => prop_assert!(intent.shift > NEAR),
                    _ => prop_assert_eq!(intent.shift, 0),
                }
            }
        }
    }
}
