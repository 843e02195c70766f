//! Text of JSON strings.

use std::borrow::Cow;

/// The bytes a JSON string stands for. `inner` is the text between the quotes, already scanned.
#[must_use]
pub fn unescape(inner: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', inner) else {
        return Cow::Borrowed(inner);
    };
    let mut out = Vec::with_capacity(inner.len());
    out.extend_from_slice(&inner[..first]);
    unescape_into(&inner[first..], &mut out);
    Cow::Owned(out)
}

/// Appends the bytes a JSON string stands for.
pub(crate) fn unescape_into(inner: &[u8], out: &mut Vec<u8>) {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let taken = match rest.get(at + 1) {
            Some(b'u') => push_unicode(&rest[at..], out),
            Some(&letter) => {
                out.push(match letter {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    same => same,
                });
                2
            }
            None => 1,
        };
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Appends a `\uXXXX` escape, or a surrogate pair of two; returns how many bytes it took.
fn push_unicode(escape: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = |at: usize| -> u32 {
        escape
            .get(at..at + 4)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .unwrap_or(0xFFFD)
    };
    let high = unit(2);
    let (code, taken) = if (0xD800..0xDC00).contains(&high) {
        let low = unit(8);
        (0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF), 12)
    } else {
        (high, 6)
    };
    let mut utf8 = [0; 4];
    let text = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut utf8);
    out.extend_from_slice(text.as_bytes());
    taken
}

/// Appends a JSON string literal.
pub(crate) fn push_string(text: &[u8], out: &mut Vec<u8>) {
    // Writing into a Vec cannot fail, and the bytes were checked to be UTF-8.
    let _ = serde_json::to_writer(out, &String::from_utf8_lossy(text));
}

/// The JSON text of a float that JSON has no number for: a string, which no rule for numbers takes.
pub(crate) fn float_text(value: f64) -> Option<&'static str> {
    match value {
        f64::INFINITY => Some(r#""Infinity""#),
        f64::NEG_INFINITY => Some(r#""-Infinity""#),
        _ => value.is_nan().then_some(r#""NaN""#),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_the_text_they_stand_for() {
        for (inner, want) in [
            (r#"plain"#, "plain"),
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r#"\b\f\n\r\t"#, "\u{8}\u{c}\n\r\t"),
            (r#"\u00e9\ud83d\ude00!"#, "é😀!"),
        ] {
            assert_eq!(unescape(inner.as_bytes()), want.as_bytes());
        }
    }
}
