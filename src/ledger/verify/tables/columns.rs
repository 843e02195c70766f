//! Rows of tables as they are shown to the judge: Arrow batches of a few columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, FixedSizeBinaryArray, Int64Array, RecordBatch,
    StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use crate::dedup::fingerprint;
use crate::error::{Error, Result};
use crate::ledger::hash::{hash_of_long, record_hash};
use crate::parse::RejectCode;

/// A row of a silver table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: u64,
    /// As a ledger keeps it; 0 is no record's.
    pub(super) content: u64,
    /// A replay has brought it from the quarantine.
    pub(super) replayed: bool,
}

/// Calls `see` with every row of a batch of `ind`, `_fingerprint`, `replayed`.
pub(super) fn rows(batch: &RecordBatch, mut see: impl FnMut(Row)) -> Result<()> {
    let keys = plain(batch, "ind", &DataType::Int64)?;
    let keys: &Int64Array = keys.as_primitive::<Int64Type>();
    let contents = fingerprint::read(named(batch, "_fingerprint")?)?;
    let replayed = plain(batch, "replayed", &DataType::Boolean)?;
    let replayed: &BooleanArray = replayed.as_boolean();
    for (row, content) in contents.into_iter().enumerate() {
        see(Row {
            key: keys.value(row).cast_unsigned(),
            content: content.map_or(0, fingerprint::short),
            replayed: replayed.is_valid(row) && replayed.value(row),
        });
    }
    Ok(())
}

/// What the judge needs of rows of the quarantine: of a batch of `kind`, `code`, `payload`, `_hash` and `at`
/// (where the record stood) a batch of `kind`, `hash`, `at`. The payloads stay where they are.
///
/// # Errors
/// [`Error::Schema`] for other columns.
pub fn quarantine_hashes(batch: &RecordBatch) -> Result<RecordBatch> {
    let codes = plain(batch, "code", &DataType::Utf8)?;
    let payloads = plain(batch, "payload", &DataType::Binary)?;
    let hashes = plain(batch, "_hash", &DataType::Int64)?;
    let (codes, payloads) = (codes.as_string::<i32>(), payloads.as_binary::<i32>());
    let hashes = hashes.as_primitive::<Int64Type>();
    let hash = |row| {
        if codes.value(row) == RejectCode::TooLarge.as_str() {
            // Its payload is cut; `_hash` is of all of it.
            return hash_of_long(hashes.value(row).cast_unsigned());
        }
        record_hash(if payloads.is_null(row) { b"null" } else { payloads.value(row) })
    };
    let found: BinaryArray = (0..batch.num_rows()).map(|row| Some(hash(row))).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("kind", plain(batch, "kind", &DataType::Utf8)?),
        ("hash", Arc::new(found)),
        ("at", plain(batch, "at", &DataType::Utf8)?),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// Calls `see` with kind, hash and place of every row that [`quarantine_hashes`] gave.
pub(super) fn hashes(batch: &RecordBatch, mut see: impl FnMut(&str, [u8; 16], &str)) -> Result<()> {
    let kinds = plain(batch, "kind", &DataType::Utf8)?;
    let places = plain(batch, "at", &DataType::Utf8)?;
    let hashes = plain(batch, "hash", &DataType::FixedSizeBinary(16))?;
    let (kinds, places): (&StringArray, &StringArray) = (kinds.as_string(), places.as_string());
    let hashes: &FixedSizeBinaryArray = hashes.as_fixed_size_binary();
    for row in 0..batch.num_rows() {
        let hash = hashes.value(row).try_into().map_err(|_| wrong("hash", &DataType::Binary))?;
        see(kinds.value(row), hash, places.value(row));
    }
    Ok(())
}

fn named<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| Error::Schema(format!("rows of a table lack the column {name}")))
}

/// A column in a type that is one of several for the same.
fn plain(batch: &RecordBatch, name: &str, wanted: &DataType) -> Result<ArrayRef> {
    let column = named(batch, name)?;
    cast(column, wanted).map_err(|_| wrong(name, column.data_type()))
}

fn wrong(name: &str, found: &DataType) -> Error {
    Error::Schema(format!("rows of a table have the column {name} as {found}"))
}
