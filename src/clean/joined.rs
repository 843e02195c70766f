//! Several text fields as one (`first_name`, `last_name` → `user_name`); null parts are left out.

use arrow::array::ArrayRef;

use super::builder::TextBuilder;
use super::field::Field;
use super::problem::Problems;
use super::text;
use crate::error::Result;

/// Bytes of a usual value, such as a person's name.
const USUAL: usize = 16;

pub(crate) fn column<'k>(
    fields: &[Field<'_, 'k>],
    separator: &str,
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let rows = fields.first().map_or(0, |field| field.input.len());
    let mut out = TextBuilder::new(rows, rows * USUAL);
    let mut scratch = Vec::new();
    for row in 0..rows {
        let mut parts = 0;
        for field in fields {
            let span = field.input.records.span(row, field.slot);
            let Some(part) = text::value(*field, (row, span), problems, &mut scratch) else { continue };
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
