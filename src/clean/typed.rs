//! Frames whose columns are typed already: the same rules, by way of JSON.

use arrow::array::{Array, RecordBatch, StructArray, TimestampMicrosecondArray};
use arrow::json::LineDelimitedWriter;

use super::cleaner::{Cleaned, Cleaner};
use crate::error::Result;
use crate::parse::{ChunkBuffer, Form, Positions};

/// Cleans a batch of raw columns (`index`, `title`, … or `ind`, `age`, …) by the kind's rules.
///
/// Each row is written as a JSON record first, so a typed frame and the payloads it was read from
/// give the same rows. Columns `_source` and `_arrived_at` are taken as positions, if there.
///
/// # Errors
/// As [`Cleaner::clean`], and [`crate::Error::Arrow`] for a column type that JSON has no form for.
pub fn clean_columns(cleaner: &mut Cleaner, batch: &RecordBatch) -> Result<Cleaned> {
    let positions = positions(batch);
    let raw: Vec<usize> = batch
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| !matches!(field.name().as_str(), "_source" | "_arrived_at"))
        .map(|(at, _)| at)
        .collect();
    let mut lines = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut lines);
    writer.write(&batch.project(&raw)?)?;
    writer.finish()?;
    let mut chunk = ChunkBuffer::default();
    for (row, line) in lines.split(|&byte| byte == b'\n').take(batch.num_rows()).enumerate() {
        chunk.push(line, Form::Message, 0, 0, row as u64);
    }
    if let Some(positions) = positions {
        chunk.positions = positions;
    }
    cleaner.clean(chunk.as_chunk())
}

fn positions(batch: &RecordBatch) -> Option<Positions> {
    let source = batch.column_by_name("_source")?;
    let arrived = batch
        .column_by_name("_arrived_at")
        .and_then(|times| times.as_any().downcast_ref::<TimestampMicrosecondArray>());
    Some(Positions::Given {
        source: source.as_any().downcast_ref::<StructArray>()?.clone(),
        arrived_at: arrived.cloned(),
    })
}
