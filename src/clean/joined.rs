//! Several text fields as one (`first_name`, `last_name` → `user_name`); null parts are left out.

use arrow::array::ArrayRef;

use super::builder::{Input, TextBuilder};
use super::placeholder::Placeholders;
use super::problem::Problems;
use super::text;
use crate::error::Result;

pub(crate) fn column<'k>(
    input: &Input<'_>,
    slot: usize,
    fields: &'k [String],
    separator: &str,
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let mut out = TextBuilder::new(input.len());
    let mut scratch = Vec::new();
    for row in 0..input.len() {
        let mut parts = 0;
        for (place, field) in fields.iter().enumerate() {
            let span = input.records.span(row, slot + place);
            let part = text::value(input, (row, span), field, placeholders, problems, &mut scratch);
            let Some(part) = part else { continue };
            if parts > 0 {
                out.values().extend_from_slice(separator.as_bytes());
            }
            out.values().extend_from_slice(part);
            parts += 1;
        }
        out.end(parts > 0);
    }
    out.finish_ref()
}
