//! 0, 1, true or false.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder};

use super::builder::Input;
use super::placeholder::Placeholders;
use super::problem::{ErrorCode, Problems};
use crate::parse::Tag;

pub(crate) fn column<'k>(
    input: &Input<'_>,
    slot: usize,
    field: &'k str,
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> ArrayRef {
    let mut out = BooleanBuilder::with_capacity(input.len());
    let mut scratch = Vec::new();
    for (row, span) in input.column(slot) {
        out.append_option(match (span.tag, span.of(input.bytes)) {
            (Tag::True, _) | (Tag::Integer, b"1") => Some(true),
            (Tag::False, _) | (Tag::Integer, b"0" | b"-0") => Some(false),
            (Tag::Absent | Tag::Null, _) => None,
            _ if placeholders.stand_for(input, span, &mut scratch) => None,
            _ => {
                problems.push(input, row, field, ErrorCode::WrongType, span);
                None
            }
        });
    }
    Arc::new(out.finish())
}
