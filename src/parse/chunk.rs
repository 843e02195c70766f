//! What a source hands to the parser: bytes, the payloads in them, and where they come from.

use std::sync::Arc;

use arrow::array::{StructArray, TimestampMicrosecondArray};

use super::RejectCode;

/// How a payload is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A message, or a line that is an offset of a log: blank ones are `empty_payload`.
    Message,
    /// A null message.
    Null,
    /// A line of a plain file: blank ones are no record.
    Line,
    /// Whole records out of the middle of a long payload, or its end: never `empty_payload`.
    Piece,
    /// Not to be parsed: the entry of [`ChunkBuffer::refusals`] says why.
    Refused(u32),
}

/// A payload: a range of the chunk's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Payload {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// How it is to be read.
    pub form: Form,
    /// Item number of its first record; above 0 only in a later piece of a long payload.
    pub first_item: u32,
}

/// Why a stretch of bytes was refused before parsing; the payload holds what is kept of it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// `too_large` or `corrupt_archive`.
    pub code: RejectCode,
    /// More about it.
    pub detail: String,
    /// xxh3-64 of the whole stretch, also of what is not kept.
    pub hash: u64,
}

/// What the payloads of one object, file or partition share.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Raised by configuration when a topic or landing is made anew.
    pub epoch: i32,
    /// `kafka:<topic>`, `kinesis:<stream>` or `file:<URL>`.
    pub name: Arc<str>,
    /// Partition in 10 digits, shard id, or empty.
    pub part: Arc<str>,
    /// Time of the object, µs since 1970 UTC.
    pub arrived_at: Option<i64>,
}

/// Where each payload stands.
#[derive(Debug, Clone)]
pub enum Positions {
    /// A log, a file or a folder: an origin and an offset for each payload.
    Log {
        /// What payloads share.
        origins: Vec<Origin>,
        /// Index into `origins` and offset, line start or row number, a payload each.
        at: Vec<(u32, u64)>,
    },
    /// Positions that came with the payloads, a row each.
    Given {
        /// `_source` structs; `item` is replaced where a payload holds several records.
        source: StructArray,
        /// `_arrived_at`.
        arrived_at: Option<TimestampMicrosecondArray>,
    },
}

impl Default for Positions {
    fn default() -> Self {
        Self::Log { origins: Vec::new(), at: Vec::new() }
    }
}

/// Payloads to parse, borrowed. Its bytes are fewer than 4 GiB.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The bytes that the payloads are ranges of.
    pub bytes: &'a [u8],
    /// The payloads in reading order.
    pub payloads: &'a [Payload],
    /// Where each of them stands.
    pub positions: &'a Positions,
    /// What [`Form::Refused`] points to.
    pub refusals: &'a [Refusal],
}

/// Payloads to parse, owned: what a source fills, and reuses.
#[derive(Debug, Default)]
pub struct ChunkBuffer {
    /// The bytes that the payloads are ranges of.
    pub bytes: Vec<u8>,
    /// The payloads in reading order.
    pub payloads: Vec<Payload>,
    /// Where each of them stands.
    pub positions: Positions,
    /// What [`Form::Refused`] points to.
    pub refusals: Vec<Refusal>,
}

impl ChunkBuffer {
    /// The buffer as the parser takes it.
    #[must_use]
    pub fn as_chunk(&self) -> Chunk<'_> {
        Chunk {
            bytes: &self.bytes,
            payloads: &self.payloads,
            positions: &self.positions,
            refusals: &self.refusals,
        }
    }

    /// Forgets everything but its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.payloads.clear();
        self.refusals.clear();
        match &mut self.positions {
            Positions::Log { origins, at } => {
                origins.clear();
                at.clear();
            }
            given @ Positions::Given { .. } => *given = Positions::default(),
        }
    }

    /// Whether it is as full as a batch should be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.payloads.len() >= super::BATCH_ROWS || self.bytes.len() >= super::BATCH_BYTES
    }

    /// Adds an origin; payloads name it by the index returned.
    pub fn origin(&mut self, origin: Origin) -> u32 {
        let Positions::Log { origins, .. } = &mut self.positions else {
            self.positions = Positions::default();
            return self.origin(origin);
        };
        origins.push(origin);
        u32::try_from(origins.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds a payload that stands in the buffer's bytes already.
    pub fn push_range(
        &mut self,
        start: usize,
        end: usize,
        form: Form,
        first_item: u32,
        origin: u32,
        seq: u64,
    ) {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.payloads.push(Payload { start: narrow(start), end: narrow(end), form, first_item });
        if let Positions::Log { at, .. } = &mut self.positions {
            at.push((origin, seq));
        }
    }

    /// Copies a payload in.
    pub fn push(&mut self, bytes: &[u8], form: Form, first_item: u32, origin: u32, seq: u64) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.push_range(start, self.bytes.len(), form, first_item, origin, seq);
    }

    /// Copies in what is kept of a stretch that was refused.
    pub fn refuse(&mut self, kept: &[u8], refusal: Refusal, first_item: u32, origin: u32, seq: u64) {
        let at = u32::try_from(self.refusals.len()).unwrap_or(u32::MAX);
        self.refusals.push(refusal);
        self.push(kept, Form::Refused(at), first_item, origin, seq);
    }
}
