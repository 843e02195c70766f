//! Records of a shard as Arrow columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};

use super::sequence::Sequence;
use super::service::Kept;
use crate::error::Result;
use crate::schema::{source_fields, struct_fields};

/// The records of one page.
#[derive(Debug)]
pub struct Rows {
    stream: String,
    shard: String,
    records: Vec<Kept>,
}

impl Rows {
    pub(super) const fn new(stream: String, shard: String, records: Vec<Kept>) -> Self {
        Self { stream, shard, records }
    }

    /// The columns that Databricks' own source has: partitionKey, data, stream, shardId, sequenceNumber,
    /// approximateArrivalTimestamp.
    ///
    /// # Errors
    /// [`crate::Error::Arrow`] if the batch cannot be built.
    pub fn plain(&self) -> Result<RecordBatch> {
        let sequences = self.texts(|record| &record.sequence);
        Ok(RecordBatch::try_from_iter_with_nullable([
            ("partitionKey", self.texts(|record| &record.key), true),
            ("data", self.values(), true),
            ("stream", self.texts(|_| &self.stream), true),
            ("shardId", self.texts(|_| &self.shard), true),
            ("sequenceNumber", sequences, true),
            ("approximateArrivalTimestamp", self.times(), true),
        ])?)
    }

    /// The columns that are cleaned: value, _source, _arrived_at; and partitionKey, to tell kinds by.
    ///
    /// # Errors
    /// [`crate::Error::Source`] for a sequence number that a position has no room for.
    pub fn payloads(&self, epoch: i32) -> Result<RecordBatch> {
        let rows = self.records.len();
        let name = format!("kinesis:{}", self.stream);
        let padded = |record: &Kept| Ok(Sequence::parse(&record.sequence)?.padded());
        let sequences: Vec<_> = self.records.iter().map(padded).collect::<Result<_>>()?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_value(epoch, rows)),
            self.texts(|_| &name),
            self.texts(|_| &self.shard),
            Arc::new(StringArray::from_iter_values(&sequences)),
            Arc::new(Int32Array::from_value(0, rows)),
        ];
        let source = StructArray::try_new(struct_fields(&source_fields()), columns, None)?;
        Ok(RecordBatch::try_from_iter_with_nullable([
            ("value", self.values(), true),
            ("_source", Arc::new(source) as ArrayRef, true),
            ("_arrived_at", self.times(), true),
            ("partitionKey", self.texts(|record| &record.key), true),
        ])?)
    }

    fn texts<'a>(&'a self, text: impl Fn(&'a Kept) -> &'a String) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(self.records.iter().map(text)))
    }

    fn values(&self) -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(self.records.iter().map(|record| &record.value)))
    }

    fn times(&self) -> ArrayRef {
        let micros = |record: &Kept| record.arrived_ms.map(|ms| ms.saturating_mul(1_000));
        let times: TimestampMicrosecondArray = self.records.iter().map(micros).collect();
        Arc::new(times.with_timezone("UTC"))
    }
}
