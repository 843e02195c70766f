//! Numbers, as JSON number or as text: finite, decimal, never NaN, infinite or hexadecimal.

use arrow::array::ArrayRef;
use arrow::datatypes::Float64Type;

use super::builder::Input;
use super::field::Field;
use super::problem::{ErrorCode, Problems};
use crate::parse::{Span, Tag, trim_blanks};

/// A finite number from a JSON number or a numeric string; `None` for anything else.
#[inline]
pub(crate) fn read(input: &Input<'_>, span: Span, scratch: &mut Vec<u8>) -> Option<f64> {
    match span.tag {
        Tag::Text | Tag::Escaped => of_tag(Tag::Text, input.text(span, scratch)),
        tag => of_tag(tag, span.of(input.bytes)),
    }
}

#[inline]
fn of_tag(tag: Tag, text: &[u8]) -> Option<f64> {
    match tag {
        Tag::Integer | Tag::Fraction => parse(text),
        Tag::Text => parse(trim_blanks(text)),
        _ => None,
    }
}

/// `[+-]?(digits[.digits?] | .digits)([eE][+-]?digits)?`, finite. Zero has no sign, so that equal
/// places have equal content.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    // std's parser also takes inf, nan and infinity: they have letters other than e.
    let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.iter().all(plain) {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    value.is_finite().then_some(if value == 0.0 { 0.0 } else { value })
}

pub(crate) fn column<'k>(
    field: Field<'_, 'k>,
    (min, max): (f64, f64),
    problems: &mut Problems<'k>,
) -> ArrayRef {
    field.values::<Float64Type>(problems, |tag, text| {
        let value = match tag {
            Tag::Text | Tag::Integer | Tag::Fraction => of_tag(tag, text),
            _ => return Err(ErrorCode::WrongType),
        };
        value.filter(|value| (min..=max).contains(value)).ok_or(ErrorCode::InvalidNumber)
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn decimal_numbers_only() {
        for (text, want) in [
            ("-88.8298", Some(-88.8298)),
            ("+1e1", Some(10.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-0.0", Some(0.0)),
            ("", None),
            (".", None),
            ("e5", None),
            ("1e", None),
            ("nan", None),
            ("inf", None),
            ("0x10", None),
            ("1e999", None),
            ("1 2", None),
            ("--1", None),
        ] {
            assert_eq!(parse(text.as_bytes()), want, "{text}");
        }
    }
}
