//! Canonical JSON: one text for a value, however it was written.

use std::borrow::Cow;
use std::io::Write;

use super::scan::{Scanner, Span, Tag};
use super::text::{push_string, unescape};

/// How numbers are written.
#[derive(Debug, Clone, Copy)]
enum Numbers {
    /// As they stand.
    AsTheyStand,
    /// By their value: `1e3` and `1000.0` as `1000`.
    ByValue,
}

/// Whole numbers below it have a float of their own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends a scanned value as canonical JSON: compact, keys sorted by code point, of repeated keys
/// the last, strings with as few escapes as JSON allows, numbers as they stand.
///
/// ```
/// let mut out = Vec::new();
/// pinlake::parse::canonical(br#"{"b": 1.0, "a": [ "\u0041", {} ], "b": 2}"#, &mut out);
/// assert_eq!(out, br#"{"a":["A",{}],"b":2}"#);
/// ```
pub fn canonical(value: &[u8], out: &mut Vec<u8>) {
    let mut scanner = Scanner::new(value, 0, 0);
    scanner.skip_blanks();
    if let Ok(span) = scanner.value() {
        push_canonical(value, span, out);
    }
}

/// [`canonical`] with numbers by their value; `false`, and nothing appended, if the bytes are not one
/// JSON value alone.
pub fn canonical_by_value(value: &[u8], out: &mut Vec<u8>) -> bool {
    if simdutf8::basic::from_utf8(value).is_err() {
        return false;
    }
    let mut scanner = Scanner::new(value, 0, 0);
    scanner.skip_blanks();
    let Ok(span) = scanner.value() else {
        return false;
    };
    scanner.skip_blanks();
    if scanner.peek().is_some() {
        return false;
    }
    push(value, span, Numbers::ByValue, out);
    true
}

/// [`canonical`] for a value that is a span of `bytes`.
pub(crate) fn push_canonical(bytes: &[u8], span: Span, out: &mut Vec<u8>) {
    push(bytes, span, Numbers::AsTheyStand, out);
}

/// Appends an object of these members, sorted; of repeated keys the last counts.
pub(crate) fn push_members(bytes: &[u8], members: Vec<(Cow<'_, [u8]>, Span)>, out: &mut Vec<u8>) {
    push_sorted(bytes, members, Numbers::AsTheyStand, out);
}

fn push(bytes: &[u8], span: Span, numbers: Numbers, out: &mut Vec<u8>) {
    match span.tag {
        Tag::Text | Tag::Escaped => push_string(&unescape(span.of(bytes)), out),
        Tag::Object => {
            push_sorted(bytes, members(bytes, span), numbers, out);
        }
        Tag::Array => {
            out.push(b'[');
            for (place, item) in items(bytes, span).into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                push(bytes, item, numbers, out);
            }
            out.push(b']');
        }
        Tag::Integer | Tag::Fraction if matches!(numbers, Numbers::ByValue) => {
            push_number(span.of(bytes), out);
        }
        _ => out.extend_from_slice(span.of(bytes)),
    }
}

/// Appends a number by its value. Whole numbers of any length keep their digits.
fn push_number(text: &[u8], out: &mut Vec<u8>) {
    let value: Option<f64> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let written = match value {
        // Minus zero is zero.
        Some(value) if value.fract() == 0.0 && value.abs() < EXACT => write!(out, "{:.0}", value + 0.0),
        Some(value) if value.is_finite() && text.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => {
            write!(out, "{value:e}")
        }
        _ => out.write_all(text),
    };
    // Writing to a Vec cannot fail.
    drop(written);
}

fn push_sorted(bytes: &[u8], mut members: Vec<(Cow<'_, [u8]>, Span)>, numbers: Numbers, out: &mut Vec<u8>) {
    members.sort_by(|a, b| a.0.cmp(&b.0));
    out.push(b'{');
    let mut first = true;
    for (place, (key, value)) in members.iter().enumerate() {
        if members.get(place + 1).is_some_and(|next| next.0 == *key) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        push_string(key, out);
        out.push(b':');
        push(bytes, *value, numbers, out);
    }
    out.push(b'}');
}

/// The members of a scanned object, in source order.
fn members(bytes: &[u8], span: Span) -> Vec<(Cow<'_, [u8]>, Span)> {
    let mut members = Vec::new();
    let mut scanner = Scanner::new(bytes, span.start as usize + 1, 1);
    loop {
        scanner.skip_blanks();
        let Ok(key) = scanner.key() else { break };
        let Ok(value) = scanner.value() else { break };
        members.push((unescape(key.of(bytes)), value));
        scanner.skip_blanks();
        if !scanner.take(b',') {
            break;
        }
    }
    members
}

/// The items of a scanned array.
fn items(bytes: &[u8], span: Span) -> Vec<Span> {
    let mut items = Vec::new();
    let mut scanner = Scanner::new(bytes, span.start as usize + 1, 1);
    loop {
        scanner.skip_blanks();
        let Ok(value) = scanner.value() else { break };
        items.push(value);
        scanner.skip_blanks();
        if !scanner.take(b',') {
            break;
        }
    }
    items
}
