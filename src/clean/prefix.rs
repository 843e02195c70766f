//! Text without a leading prefix (`Local save in /data/art` → `/data/art`).

use arrow::array::ArrayRef;

use super::field::Field;
use super::problem::Problems;
use super::text;
use crate::error::Result;

pub(crate) fn column<'k>(
    field: Field<'_, 'k>,
    prefix: &str,
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let mut out = field.text_builder();
    let mut scratch = Vec::new();
    for place in field.spans() {
        let value = text::value(field, place, problems, &mut scratch);
        // Dropped once: a prefix that stands twice leaves one behind.
        let value = value.map(|text| text.strip_prefix(prefix.as_bytes()).unwrap_or(text));
        match value {
            Some(rest) if !rest.is_empty() => out.push(rest),
            _ => out.null(),
        }
    }
    out.finish_ref()
}
