//! Payloads → records → raw fields: the only room that knows JSON.
//!
//! A payload is a message's value or a line of a file. It holds one record, several written one
//! after the other, or an array of them. Every record becomes a row of [`Records`], each field a
//! span of the source bytes, or carries the code that says why it is none. There is no value tree.

mod array;
mod canonical;
mod chunk;
mod code;
mod find;
mod layout;
mod reader;
mod record;
mod records;
mod scan;
mod template;
mod text;
mod verdict;

pub use array::{Payloads, Piece};
pub use canonical::{canonical, canonical_by_value};
pub(crate) use canonical::{push_canonical, push_members};
pub use chunk::{Chunk, ChunkBuffer, Form, Origin, Payload, Positions, Refusal};
pub use code::RejectCode;
pub use layout::Layout;
pub use reader::Cursor;
pub use record::Record;
pub use records::Records;
pub use scan::{Next, Span, Tag, fault, next_value};
pub use text::unescape;
pub(crate) use text::{float_text, push_string};

/// Most bytes of one record; a longer one is `too_large`.
pub const MAX_RECORD: usize = 10 << 20;

/// Most bytes that quarantine keeps of a record above [`MAX_RECORD`].
pub const KEPT_OF_TOO_LARGE: usize = 1 << 20;

/// Most brackets open at once; one more is `too_deep`.
pub const MAX_DEPTH: usize = 128;

/// Most bytes of one array in a file that is read as a stream (memory is bounded there).
pub const MAX_STREAMED_ARRAY: usize = 64 << 20;

/// Rows of a full batch: what Spark takes fastest through Arrow (50,000 was 1.3 times slower).
pub const BATCH_ROWS: usize = 10_000;

/// Bytes of a full batch's payloads: a column's offsets have 32 bits.
pub const BATCH_BYTES: usize = 64 << 20;

/// Whether a byte is JSON white space, the only blanks that any rule here knows.
#[inline]
#[must_use]
pub const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The bytes without blanks at both ends.
#[must_use]
pub fn trim_blanks(bytes: &[u8]) -> &[u8] {
    let Some(start) = bytes.iter().position(|&b| !is_blank(b)) else {
        return &[];
    };
    let end = bytes.iter().rposition(|&b| !is_blank(b)).map_or(start, |at| at + 1);
    &bytes[start..end]
}
