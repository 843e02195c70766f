//! One record of a chunk: where it stands, and what became of it.

use super::code::RejectCode;
use super::scan::Span;

/// One record: where it stands and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Index of its payload in the chunk.
    pub payload: u32,
    /// Its place in the payload, from 0.
    pub item: u32,
    /// First byte in the chunk.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Its key; 0 if it was rejected.
    pub key: i64,
    /// Why it is no row.
    pub reject: Option<RejectCode>,
}

/// A field that the plan does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extra {
    pub(crate) row: u32,
    /// The name's text; [`Tag::Absent`] means the layout's slot `start`, a key name that lost.
    pub(crate) key: Span,
    pub(crate) value: Span,
}
