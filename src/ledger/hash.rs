//! What tells a record from another wherever it is met: a hash of its canonical JSON.
//!
//! Connectors write the keys of an object in another order and numbers in another form (`1.0E-5`,
//! `0.00001`); neither makes another record.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128, xxh3_128_with_seed};

use crate::parse;

/// Keeps what is no JSON apart from all that is.
const NO_JSON: u64 = 1;

/// The hash of a record's value: of its canonical JSON with numbers by their value, or of its bytes
/// where it is no JSON or longer than readers take.
///
/// ```
/// use pinlake::ledger::record_hash;
/// assert_eq!(record_hash(br#"{"b": 1.0, "a": "\u0041"}"#), record_hash(br#"{"a":"A","b":1}"#));
/// assert_ne!(record_hash(b"{\"a\": 1"), record_hash(b"{\"a\": 1}"));
/// ```
#[must_use]
pub fn record_hash(value: &[u8]) -> [u8; 16] {
    if value.len() > parse::MAX_RECORD {
        return hash_of_long(xxh3_64(value));
    }
    let mut canonical = Vec::with_capacity(value.len());
    let hash = if parse::canonical_by_value(value, &mut canonical) {
        xxh3_128(&canonical)
    } else {
        xxh3_128_with_seed(value, NO_JSON)
    };
    hash.to_le_bytes()
}

/// The hash of a record that is longer than readers take, of which they know xxh3-64 alone.
pub(super) fn hash_of_long(bytes: u64) -> [u8; 16] {
    (u128::from(bytes) << 64).to_le_bytes()
}
