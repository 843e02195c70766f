//! Latitude and longitude as one pair: `[latitude, longitude]`, or null as a whole.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};

use super::builder::Input;
use super::number::read;
use super::placeholder::Placeholders;
use super::problem::{ErrorCode, Problems};
use crate::error::Result;
use crate::parse::Tag;
use crate::schema::{Type, list_item};

/// Bound of a latitude in degrees, either side.
const MAX_LATITUDE: f64 = 90.0;

/// Bound of a longitude in degrees, either side.
const MAX_LONGITUDE: f64 = 180.0;

pub(crate) fn column<'k>(
    input: &Input<'_>,
    slot: usize,
    name: &'k str,
    fields: &[String],
    placeholders: &Placeholders,
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(input.len() * 2);
    let mut lengths = Vec::with_capacity(input.len());
    let mut scratch = Vec::new();
    for row in 0..input.len() {
        let (latitude, longitude) = (input.records.span(row, slot), input.records.span(row, slot + 1));
        let missing = [latitude, longitude].map(|span| {
            matches!(span.tag, Tag::Absent | Tag::Null) || placeholders.stand_for(input, span, &mut scratch)
        });
        if missing == [true, true] {
            lengths.push(0);
            continue;
        }
        let mut degrees = |span, missing: bool, max| {
            let value = if missing { None } else { read(input, span, &mut scratch) };
            value.filter(|value| value.abs() <= max)
        };
        let north = degrees(latitude, missing[0], MAX_LATITUDE);
        let east = degrees(longitude, missing[1], MAX_LONGITUDE);
        if let (Some(north), Some(east)) = (north, east) {
            values.extend([north, east]);
            lengths.push(2);
        } else {
            let names = [(fields[0].as_str(), latitude), (fields[1].as_str(), longitude)];
            problems.push_pair(input, row, name, ErrorCode::InvalidCoordinates, names);
            lengths.push(0);
        }
    }
    let nulls = NullBuffer::from_iter(lengths.iter().map(|&length| length > 0));
    let list = ListArray::try_new(
        list_item(&Type::Double),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(Float64Array::from(values)),
        (nulls.null_count() > 0).then_some(nulls),
    )?;
    Ok(Arc::new(list))
}
