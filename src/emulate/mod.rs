//! Making records: emission → index → record, pure and counter-based.

mod cpython;
mod hash;
mod json;
mod order;
mod people;
mod synthetic;
mod tables;
mod text;
mod time;
mod words;

pub use cpython::MersenneTwister;
pub use hash::{Draws, Permutation};
pub use order::{Order, OrderName, SEED100_ROWS};
pub use people::{BLOCK, Person, Place};
pub use synthetic::{SYNTHETIC_VERSION, Synthetic};

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
}
