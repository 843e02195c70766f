//! `_fingerprint`: xxh3-128 over a row's content, never over its bytes, because sinks reorder keys.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, Float64Array, GenericBinaryBuilder, Int32Array,
    Int64Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;

use crate::error::{Error, Result};

/// A column, ready to be written row by row.
enum Content<'a> {
    Boolean(&'a BooleanArray),
    Int(&'a Int32Array),
    Long(&'a Int64Array),
    Double(&'a Float64Array),
    DateTime(&'a TimestampMicrosecondArray),
    Text(&'a StringArray),
    /// Coordinates.
    Doubles(&'a ListArray, &'a Float64Array),
    /// `_errors`: column, code and value.
    Errors(&'a ListArray, [&'a StringArray; 3]),
}

impl<'a> Content<'a> {
    fn of(array: &'a dyn Array) -> Result<Self> {
        let any = array.as_any();
        let content = match array.data_type() {
            DataType::Boolean => any.downcast_ref().map(Self::Boolean),
            DataType::Int32 => any.downcast_ref().map(Self::Int),
            DataType::Int64 => any.downcast_ref().map(Self::Long),
            DataType::Float64 => any.downcast_ref().map(Self::Double),
            DataType::Timestamp(..) => any.downcast_ref().map(Self::DateTime),
            DataType::Utf8 => any.downcast_ref().map(Self::Text),
            DataType::List(_) => any.downcast_ref().and_then(Self::of_list),
            _ => None,
        };
        content
            .ok_or_else(|| Error::Schema(format!("no fingerprint of a column of type {}", array.data_type())))
    }

    fn of_list(list: &'a ListArray) -> Option<Self> {
        let items = list.values().as_any();
        if let Some(doubles) = items.downcast_ref() {
            return Some(Self::Doubles(list, doubles));
        }
        let fields: &StructArray = items.downcast_ref()?;
        let text = |at: usize| fields.columns().get(at)?.as_any().downcast_ref();
        Some(Self::Errors(list, [text(0)?, text(1)?, text(2)?]))
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Boolean(array) => array.is_null(row),
            Self::Int(array) => array.is_null(row),
            Self::Long(array) => array.is_null(row),
            Self::Double(array) => array.is_null(row),
            Self::DateTime(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::Doubles(array, _) | Self::Errors(array, _) => array.is_null(row),
        }
    }

    /// A null is a byte 0; a value is a byte 1 and its fixed-width or length-prefixed bytes.
    #[inline]
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.push(0);
        }
        out.push(1);
        match self {
            Self::Boolean(array) => out.push(u8::from(array.value(row))),
            Self::Int(array) => out.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Long(array) => out.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Double(array) => out.extend_from_slice(&array.value(row).to_bits().to_le_bytes()),
            Self::DateTime(array) => out.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Text(array) => write_text(array.value(row), out),
            Self::Doubles(array, items) => {
                for item in range(array, row) {
                    out.extend_from_slice(&items.value(item).to_bits().to_le_bytes());
                }
            }
            Self::Errors(array, [columns, codes, values]) => {
                let errors = range(array, row);
                out.extend_from_slice(&(errors.len() as u64).to_le_bytes());
                for error in errors {
                    write_text(columns.value(error), out);
                    write_text(codes.value(error), out);
                    out.push(u8::from(values.is_valid(error)));
                    if values.is_valid(error) {
                        write_text(values.value(error), out);
                    }
                }
            }
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The places of a row's items.
fn range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    let place = |at: usize| usize::try_from(list.value_offsets()[at]).unwrap_or_default();
    place(row)..place(row + 1)
}

/// Fingerprints of rows: the columns are the clean ones, `_errors` and `_rescued_data`, in that
/// order. Rejected rows (null in `accepted`) have none.
pub(crate) fn fingerprints(columns: &[ArrayRef], accepted: Option<&NullBuffer>) -> Result<ArrayRef> {
    let contents: Vec<Content<'_>> =
        columns.iter().map(|column| Content::of(column.as_ref())).collect::<Result<_>>()?;
    let rows = columns.first().map_or(0, |column| column.len());
    let mut out = GenericBinaryBuilder::<i32>::with_capacity(rows, rows * 16);
    let mut scratch = Vec::with_capacity(1024);
    for row in 0..rows {
        if accepted.is_some_and(|accepted| accepted.is_null(row)) {
            out.append_null();
            continue;
        }
        scratch.clear();
        for content in &contents {
            content.write(row, &mut scratch);
        }
        out.append_value(xxhash_rust::xxh3::xxh3_128(&scratch).to_be_bytes());
    }
    Ok(Arc::new(out.finish()))
}

/// The first 8 bytes of a fingerprint, and never 0, which is no record's: enough to tell the few versions
/// of one record apart.
pub(crate) fn short(fingerprint: u128) -> u64 {
    ((fingerprint >> 64) as u64).max(1)
}

/// A fingerprint column as numbers; it may be binary of any width that Arrow has for it.
pub(crate) fn read(column: &dyn Array) -> Result<Vec<Option<u128>>> {
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u128::from_be_bytes);
    if let Some(fixed) = column.as_any().downcast_ref::<FixedSizeBinaryArray>() {
        return Ok(fixed.iter().map(|bytes| bytes.and_then(number)).collect());
    }
    let plain = arrow::compute::cast(column, &DataType::Binary)?;
    let plain = plain.as_any().downcast_ref::<arrow::array::BinaryArray>().cloned();
    let plain = plain.ok_or_else(|| Error::Schema("_fingerprint is not binary".into()))?;
    Ok(plain.iter().map(|bytes| bytes.and_then(number)).collect())
}
