//! Counts as people write them: `437`, `79k`, `1.5M`, `1,200` (`follower_count`).

use arrow::array::ArrayRef;
use arrow::datatypes::Int64Type;

use super::field::Field;
use super::key::whole_number;
use super::problem::{ErrorCode, Problems};
use crate::parse::{Tag, trim_blanks};

/// Decimal places a suffix shifts by, k, M and B.
const fn places(suffix: u8) -> Option<usize> {
    match suffix {
        b'k' | b'K' => Some(3),
        b'm' | b'M' => Some(6),
        b'b' | b'B' => Some(9),
        _ => None,
    }
}

/// Digits, or groups of three with commas; then `.digits`; then k, M or B. Blanks around it are
/// dropped. The arithmetic is decimal and exact: `None` for a result that is not whole or above
/// 2⁶³−1, and for anything else.
///
/// ```
/// use pinlake::clean::follower_count;
/// assert_eq!(follower_count(b"1.5M"), Some(1_500_000));
/// assert_eq!(follower_count(b" 1,200 "), Some(1_200));
/// assert_eq!(follower_count(b"1.2345k"), None);
/// ```
#[must_use]
pub fn parse(text: &[u8]) -> Option<i64> {
    let text = trim_blanks(text);
    let (number, shift) = match text.split_last() {
        Some((&last, rest)) => match places(last) {
            Some(shift) => (rest, shift),
            None => (text, 0),
        },
        None => return None,
    };
    let (whole, fraction) = match number.iter().position(|&b| b == b'.') {
        Some(point) => {
            let fraction = &number[point + 1..];
            if fraction.is_empty() {
                return None;
            }
            (&number[..point], fraction)
        }
        None => (number, &[][..]),
    };
    let mut value = grouped(whole)?;
    for place in 0..shift.max(fraction.len()) {
        let digit = match fraction.get(place) {
            None => 0,
            Some(digit) if digit.is_ascii_digit() => i64::from(digit - b'0'),
            Some(_) => return None,
        };
        if place < shift {
            value = value.checked_mul(10)?.checked_add(digit)?;
        } else if digit != 0 {
            return None;
        }
    }
    Some(value)
}

/// Digits without commas, or in groups of three: one to three digits, then `,ddd` each.
fn grouped(text: &[u8]) -> Option<i64> {
    let Some(comma) = text.iter().position(|&b| b == b',') else {
        return super::key::digits(text);
    };
    if comma == 0 || comma > 3 {
        return None;
    }
    let mut value = super::key::digits(&text[..comma])?;
    for group in text[comma..].chunks(4) {
        let [b',', digits @ ..] = group else { return None };
        if digits.len() != 3 {
            return None;
        }
        value = value.checked_mul(1000)?.checked_add(super::key::digits(digits)?)?;
    }
    Some(value)
}

pub(crate) fn column<'k>(field: Field<'_, 'k>, problems: &mut Problems<'k>) -> ArrayRef {
    field.values::<Int64Type>(problems, |tag, text| {
        let count = match tag {
            Tag::Text => parse(text),
            Tag::Integer => whole_number(text),
            Tag::Fraction => None,
            _ => return Err(ErrorCode::WrongType),
        };
        count.ok_or(ErrorCode::InvalidFollowerCount)
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn forms_of_the_real_tables_and_their_neighbours() {
        for (text, want) in [
            ("0", Some(0)),
            ("437", Some(437)),
            ("79k", Some(79_000)),
            ("1.5M", Some(1_500_000)),
            ("2B", Some(2_000_000_000)),
            ("1,200", Some(1_200)),
            ("1,200.5k", Some(1_200_500)),
            ("1.50", None),
            ("1.00", Some(1)),
            ("007", Some(7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("9223372036854775.807k", Some(i64::MAX)),
            ("9223372036854775.808k", None),
            ("12,34", None),
            ("1234,567", None),
            (",123", None),
            ("1,", None),
            (".5k", None),
            ("5.k", None),
            ("1 k", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("k", None),
            ("", None),
            ("1.5MM", None),
            ("\u{661}", None),
        ] {
            assert_eq!(parse(text.as_bytes()), want, "{text}");
        }
    }
}
