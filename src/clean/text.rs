//! Text: kept as it is, never trimmed, folded or normalised; placeholders are null.

use arrow::array::ArrayRef;

use super::field::Field;
use super::problem::{ErrorCode, Problems};
use crate::error::Result;
use crate::parse::{Span, Tag};

/// A raw field that should be text: its value, null, or a noted problem and null.
#[inline]
pub(crate) fn value<'s, 'k>(
    field: Field<'s, 'k>,
    (row, span): (usize, Span),
    problems: &mut Problems<'k>,
    scratch: &'s mut Vec<u8>,
) -> Option<&'s [u8]> {
    match span.tag {
        Tag::Text | Tag::Escaped => {
            let text = field.input.text(span, scratch);
            (!field.placeholders.matches(text)).then_some(text)
        }
        Tag::Absent | Tag::Null => None,
        _ => {
            problems.push(field.input, row, field.name, ErrorCode::WrongType, span);
            None
        }
    }
}

pub(crate) fn column<'k>(field: Field<'_, 'k>, problems: &mut Problems<'k>) -> Result<ArrayRef> {
    let mut out = field.text_builder();
    let mut scratch = Vec::new();
    for place in field.spans() {
        match value(field, place, problems, &mut scratch) {
            Some(text) => out.push(text),
            None => out.null(),
        }
    }
    out.finish_ref()
}
