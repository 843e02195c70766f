//! Text: kept as it is, never trimmed, folded or normalised; placeholders are null.

use arrow::array::ArrayRef;

use super::builder::{Input, TextBuilder};
use super::placeholder::Placeholders;
use super::problem::{ErrorCode, Problems};
use crate::error::Result;
use crate::parse::{Span, Tag};

/// A raw field that should be text: its value, null, or a noted problem and null.
#[inline]
pub(crate) fn value<'s, 'k>(
    input: &Input<'s>,
    (row, span): (usize, Span),
    field: &'k str,
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
    scratch: &'s mut Vec<u8>,
) -> Option<&'s [u8]> {
    match span.tag {
        Tag::Text | Tag::Escaped => {
            let text = input.text(span, scratch);
            (!placeholders.matches(text)).then_some(text)
        }
        Tag::Absent | Tag::Null => None,
        _ => {
            problems.push(input, row, field, ErrorCode::WrongType, span);
            None
        }
    }
}

pub(crate) fn column<'k>(
    input: &Input<'_>,
    slot: usize,
    field: &'k str,
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let mut out = TextBuilder::new(input.len());
    let mut scratch = Vec::new();
    for place in input.column(slot) {
        match value(input, place, field, placeholders, problems, &mut scratch) {
            Some(text) => out.push(text),
            None => out.null(),
        }
    }
    out.finish_ref()
}
