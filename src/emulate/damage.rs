//! What a fault of content makes of a record's bytes. None of it puts a line break into a line.

use super::faults::Fault;
use super::fields::{Field, fields};
use super::hash::Draws;
use super::json::push_number;

/// Bytes that no UTF-8 text holds: a lone byte, a cut sequence, a surrogate, an overlong slash.
const NOT_UTF8: [&[u8]; 4] = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"];

/// Fields nobody knows, with their values.
const NEW_FIELDS: [(&str, &str); 5] = [
    ("board_name", "\"Ideas to keep\""),
    ("save_count", "17"),
    ("is_promoted", "false"),
    ("color_palette", "[\"#f4e1d2\", \"#556b2f\"]"),
    ("board", "{\"id\": 42, \"private\": null}"),
];

/// Damages the record that starts at `start` and ends with the buffer.
pub(super) fn damage(
    fault: Fault,
    draws: &mut Draws,
    oversize_bytes: usize,
    start: usize,
    out: &mut Vec<u8>,
) {
    match fault {
        Fault::Corrupt => corrupt(draws, start, out),
        Fault::InvalidUtf8 => {
            let at = last(b'"', start, out).unwrap_or(out.len() - 1);
            let bytes = *draws.pick(&NOT_UTF8);
            out.splice(at..at, bytes.iter().copied());
        }
        Fault::Oversize => oversize(oversize_bytes, start, out),
        Fault::NewField => {
            let (name, value) = *draws.pick(&NEW_FIELDS);
            append(&format!("\"{name}\": {value}"), start, out);
        }
        Fault::NullValue => {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
        Fault::RenamedField | Fault::RetypedField | Fault::MissingField => {
            let fields = fields(start, out);
            if fields.is_empty() {
                return;
            }
            let place = draws.place(fields.len());
            match fault {
                Fault::RenamedField => rename(fields[place], draws, out),
                Fault::RetypedField => retype(fields[place], draws, out),
                _ => remove(&fields, place, out),
            }
        }
        _ => {}
    }
}

fn last(byte: u8, start: usize, out: &[u8]) -> Option<usize> {
    memchr::memrchr(byte, &out[start..]).map(|at| start + at)
}

/// No prefix of an object is JSON, nor is one with a dangling comma or an apostrophe for a quote.
fn corrupt(draws: &mut Draws, start: usize, out: &mut Vec<u8>) {
    let end = out.len();
    match draws.below(3) {
        0 => {
            let mut cut = start + 1 + draws.place(end - start - 1);
            // Not within a character: that would be another fault.
            while cut < end && out[cut] & 0xc0 == 0x80 {
                cut += 1;
            }
            out.truncate(cut.min(end - 1));
        }
        1 => out.insert(end - 1, b','),
        _ => match memchr::memchr(b'"', &out[start..]) {
            Some(at) => out[start + at] = b'\'',
            None => out.insert(end - 1, b','),
        },
    }
}

fn append(field: &str, start: usize, out: &mut Vec<u8>) {
    out.pop();
    if out.len() > start + 1 {
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(field.as_bytes());
    out.push(b'}');
}

fn oversize(bytes: usize, start: usize, out: &mut Vec<u8>) {
    append("\"padding\": \"\"", start, out);
    let missing = bytes.saturating_sub(out.len() - start);
    out.truncate(out.len() - 2);
    out.resize(out.len() + missing, b'x');
    out.extend_from_slice(b"\"}");
}

fn rename(field: Field, draws: &mut Draws, out: &mut Vec<u8>) {
    let (open, close) = field.name;
    if draws.below(2) == 0 {
        out.splice(close..close, *b"_v2");
    } else {
        out[open + 1] = out[open + 1].to_ascii_uppercase();
        out.splice(close..close, *b"Text");
    }
}

fn retype(field: Field, draws: &mut Draws, out: &mut Vec<u8>) {
    let (from, to) = field.value;
    let mut value = Vec::with_capacity(to - from + 16);
    if out[from] == b'"' {
        match draws.below(3) {
            0 => push_number(draws.below(100_000), &mut value),
            1 => value.extend_from_slice(&[b"[", &out[from..to], b"]"].concat()),
            _ => value.extend_from_slice(&[b"{\"text\": ", &out[from..to], b"}"].concat()),
        }
    } else if matches!(out[from], b'-' | b'0'..=b'9') {
        match draws.below(2) {
            0 => value.extend_from_slice(&[b"\"", &out[from..to], b"\""].concat()),
            _ => value.extend_from_slice(&[b"[", &out[from..to], b"]"].concat()),
        }
    } else {
        value.extend_from_slice(b"\"retyped\"");
    }
    out.splice(from..to, value);
}

fn remove(fields: &[Field], place: usize, out: &mut Vec<u8>) {
    let field = fields[place];
    match (fields.get(place + 1), place) {
        (Some(next), _) => out.drain(field.name.0..next.name.0),
        (None, 0) => out.drain(field.name.0..field.value.1),
        (None, _) => out.drain(fields[place - 1].value.1..field.value.1),
    };
}

#[cfg(test)]
mod tests {
    use super::super::PostKind;
    use super::super::synthetic::Synthetic;
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn damaged(fault: Fault, kind: PostKind, index: u64, seed: u64) -> (Map<String, Value>, Vec<u8>) {
        let mut out = b"before\n".to_vec();
        Synthetic::new(1).write(kind, index, &mut out);
        let whole = serde_json::from_slice(&out[7..]).unwrap();
        damage(fault, &mut Draws::new(seed, 3, index), 4_096, 7, &mut out);
        assert!(out.starts_with(b"before\n"));
        (whole, out.split_off(7))
    }

    fn object(bytes: &[u8]) -> Map<String, Value> {
        serde_json::from_slice(bytes).unwrap()
    }

    fn any_kind() -> impl Strategy<Value = PostKind> {
        prop::sample::select(&PostKind::ALL[..])
    }

    proptest! {
        #[test]
        fn corrupt_is_utf8_but_not_json(kind in any_kind(), index in 0..100_000u64, seed: u64) {
            let (_, bytes) = damaged(Fault::Corrupt, kind, index, seed);
            prop_assert!(!bytes.is_empty());
            prop_assert!(std::str::from_utf8(&bytes).is_ok());
            prop_assert!(serde_json::from_slice::<Value>(&bytes).is_err());
            prop_assert!(!bytes.contains(&b'\n'));
        }

        #[test]
        fn invalid_utf8_is_none(kind in any_kind(), index in 0..100_000u64, seed: u64) {
            let (_, bytes) = damaged(Fault::InvalidUtf8, kind, index, seed);
            prop_assert!(std::str::from_utf8(&bytes).is_err());
            prop_assert!(!bytes.contains(&b'\n'));
        }

        #[test]
        fn fields_change_as_named(kind in any_kind(), index in 0..100_000u64, seed: u64) {
            let (whole, bytes) = damaged(Fault::NewField, kind, index, seed);
            let more = object(&bytes);
            prop_assert_eq!(more.len(), whole.len() + 1);
            prop_assert!(whole.iter().all(|(name, value)| &more[name] == value));

            let (whole, bytes) = damaged(Fault::MissingField, kind, index, seed);
            let less = object(&bytes);
            prop_assert_eq!(less.len() + 1, whole.len());
            prop_assert!(less.iter().all(|(name, value)| &whole[name] == value));

            let (whole, bytes) = damaged(Fault::RenamedField, kind, index, seed);
            let renamed = object(&bytes);
            prop_assert_eq!(renamed.len(), whole.len());
            let kept = renamed.keys().filter(|name| whole.contains_key(*name)).count();
            prop_assert_eq!(kept + 1, whole.len());

            let (whole, bytes) = damaged(Fault::RetypedField, kind, index, seed);
            let retyped = object(&bytes);
            prop_assert!(retyped.keys().eq(whole.keys()));
            let other = whole.iter().filter(|(name, value)| {
                std::mem::discriminant(*value) != std::mem::discriminant(&retyped[*name])
            });
            prop_assert_eq!(other.count(), 1);
        }

        #[test]
        fn oversize_has_the_size_and_is_json(kind in any_kind(), index in 0..100_000u64) {
            let (whole, bytes) = damaged(Fault::Oversize, kind, index, 1);
            prop_assert_eq!(bytes.len(), 4_096);
            prop_assert_eq!(object(&bytes).len(), whole.len() + 1);
        }
    }

    #[test]
    fn null_value_is_null() {
        assert_eq!(damaged(Fault::NullValue, PostKind::Geo, 5, 1).1, b"null");
    }
}
