//! A whole number within bounds, as JSON integer or as ASCII digits (`age`).

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder};

use super::builder::Input;
use super::key::digits;
use super::placeholder::Placeholders;
use super::problem::{ErrorCode, Problems};
use crate::parse::Tag;

pub(crate) fn column<'k>(
    input: &Input<'_>,
    slot: usize,
    field: &'k str,
    (min, max): (i32, i32),
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> ArrayRef {
    let mut out = Int32Builder::with_capacity(input.len());
    let mut scratch = Vec::new();
    for (row, span) in input.column(slot) {
        let value = match span.tag {
            Tag::Integer => signed(span.of(input.bytes)),
            Tag::Text | Tag::Escaped => match input.text(span, &mut scratch) {
                text if placeholders.matches(text) => {
                    out.append_null();
                    continue;
                }
                text => digits(text),
            },
            Tag::Absent | Tag::Null => {
                out.append_null();
                continue;
            }
            Tag::Fraction => None,
            _ => {
                problems.push(input, row, field, ErrorCode::WrongType, span);
                out.append_null();
                continue;
            }
        };
        let value =
            value.and_then(|value| i32::try_from(value).ok()).filter(|value| (min..=max).contains(value));
        if value.is_none() {
            problems.push(input, row, field, ErrorCode::InvalidAge, span);
        }
        out.append_option(value);
    }
    Arc::new(out.finish())
}

/// A JSON integer; a user's kind may allow negative ones.
fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(size) => digits(size).map(|value| -value),
        None => digits(text),
    }
}
