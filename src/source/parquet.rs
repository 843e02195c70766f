//! Parquet tables, row by row: each becomes a JSON object.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use crate::error::{Error, Result};
use crate::kind::{KEY_NAMES, Kind};
use crate::parse::{BATCH_ROWS, ChunkBuffer, Form, float_text};

use super::json::string;
use super::lines::Filled;

/// Rows of a Parquet file.
pub(crate) struct Parquet {
    rows: ParquetRecordBatchReader,
    url: String,
    /// A column each: its name as a JSON string with the colon.
    keys: Vec<Vec<u8>>,
    batch: Option<RecordBatch>,
    at: usize,
    row: u64,
}

/// What a column's cells are written as.
enum Cells<'a> {
    /// As the formatter writes them: whole numbers, booleans, decimals.
    Bare(ArrayFormatter<'a>),
    /// The same in quotes: times and whatever else there is.
    Quoted(ArrayFormatter<'a>),
    Float32(&'a ArrayRef),
    Float64(&'a ArrayRef),
    Bytes(&'a ArrayRef),
}

impl Parquet {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Source`] if it is no Parquet file, or none of the kind.
    pub(crate) fn new<R: ChunkReader + 'static>(kind: &Kind, url: &str, from: R) -> Result<Self> {
        let wrong = |error: ParquetError| match error {
            // What the store said: the file itself may be whole.
            ParquetError::External(error) => Error::Source(format!("{url}: {error}")),
            error => damaged(url, &error),
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(from).map_err(wrong)?;
        let schema = builder.schema();
        let known = |name: &str| {
            let fields = kind.raw_fields().chain([kind.key.as_str()]);
            fields.chain(KEY_NAMES).any(|field| field == name)
        };
        if !schema.fields().iter().any(|field| known(field.name())) {
            return Err(Error::Source(format!("{url}: no column is a field of kind {:?}", kind.name)));
        }
        let keys = schema
            .fields()
            .iter()
            .map(|field| {
                let mut key = Vec::new();
                string(field.name().as_bytes(), &mut key);
                key.push(b':');
                key
            })
            .collect();
        let rows = builder.with_batch_size(BATCH_ROWS).build().map_err(wrong)?;
        Ok(Self { rows, url: url.into(), keys, batch: None, at: 0, row: 0 })
    }

    /// Adds rows to a chunk until it is full or nothing is left.
    pub(crate) fn fill(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<Filled> {
        let before = self.row;
        while !chunk.is_full() {
            let Some(batch) = self.batch.take() else {
                match self.rows.next() {
                    None => return Ok(Filled { lines: self.row - before, done: true }),
                    Some(batch) => {
                        let wrong = |error: ArrowError| match error {
                            ArrowError::ExternalError(error) => {
                                Error::Source(format!("{}: {error}", self.url))
                            }
                            error => damaged(&self.url, &error),
                        };
                        (self.batch, self.at) = (Some(batch.map_err(wrong)?), 0);
                        continue;
                    }
                }
            };
            self.rows_of(&batch, chunk, origin)?;
            if self.at < batch.num_rows() {
                self.batch = Some(batch);
            }
        }
        Ok(Filled { lines: self.row - before, done: false })
    }

    fn rows_of(&mut self, batch: &RecordBatch, chunk: &mut ChunkBuffer, origin: u32) -> Result<()> {
        // What cannot be written, such as a time out of range, says so and breaks its field's rule.
        let options = FormatOptions::default().with_display_error(true);
        let columns = batch.columns().iter().map(without_zone).collect::<Result<Vec<_>, ArrowError>>()?;
        let cells =
            columns.iter().map(|column| cells(column, &options)).collect::<Result<Vec<_>, ArrowError>>()?;
        while self.at < batch.num_rows() && !chunk.is_full() {
            let start = chunk.bytes.len();
            let to = &mut chunk.bytes;
            for (place, (cells, column)) in cells.iter().zip(batch.columns()).enumerate() {
                to.push(if place == 0 { b'{' } else { b',' });
                to.extend_from_slice(&self.keys[place]);
                if column.is_null(self.at) {
                    to.extend_from_slice(b"null");
                } else {
                    cells.write(self.at, to)?;
                }
            }
            to.push(b'}');
            chunk.push_range(start, chunk.bytes.len(), Form::Line, 0, origin, self.row);
            self.at += 1;
            self.row += 1;
        }
        Ok(())
    }
}

fn damaged(url: &str, error: &dyn std::fmt::Display) -> Error {
    Error::Source(format!(
        "{url}: {error}; write it anew if it is damaged, or rename it if it is no Parquet file"
    ))
}

/// A time with a zone as the same moment in UTC without one: what the rules make of it anyway.
fn without_zone(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            cast(&cast(column, &DataType::Int64)?, &DataType::Timestamp(*unit, None))
        }
        _ => Ok(Arc::clone(column)),
    }
}

fn cells<'a>(column: &'a ArrayRef, options: &FormatOptions<'a>) -> Result<Cells<'a>, ArrowError> {
    let formatter = || ArrayFormatter::try_new(column, options);
    Ok(match column.data_type() {
        DataType::Float32 => Cells::Float32(column),
        DataType::Float64 => Cells::Float64(column),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Cells::Bytes(column),
        kind if kind.is_integer() => Cells::Bare(formatter()?),
        DataType::Boolean | DataType::Decimal128(..) | DataType::Decimal256(..) => Cells::Bare(formatter()?),
        _ => Cells::Quoted(formatter()?),
    })
}

impl Cells<'_> {
    fn write(&self, row: usize, to: &mut Vec<u8>) -> Result<(), ArrowError> {
        match self {
            Self::Bare(formatter) => {
                // Writing to a Vec cannot fail; formatting can, and says so.
                let text = formatter.value(row).try_to_string()?;
                to.extend_from_slice(text.as_bytes());
            }
            Self::Quoted(formatter) => string(formatter.value(row).to_string().as_bytes(), to),
            Self::Float32(column) => {
                let value = column.as_primitive::<Float32Type>().value(row);
                number(value.into(), &value, to);
            }
            Self::Float64(column) => {
                let value = column.as_primitive::<Float64Type>().value(row);
                number(value, &value, to);
            }
            Self::Bytes(column) => match column.data_type() {
                DataType::Binary => string(column.as_binary::<i32>().value(row), to),
                DataType::LargeBinary => string(column.as_binary::<i64>().value(row), to),
                _ => string(column.as_binary_view().value(row), to),
            },
        }
        Ok(())
    }
}

/// Writes a float in the digits of its own width.
fn number(value: f64, digits: &impl std::fmt::Display, to: &mut Vec<u8>) {
    match float_text(value) {
        Some(text) => to.extend_from_slice(text.as_bytes()),
        // Writing to a Vec cannot fail.
        None => drop(write!(to, "{digits}")),
    }
}
