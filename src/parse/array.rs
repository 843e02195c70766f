//! Payloads that come as an Arrow array: what Spark hands to a worker.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Int32Array, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};

use super::chunk::{Chunk, Form, Payload, Positions};
use super::{BATCH_BYTES, BATCH_ROWS};
use crate::error::{Error, Result};
use crate::schema::{Type, source_fields};

/// Payloads as one run of bytes and a range each. String arrays are taken as bytes: Spark hands
/// invalid UTF-8 to Arrow string columns unchecked, so their promise cannot be relied on.
#[derive(Debug)]
pub struct Payloads {
    bytes: Buffer,
    offsets: Vec<i32>,
    valid: Option<arrow::buffer::NullBuffer>,
    source: Option<StructArray>,
    arrived_at: Option<TimestampMicrosecondArray>,
}

/// Neighbouring payloads of an array, a chunk's size of them.
#[derive(Debug)]
pub struct Piece {
    /// One past the last row.
    pub end: usize,
    bytes: Range<usize>,
    payloads: Vec<Payload>,
    positions: Positions,
}

impl Payloads {
    /// Takes an array of payloads (binary or string, plain, large or view; a dictionary of them;
    /// null), and positions of the same length if there are any.
    ///
    /// # Errors
    /// [`Error::Schema`] for another type, other lengths, or above 2 GiB.
    pub fn new(
        array: &dyn Array,
        source: Option<&dyn Array>,
        arrived_at: Option<&dyn Array>,
    ) -> Result<Self> {
        let (bytes, offsets) = contents(array)?;
        for (name, other) in [("source", source), ("arrived_at", arrived_at)] {
            if let Some(other) = other.filter(|other| other.len() != array.len()) {
                return Err(Error::Schema(format!(
                    "{name} has {} rows, the payloads have {}",
                    other.len(),
                    array.len()
                )));
            }
        }
        Ok(Self {
            bytes,
            offsets,
            valid: array.logical_nulls(),
            source: source.map(positions).transpose()?,
            arrived_at: arrived_at.map(times).transpose()?,
        })
    }

    /// Number of payloads.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payloads from row `start` on, as many as a chunk takes; `None` behind the last.
    #[must_use]
    pub fn piece(&self, start: usize) -> Option<Piece> {
        if start >= self.len() {
            return None;
        }
        let end = self.chunk_end(start);
        let base = self.offsets[start];
        let place = |at: i32| usize::try_from(at).unwrap_or_default();
        Some(Piece {
            end,
            bytes: place(base)..place(self.offsets[end]),
            payloads: (start..end).map(|row| self.payload(row, base)).collect(),
            positions: self.positions(start, end),
        })
    }

    /// A piece as the parser takes it.
    #[must_use]
    pub fn chunk<'a>(&'a self, piece: &'a Piece) -> Chunk<'a> {
        Chunk {
            bytes: self.bytes.get(piece.bytes.clone()).unwrap_or_default(),
            payloads: &piece.payloads,
            positions: &piece.positions,
            refusals: &[],
        }
    }

    fn chunk_end(&self, start: usize) -> usize {
        let limit = i64::from(self.offsets[start]) + BATCH_BYTES as i64;
        let most = self.len().min(start + BATCH_ROWS);
        let fits = self.offsets[start + 1..=most].partition_point(|&end| i64::from(end) <= limit);
        // One payload above the limit is a chunk of its own.
        start + fits.max(1)
    }

    fn payload(&self, row: usize, base: i32) -> Payload {
        let null = self.valid.as_ref().is_some_and(|valid| valid.is_null(row));
        let place = |at: i32| (at - base).cast_unsigned();
        let (start, end) = (place(self.offsets[row]), place(self.offsets[row + 1]));
        Payload {
            start,
            end: if null { start } else { end },
            form: if null { Form::Null } else { Form::Message },
            first_item: self.first_item(row),
        }
    }

    /// A payload that was quarantined from the middle of another goes on with its numbers.
    fn first_item(&self, row: usize) -> u32 {
        let items = self.source.as_ref().and_then(|source| source.columns().last());
        let items = items.and_then(|items| items.as_any().downcast_ref::<Int32Array>());
        items.map_or(0, |items| u32::try_from(items.value(row)).unwrap_or_default())
    }

    fn positions(&self, start: usize, end: usize) -> Positions {
        match &self.source {
            Some(source) => Positions::Given {
                source: source.slice(start, end - start),
                arrived_at: self.arrived_at.as_ref().map(|times| times.slice(start, end - start)),
            },
            None => self.numbered(start, end),
        }
    }

    /// Row numbers for positions, with the times that were given.
    fn numbered(&self, start: usize, end: usize) -> Positions {
        let blank: Arc<str> = "".into();
        let origin = |arrived_at| super::Origin {
            epoch: 0,
            name: Arc::clone(&blank),
            part: Arc::clone(&blank),
            arrived_at,
        };
        let rows = || (start..end).map(|row| row as u64);
        match &self.arrived_at {
            None => Positions::Log { origins: vec![origin(None)], at: rows().map(|row| (0, row)).collect() },
            Some(times) => Positions::Log {
                origins: times.slice(start, end - start).iter().map(origin).collect(),
                at: (0..).zip(rows()).collect(),
            },
        }
    }
}

/// Bytes and offsets of a payload array.
fn contents(array: &dyn Array) -> Result<(Buffer, Vec<i32>)> {
    let wrong =
        || Error::Schema(format!("payloads of type {}: give binary or string values", array.data_type()));
    let target = match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Dictionary(_, values) => match **values {
            DataType::Binary | DataType::LargeBinary => DataType::Binary,
            DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8,
            _ => return Err(wrong()),
        },
        DataType::Null => return Ok((Buffer::default(), vec![0; array.len() + 1])),
        _ => return Err(wrong()),
    };
    let plain: ArrayRef = if *array.data_type() == target {
        array.slice(0, array.len())
    } else {
        cast(array, &target).map_err(|error| {
            Error::Schema(format!("payloads of type {}: {error}; give smaller batches", array.data_type()))
        })?
    };
    if let Some(binary) = plain.as_any().downcast_ref::<BinaryArray>() {
        return Ok((binary.values().clone(), binary.value_offsets().to_vec()));
    }
    let text = plain.as_any().downcast_ref::<StringArray>().ok_or_else(wrong)?;
    Ok((text.values().clone(), text.value_offsets().to_vec()))
}

/// `_source` structs in the one type that goes on.
fn positions(array: &dyn Array) -> Result<StructArray> {
    let wrong = || {
        let wanted = Type::Struct(source_fields()).sql();
        Error::Schema(format!("_source is {}: it must be {wanted}", array.data_type()))
    };
    let given = array.as_any().downcast_ref::<StructArray>().ok_or_else(wrong)?;
    let mut columns = Vec::new();
    for (name, kind) in source_fields() {
        let column = given.column_by_name(name).ok_or_else(wrong)?;
        columns.push(cast(column, &kind.arrow()).map_err(|_| wrong())?);
    }
    // Positions are compared; one with a null would be below all others or not a position at all.
    if given.null_count() > 0 || columns.iter().any(|column| column.null_count() > 0) {
        return Err(Error::Schema("_source has nulls: every field of every row must be set".into()));
    }
    let fields = crate::schema::struct_fields(&source_fields());
    Ok(StructArray::try_new(fields, columns, given.nulls().cloned())?)
}

/// Times in the one unit that goes on.
fn times(array: &dyn Array) -> Result<TimestampMicrosecondArray> {
    let zone: Option<Arc<str>> = Some("UTC".into());
    if !matches!(array.data_type(), DataType::Timestamp(..) | DataType::Null) {
        return Err(Error::Schema(format!("_arrived_at is {}: it must be a timestamp", array.data_type())));
    }
    let plain = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))
        .map_err(|error| Error::Schema(format!("_arrived_at is {}: {error}", array.data_type())))?;
    plain
        .as_any()
        .downcast_ref::<TimestampMicrosecondArray>()
        .cloned()
        .ok_or_else(|| Error::Schema("_arrived_at is no timestamp".into()))
}
