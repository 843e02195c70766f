//! Records of a chunk: spans of every raw field, or the code of a refusal.

use super::BATCH_ROWS;
use super::chunk::Chunk;
use super::code::RejectCode;
use super::layout::Layout;
use super::reader::{Inside, Reader};
use super::scan::Span;
use super::template::Template;

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

/// How far a chunk was read: where the next [`Records::read`] goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    payload: usize,
    /// Where in that payload, if its reading was broken off.
    inside: Option<Inside>,
    /// Whether the chunk's bytes are UTF-8; looked at once.
    all_utf8: Option<bool>,
}

impl Cursor {
    /// Whether all of the chunk was read.
    #[must_use]
    pub const fn is_done(&self, chunk: Chunk<'_>) -> bool {
        self.payload >= chunk.payloads.len()
    }
}

/// Records of a chunk, a batch of them at a time. Kept between chunks: the first touch of memory costs more than parsing.
#[derive(Debug, Default)]
pub struct Records {
    pub(crate) rows: Vec<Record>,
    pub(super) slots: Vec<Span>,
    pub(super) width: usize,
    pub(crate) extras: Vec<Extra>,
    pub(super) template: Template,
}

impl Records {
    /// The records in reading order.
    #[must_use]
    pub fn rows(&self) -> &[Record] {
        &self.rows
    }

    /// The span of a record's slot.
    #[inline]
    #[must_use]
    pub(crate) fn span(&self, row: usize, slot: usize) -> Span {
        self.slots.get(row * self.width + slot).copied().unwrap_or_default()
    }

    /// Reads a chunk on from `cursor`, [`BATCH_ROWS`] records at most; those read before are
    /// forgotten. A payload may hold any number of them: ten million in an array of 20 MB.
    pub fn read(&mut self, layout: &Layout, chunk: Chunk<'_>, cursor: &mut Cursor) {
        self.rows.clear();
        self.slots.clear();
        self.extras.clear();
        self.width = layout.width();
        // One check for all: a record starts and ends at ASCII brackets, so if the whole chunk is
        // UTF-8 then so is each record in it.
        let all_utf8 =
            *cursor.all_utf8.get_or_insert_with(|| simdutf8::basic::from_utf8(chunk.bytes).is_ok());
        while let Some(payload) = chunk.payloads.get(cursor.payload)
            && !self.is_full()
        {
            #[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 payloads")]
            let mut reader = Reader {
                records: self,
                layout,
                bytes: chunk.bytes.get(..payload.end as usize).unwrap_or_default(),
                payload: cursor.payload as u32,
                item: payload.first_item,
                all_utf8,
            };
            cursor.inside = reader.payload(payload, chunk, cursor.inside);
            cursor.payload += usize::from(cursor.inside.is_none());
        }
    }

    /// Whether there are as many as a batch takes.
    pub(super) const fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS
    }
}
