//! The ledger: what an emulation meant to send, and what became of each record.
//!
//! A file that only grows. A header says which emulation it is of. Before records are sent their
//! intents are on the disk: the slots they are made from, a hash of each, and what it is once it is
//! cleaned. Behind them stand the
//! outcomes: acknowledged where, failed why, or unknown. What is on the disk when a process dies is
//! enough to go on: intents without an outcome may have arrived.

mod codec;
mod event;
mod frame;
mod hash;
mod outcome;
mod reader;
pub mod verify;
mod writer;

pub use event::{Event, Intent, Intents};
pub use hash::record_hash;
pub use outcome::{Outcome, Position, Status};
pub use reader::Reader;
pub use writer::Ledger;

use serde::{Deserialize, Serialize};

/// Version of the file's form. A ledger of a greater one is refused; one of form 1 does not know what its
/// records are once they are cleaned, and is gone on with as it is.
pub const FORMAT: u32 = 2;

/// The first form that keeps [`Intents::contents`].
const WITH_CONTENTS: u32 = 2;

/// Now, as outcomes tell times: µs since 1970.
#[must_use]
pub fn micros() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Which emulation a ledger is of: it can be gone on with by the same one only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`] when it was begun.
    pub format: u32,
    /// Version of the crate that made it.
    pub version: String,
    /// What tells the source of records from another.
    pub source: String,
    /// The seed.
    pub seed: u64,
    /// The order of indexes, by name.
    pub order: String,
    /// The kinds that are sent.
    pub kinds: Vec<String>,
    /// The planned faults: name and share.
    pub faults: Vec<(String, String)>,
    /// Posts in all; None without an end.
    pub count: Option<u64>,
    /// Prefix of topics and streams.
    pub user_id: String,
    /// Where records go, without credentials.
    pub target: String,
}

impl Header {
    /// Whether the ledger keeps what its records are once they are cleaned.
    #[must_use]
    pub const fn keeps_contents(&self) -> bool {
        self.format >= WITH_CONTENTS
    }

    /// In what another emulation differs, by the first name that does.
    #[must_use]
    pub fn differs(&self, other: &Self) -> Option<&'static str> {
        let same = [
            ("source", self.source == other.source),
            ("seed", self.seed == other.seed),
            ("order", self.order == other.order),
            ("kinds", self.kinds == other.kinds),
            ("faults", self.faults == other.faults),
            ("user id", self.user_id == other.user_id),
            ("target", self.target == other.target),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}
