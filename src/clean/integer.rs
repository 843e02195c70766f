//! A whole number within bounds, as JSON integer or as ASCII digits (`age`).

use arrow::array::ArrayRef;
use arrow::datatypes::Int32Type;

use super::field::Field;
use super::key::digits;
use super::problem::{ErrorCode, Problems};
use crate::parse::Tag;

pub(crate) fn column<'k>(
    field: Field<'_, 'k>,
    (min, max): (i32, i32),
    problems: &mut Problems<'k>,
) -> ArrayRef {
    field.values::<Int32Type>(problems, |tag, text| {
        let value = match tag {
            Tag::Integer => signed(text),
            Tag::Text => digits(text),
            Tag::Fraction => None,
            _ => return Err(ErrorCode::WrongType),
        };
        let value = value.and_then(|value| i32::try_from(value).ok());
        value.filter(|value| (min..=max).contains(value)).ok_or(ErrorCode::InvalidAge)
    })
}

/// A JSON integer; a user's kind may allow negative ones.
fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(size) => digits(size).map(|value| -value),
        None => digits(text),
    }
}
