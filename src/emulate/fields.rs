//! Where the fields of a record stand; the record is a JSON object already.

/// Where a field stands in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// The name's first and last quote.
    pub(super) name: (usize, usize),
    /// From the first byte of the value to behind its last.
    pub(super) value: (usize, usize),
}

/// The fields of the object that starts at `start`; it is JSON already.
pub(super) fn fields(start: usize, out: &[u8]) -> Vec<Field> {
    let mut fields = Vec::with_capacity(16);
    let mut at = start + 1;
    loop {
        at = blanks(at, out);
        if out.get(at) != Some(&b'"') {
            return fields;
        }
        let close = string_end(at, out);
        let mut value = blanks(close + 1, out);
        value = blanks(value + 1, out);
        let end = value_end(value, out);
        fields.push(Field { name: (at, close), value: (value, end) });
        at = blanks(end, out) + 1;
    }
}

fn blanks(mut at: usize, out: &[u8]) -> usize {
    while matches!(out.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The closing quote of the string whose opening quote stands at `at`.
fn string_end(at: usize, out: &[u8]) -> usize {
    let mut at = at + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &out[at.min(out.len())..]) {
        at += found;
        if out[at] == b'"' {
            return at;
        }
        at += 2;
    }
    out.len()
}

fn value_end(mut at: usize, out: &[u8]) -> usize {
    let mut depth = 0usize;
    while at < out.len() {
        match out[at] {
            b'"' => at = string_end(at, out),
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth > 0 => depth -= 1,
            b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    at.min(out.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_any_layout_has_its_fields_found() {
        let text = br#" {"a" : "x\"}" ,"b":[1,{"c":"]"}],  "d":null }"#;
        let found: Vec<_> = fields(1, text)
            .iter()
            .map(|field| {
                let part = |(from, to): (usize, usize)| std::str::from_utf8(&text[from..to]).unwrap();
                (part((field.name.0 + 1, field.name.1)), part(field.value))
            })
            .collect();
        assert_eq!(found, [("a", r#""x\"}""#), ("b", r#"[1,{"c":"]"}]"#), ("d", "null")]);
    }
}
