//! Making records: emission `n` → index = order(seed, n) → record = f(seed, kind, index).
//!
//! All of it is pure and counter-based: the same bytes for any number of threads and after any
//! restart, and no clock in them. The three kinds share one index. [`Script`] says what each slot
//! holds and why; [`Emulation`] runs it into a [`crate::sink`].

mod counters;
mod cpython;
mod damage;
mod faults;
mod feed;
mod fields;
mod hash;
mod journal;
mod json;
mod order;
mod pace;
mod people;
mod replay;
mod rows;
mod run;
mod script;
mod sending;
mod synthetic;
mod tables;
mod text;
mod time;
mod words;

pub use counters::Progress;
pub use cpython::MersenneTwister;
pub use faults::{Fault, FaultPlan, Faults, Intent, LOOK_BACK, OVERSIZE_BYTES};
pub use feed::Ended;
pub use hash::{Draws, Permutation};
pub use journal::Journal;
pub use order::{Order, OrderName, SEED100_ROWS};
pub use pace::Pace;
pub use people::{BLOCK, Person, Place};
pub use replay::Replay;
pub use rows::{Rows, open_rows};
pub use run::{Emulation, Report, RunOptions};
pub use script::{Planned, Script, Settings, Tally};
pub use synthetic::{SYNTHETIC_VERSION, Synthetic};

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The three records of a post, which share one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PostKind {
    /// What was posted.
    Pin,
    /// When and from where.
    Geo,
    /// By whom.
    User,
}

impl PostKind {
    /// All three, in the order in which a post's records are sent.
    pub const ALL: [Self; 3] = [Self::Pin, Self::Geo, Self::User];

    /// The kind's name, also the last word of its topic.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Geo => "geo",
            Self::User => "user",
        }
    }

    /// # Errors
    /// [`Error::Config`] for another name: only these three are made.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| {
            Error::Config(format!("no records are made of kind {name:?}: use pin, geo or user"))
        })
    }
}
