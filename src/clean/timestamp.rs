//! Dates and times without zone, microseconds since 1970.

use arrow::array::ArrayRef;
use arrow::datatypes::TimestampMicrosecondType;

use super::field::Field;
use super::problem::{ErrorCode, Problems};
use crate::parse::Tag;

const MICROS_A_SECOND: i64 = 1_000_000;
const SECONDS_A_DAY: i64 = 86_400;

/// Years 0001 to 9999: what Spark's `TIMESTAMP_NTZ` and every calendar library agree on.
const MIN_MICROS: i64 = days_from_civil(1, 1, 1) * SECONDS_A_DAY * MICROS_A_SECOND;
const MAX_MICROS: i64 = days_from_civil(10_000, 1, 1) * SECONDS_A_DAY * MICROS_A_SECOND - 1;

/// `YYYY-MM-DD[T ]HH:MM:SS[.1–9 digits][Z|±HH:MM]` or `YYYY-MM-DD`, as microseconds since 1970.
/// An offset is converted to UTC; digits past microseconds are cut.
///
/// ```
/// use pinlake::clean::timestamp;
/// assert_eq!(timestamp(b"1970-01-01T00:00:01.5"), Some(1_500_000));
/// assert_eq!(timestamp(b"1970-01-01 01:00:00+01:00"), Some(0));
/// assert_eq!(timestamp(b"2023-02-29"), None);
/// ```
#[must_use]
pub fn parse(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *date else {
        return None;
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let (month, day) = (two(m0, m1)?, two(d0, d1)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let (clock, shift) = match rest {
        [] => (0, 0),
        [b'T' | b' ', rest @ ..] => time(rest)?,
        _ => return None,
    };
    let micros = days * SECONDS_A_DAY * MICROS_A_SECOND + clock - shift * MICROS_A_SECOND;
    (MIN_MICROS..=MAX_MICROS).contains(&micros).then_some(micros)
}

/// Time of day in microseconds, and the offset from UTC in seconds.
fn time(text: &[u8]) -> Option<(i64, i64)> {
    let (clock, rest) = text.split_at_checked(8)?;
    let [h0, h1, b':', m0, m1, b':', s0, s1] = *clock else {
        return None;
    };
    let (hour, minute, second) = (two(h0, h1)?, two(m0, m1)?, two(s0, s1)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (micros, rest) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    let whole = (hour * 60 + minute) * 60 + second;
    Some((whole * MICROS_A_SECOND + micros, offset(rest)?))
}

/// One to nine digits behind the point, cut to microseconds, and what follows them.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    let micros = (0..6)
        .fold(0, |value, place| value * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0')));
    Some((micros, rest))
}

/// `Z`, `±HH:MM` or nothing, in seconds.
fn offset(text: &[u8]) -> Option<i64> {
    match *text {
        [] | [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hour, minute) = (two(h0, h1)?, two(m0, m1)?);
            if hour > 23 || minute > 59 {
                return None;
            }
            let seconds = (hour * 60 + minute) * 60;
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + is_leap(year) as i64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar: years count from March, so that the
/// leap day is the last of its year, and months have a regular pattern of 153 days in five.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    365 * year + leap_days + day_of_year - 719_468
}

pub(crate) fn column<'k>(field: Field<'_, 'k>, problems: &mut Problems<'k>) -> ArrayRef {
    field.values::<TimestampMicrosecondType>(problems, |tag, text| match tag {
        Tag::Text => parse(text).ok_or(ErrorCode::InvalidTimestamp),
        _ => Err(ErrorCode::WrongType),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_agree_with_known_dates() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(days_from_civil(1, 1, 1), -719_162);
        assert_eq!(days_from_civil(9999, 12, 31), 2_932_896);
    }

    #[test]
    fn the_grammar_is_exact() {
        for bad in [
            "2018-1-01",
            "2018-01-01T",
            "2018-01-01T00:00",
            "2018-01-01T24:00:00",
            "2018-01-01T00:00:60",
            "2018-02-29T00:00:00",
            "1900-02-29",
            "2018-01-01t00:00:00",
            "2018-01-01T00:00:00z",
            "2018-01-01T00:00:00.",
            "2018-01-01T00:00:00.1234567890",
            "2018-01-01T00:00:00+24:00",
            "2018-01-01T00:00:00+0100",
            "2018-01-01Z",
            " 2018-01-01",
            "0000-01-01",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"2000-02-29 12:00:00.123456789Z"), Some(951_825_600_123_456));
        assert_eq!(parse(b"0001-01-01"), Some(MIN_MICROS));
        assert_eq!(parse(b"9999-12-31T23:59:59.999999"), Some(MAX_MICROS));
    }
}
