//! Duplicates: content fingerprints, and which version of a record wins.

mod batch;
mod exact;
pub(crate) mod fingerprint;

pub use batch::dedup_batch;
pub use exact::{Decision, Exact};
