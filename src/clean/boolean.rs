//! 0, 1, true or false.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder};

use super::field::Field;
use super::problem::{ErrorCode, Problems};
use crate::parse::Tag;

pub(crate) fn column<'k>(field: Field<'_, 'k>, problems: &mut Problems<'k>) -> ArrayRef {
    let mut out = BooleanBuilder::with_capacity(field.input.len());
    let mut scratch = Vec::new();
    for (row, span) in field.spans() {
        out.append_option(match (span.tag, span.of(field.input.bytes)) {
            (Tag::True, _) | (Tag::Integer, b"1") => Some(true),
            (Tag::False, _) | (Tag::Integer, b"0" | b"-0") => Some(false),
            (Tag::Absent | Tag::Null, _) => None,
            _ if field.placeholders.stand_for(field.input, span, &mut scratch) => None,
            _ => {
                problems.push(field.input, row, field.name, ErrorCode::WrongType, span);
                None
            }
        });
    }
    Arc::new(out.finish())
}
