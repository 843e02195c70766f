//! Numbers, as JSON number or as text: finite, decimal, never NaN, infinite or hexadecimal.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder};

use super::builder::Input;
use super::placeholder::Placeholders;
use super::problem::{ErrorCode, Problems};
use crate::parse::{Span, Tag, trim_blanks};

/// A finite number from a JSON number or a numeric string; `None` for anything else.
#[inline]
pub(crate) fn read(input: &Input<'_>, span: Span, scratch: &mut Vec<u8>) -> Option<f64> {
    match span.tag {
        Tag::Integer | Tag::Fraction => parse(span.of(input.bytes)),
        Tag::Text | Tag::Escaped => parse(trim_blanks(input.text(span, scratch))),
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
    input: &Input<'_>,
    slot: usize,
    field: &'k str,
    (min, max): (f64, f64),
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> ArrayRef {
    let mut out = Float64Builder::with_capacity(input.len());
    let mut scratch = Vec::new();
    for (row, span) in input.column(slot) {
        let code = match span.tag {
            Tag::Absent | Tag::Null => None,
            Tag::Text | Tag::Escaped if placeholders.matches(input.text(span, &mut scratch)) => None,
            Tag::Text | Tag::Escaped | Tag::Integer | Tag::Fraction => Some(ErrorCode::InvalidNumber),
            _ => Some(ErrorCode::WrongType),
        };
        // A placeholder may read as a number: it is none.
        let value = code.and_then(|_| read(input, span, &mut scratch));
        let value = value.filter(|value| (min..=max).contains(value));
        if let (None, Some(code)) = (value, code) {
            problems.push(input, row, field, code, span);
        }
        out.append_option(value);
    }
    Arc::new(out.finish())
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
