//! Latitude and longitude as one pair: `[latitude, longitude]`, or null as a whole.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};

use super::field::Field;
use super::number::read;
use super::problem::{ErrorCode, Problems};
use crate::error::Result;
use crate::parse::Tag;
use crate::schema::{Type, list_item};

/// Bound of a latitude in degrees, either side.
const MAX_LATITUDE: f64 = 90.0;

/// Bound of a longitude in degrees, either side.
const MAX_LONGITUDE: f64 = 180.0;

/// `name` is the column's, for `_errors`; the fields are its two raw ones.
pub(crate) fn column<'k>(
    name: &'k str,
    [latitudes, longitudes]: [Field<'_, 'k>; 2],
    problems: &mut Problems<'k>,
) -> Result<ArrayRef> {
    let Field { input, placeholders, .. } = latitudes;
    let mut values = Vec::with_capacity(input.len() * 2);
    let mut lengths = Vec::with_capacity(input.len());
    let mut scratch = Vec::new();
    for ((row, latitude), (_, longitude)) in latitudes.spans().zip(longitudes.spans()) {
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
            let names = [(latitudes.name, latitude), (longitudes.name, longitude)];
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
