//! Whole numbers as keys and ages spell them.

/// A JSON integer from 0 to 2⁶³−1; `-0` is 0.
///
/// ```
/// assert_eq!(pinlake::clean::whole_number(b"7528"), Some(7528));
/// assert_eq!(pinlake::clean::whole_number(b"-1"), None);
/// ```
#[inline]
#[must_use]
pub fn whole_number(text: &[u8]) -> Option<i64> {
    match text {
        b"-0" => Some(0),
        text => digits(text),
    }
}

/// ASCII digits and nothing else, as a number up to 2⁶³−1.
///
/// ```
/// assert_eq!(pinlake::clean::digits(b"0042"), Some(42));
/// assert_eq!(pinlake::clean::digits(b""), None);
/// ```
#[inline]
#[must_use]
pub fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for &byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    Some(value)
}
