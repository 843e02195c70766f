//! Writing cells of tables as JSON text.

use std::io::Write;

use crate::kind::{KEY_NAMES, Kind, Rule};
use crate::parse::{Next, Tag, next_value};

/// How the text of a cell becomes JSON: tables as CSV know only text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A string.
    Text,
    /// A number where it is written as JSON writes numbers, else a string.
    Number,
    /// 0, 1, true or false in any case, else a string.
    Boolean,
}

impl Cell {
    /// What cells of a raw field hold by the kind's plan.
    pub(super) fn of(kind: &Kind, field: &str) -> Self {
        if field == kind.key || KEY_NAMES.contains(&field) {
            return Self::Number;
        }
        let column = kind.columns.iter().find(|column| column.fields.iter().any(|known| known == field));
        match column.map(|column| &column.rule) {
            Some(Rule::Integer(..) | Rule::Number(..) | Rule::Coordinates) => Self::Number,
            Some(Rule::Boolean) => Self::Boolean,
            _ => Self::Text,
        }
    }

    /// Writes a cell.
    pub(super) fn write(self, text: &[u8], to: &mut Vec<u8>) {
        match self {
            Self::Number if is_number(text) => to.extend_from_slice(text),
            Self::Boolean if text == b"0" || text == b"1" => to.extend_from_slice(text),
            Self::Boolean if text.eq_ignore_ascii_case(b"true") => to.extend_from_slice(b"true"),
            Self::Boolean if text.eq_ignore_ascii_case(b"false") => to.extend_from_slice(b"false"),
            _ => string(text, to),
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    matches!(
        next_value(text, 0, false),
        Next::Value { start: 0, end, tag: Tag::Integer | Tag::Fraction } if end == text.len()
    )
}

/// Writes a JSON string; bytes that are not UTF-8 stay as they are, for the parser to find.
pub(super) fn string(text: &[u8], to: &mut Vec<u8>) {
    to.push(b'"');
    for &byte in text {
        match byte {
            b'"' => to.extend_from_slice(b"\\\""),
            b'\\' => to.extend_from_slice(b"\\\\"),
            b'\n' => to.extend_from_slice(b"\\n"),
            b'\r' => to.extend_from_slice(b"\\r"),
            b'\t' => to.extend_from_slice(b"\\t"),
            0..0x20 => {
                // Writing to a Vec cannot fail.
                let _ = write!(to, "\\u{byte:04x}");
            }
            _ => to.push(byte),
        }
    }
    to.push(b'"');
}

/// A record without the blanks between its parts: keys, numbers and escapes stay as they are.
pub(super) fn compact(record: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len());
    let (mut inside, mut escaped) = (false, false);
    for &byte in record {
        if inside {
            inside = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if crate::parse::is_blank(byte) {
            continue;
        } else {
            inside = byte == b'"';
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: Cell, text: &str) -> String {
        let mut to = Vec::new();
        cell.write(text.as_bytes(), &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn cells_are_bare_only_where_json_writes_them_so() {
        for (cell, text, want) in [
            (Cell::Number, "12", "12"),
            (Cell::Number, "-88.8298", "-88.8298"),
            (Cell::Number, "012", "\"012\""),
            (Cell::Number, " 1", "\" 1\""),
            (Cell::Number, "nan", "\"nan\""),
            (Cell::Number, "", "\"\""),
            (Cell::Boolean, "1", "1"),
            (Cell::Boolean, "True", "true"),
            (Cell::Boolean, "2", "\"2\""),
            (Cell::Text, "437", "\"437\""),
            (Cell::Text, "a\"\\\n\u{1}é", "\"a\\\"\\\\\\n\\u0001é\""),
        ] {
            assert_eq!(written(cell, text), want);
        }
    }

    #[test]
    fn compact_leaves_strings_alone() {
        let record = br#"{ "a" : "x \" , y\\" , "b" : [ 1 , 2.0 ] }"#;
        assert_eq!(compact(record), br#"{"a":"x \" , y\\","b":[1,2.0]}"#);
    }
}
