//! Text without a leading prefix (`Local save in /data/art` → `/data/art`).

use arrow::array::ArrayRef;

use super::builder::{Input, TextBuilder};
use super::placeholder::Placeholders;
use super::problem::Problems;
use super::text;
use crate::error::Result;

pub(crate) fn column<'k>(
    input: &Input<'_>,
    slot: usize,
    field: &'k str,
    prefix: &str,
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let mut out = TextBuilder::new(input.len());
    let mut scratch = Vec::new();
    for place in input.column(slot) {
        let value = text::value(input, place, field, placeholders, problems, &mut scratch);
        // Dropped once: a prefix that stands twice leaves one behind.
        let value = value.map(|text| text.strip_prefix(prefix.as_bytes()).unwrap_or(text));
        match value {
            Some(rest) if !rest.is_empty() => out.push(rest),
            _ => out.null(),
        }
    }
    out.finish_ref()
}
