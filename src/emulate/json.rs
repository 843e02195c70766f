//! JSON text straight into a buffer, in the style of `json.dumps(…, ensure_ascii=False)`: that is
//! how the real streams were written.

/// Appends a JSON string's inside, escaped as Python does.
pub(super) fn push_escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=0x1f => {
                out.extend_from_slice(b"\\u00");
                push_hex(&[byte], out);
            }
            _ => out.push(byte),
        }
    }
}

/// Appends a JSON string with its quotes.
pub(super) fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    push_escaped(text, out);
    out.push(b'"');
}

/// Appends a whole number.
pub(super) fn push_number(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `value / 10^decimals` as Python's `repr` of that float: no zeros at the end but one
/// digit after the point. Not for magnitudes below 0.0001, which `repr` writes with an exponent.
pub(super) fn push_decimal(value: i64, decimals: u32, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let (mut value, mut decimals) = (value.unsigned_abs(), decimals);
    while decimals > 1 && value.is_multiple_of(10) {
        value /= 10;
        decimals -= 1;
    }
    let unit = 10u64.pow(decimals);
    push_number(value / unit, out);
    out.push(b'.');
    let mut rest = value % unit;
    for place in (0..decimals).rev() {
        let unit = 10u64.pow(place);
        out.push(b'0' + u8::try_from(rest / unit).unwrap_or_default());
        rest %= unit;
    }
}

/// The two digits of every byte.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Appends lower-case hexadecimal digits.
#[inline]
pub(super) fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.extend_from_slice(&HEX[usize::from(*byte)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(value: i64, decimals: u32) -> String {
        let mut out = Vec::new();
        push_decimal(value, decimals, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals_as_python_writes_them() {
        assert_eq!(decimal(-888_298, 4), "-88.8298");
        assert_eq!(decimal(-753_000, 4), "-75.3");
        assert_eq!(decimal(-900_000, 4), "-90.0");
        assert_eq!(decimal(-151_818, 5), "-1.51818");
        assert_eq!(decimal(0, 3), "0.0");
        assert_eq!(decimal(1_060, 3), "1.06");
        assert_eq!(decimal(-105, 4), "-0.0105");
    }

    proptest! {
        #[test]
        fn strings_read_back(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut out = Vec::new();
            push_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn numbers_read_back(value: u64) {
            let mut out = Vec::new();
            push_number(value, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
