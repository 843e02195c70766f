//! What rules read from and write to.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;

use crate::error::Result;
use crate::parse::{Records, Span, Tag, unescape};

/// A chunk's records, as a rule sees them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) records: &'a Records,
}

impl<'a> Input<'a> {
    /// Number of records, rejected ones included (their fields are all absent).
    pub(crate) fn len(&self) -> usize {
        self.records.rows().len()
    }

    /// The spans of one slot, a record each.
    pub(crate) fn column(&self, slot: usize) -> impl Iterator<Item = (usize, Span)> + use<'a> {
        let records = self.records;
        (0..records.rows().len()).map(move |row| (row, records.span(row, slot)))
    }

    /// The text of a string span; `scratch` holds it if it had escapes.
    #[inline]
    pub(crate) fn text<'s>(&self, span: Span, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        let inner = span.of(self.bytes);
        if span.tag == Tag::Text {
            return inner;
        }
        *scratch = unescape(inner).into_owned();
        scratch
    }
}

/// A text column in the making. Its bytes are UTF-8 because every record's bytes were checked.
#[derive(Debug)]
pub(crate) struct TextBuilder {
    values: Vec<u8>,
    offsets: Vec<i32>,
    valid: Vec<bool>,
    nulls: usize,
}

impl TextBuilder {
    /// A builder with room for `rows` values of `bytes` in all; it grows beyond.
    pub(crate) fn new(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { values: Vec::with_capacity(bytes), offsets, valid: Vec::with_capacity(rows), nulls: 0 }
    }

    /// The bytes so far: for rules that write a value in parts. End it with [`Self::end`].
    #[inline]
    pub(crate) const fn values(&mut self) -> &mut Vec<u8> {
        &mut self.values
    }

    /// Ends the value whose bytes were written.
    #[inline]
    pub(crate) fn end(&mut self, valid: bool) {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            reason = "a chunk has fewer than 2^31 bytes of text"
        )]
        self.offsets.push(self.values.len() as i32);
        self.valid.push(valid);
        self.nulls += usize::from(!valid);
    }

    #[inline]
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.values.extend_from_slice(value);
        self.end(true);
    }

    #[inline]
    pub(crate) fn null(&mut self) {
        self.end(false);
    }

    #[allow(
        unsafe_code,
        reason = "a second UTF-8 check of every text column would cost a tenth of all cleaning"
    )]
    pub(crate) fn finish(self) -> Result<StringArray> {
        if i32::try_from(self.values.len()).is_err() {
            return Err(ArrowError::OffsetOverflowError(self.values.len()).into());
        }
        let nulls = (self.nulls > 0).then(|| NullBuffer::from(self.valid));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        debug_assert!(std::str::from_utf8(&self.values).is_ok());
        // SAFETY: offsets rise (each is the length of a buffer that only grows) and were checked
        // by OffsetBuffer::new; values are whole strings of records that simdutf8 accepted,
        // unescaped without lone surrogates, and constants of the plan.
        Ok(unsafe { StringArray::new_unchecked(offsets, Buffer::from_vec(self.values), nulls) })
    }

    pub(crate) fn finish_ref(self) -> Result<ArrayRef> {
        Ok(Arc::new(self.finish()?) as Arc<dyn Array>)
    }
}
