//! Duplicates within one batch.

use std::cmp::Ordering;
use std::collections::HashMap;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;

use super::fingerprint;
use crate::error::{Error, Result};
use crate::kind::KEY_COLUMN;

/// One row a key: the version at the greatest `_source` (of equal ones the later row). Rows without
/// a key, rejected ones, are kept. The order of the rows that stay is that of the batch.
///
/// A repeated content at a later position wins as well, so whatever the order of batches, the row
/// kept is the one at the greatest position.
///
/// # Errors
/// [`Error::Schema`] if `ind`, `_source` or `_fingerprint` is missing or of another type.
pub fn dedup_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    let keys = named(batch, KEY_COLUMN)?
        .as_any()
        .downcast_ref::<Int64Array>()
        .ok_or_else(|| wrong(KEY_COLUMN, "a 64-bit integer"))?;
    let order = Order::of(named(batch, "_source")?)?;
    // Read for its type alone: the winner follows from positions.
    fingerprint::read(named(batch, "_fingerprint")?)?;
    let mut winners: HashMap<i64, usize> = HashMap::with_capacity(batch.num_rows());
    let mut keep = vec![false; batch.num_rows()];
    for (row, kept) in keep.iter_mut().enumerate() {
        if keys.is_null(row) {
            *kept = true;
            continue;
        }
        let winner = winners.entry(keys.value(row)).or_insert(row);
        if order.compare(*winner, row) != Ordering::Greater {
            *winner = row;
        }
    }
    for row in winners.into_values() {
        keep[row] = true;
    }
    Ok(filter_record_batch(batch, &BooleanArray::from(keep))?)
}

fn named<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array> {
    match batch.column_by_name(name) {
        Some(column) => Ok(column.as_ref()),
        None => Err(Error::Schema(format!(
            "no column {name}: give a batch that clean_batch returned with meta=True"
        ))),
    }
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::Schema(format!("column {name} is not {wanted}"))
}

/// The order of positions, field by field.
struct Order<'a> {
    numbers: [&'a arrow::array::Int32Array; 2],
    texts: [&'a StringArray; 3],
}

impl<'a> Order<'a> {
    fn of(column: &'a dyn Array) -> Result<Self> {
        let source: &StructArray =
            column.as_any().downcast_ref().ok_or_else(|| wrong("_source", "a struct"))?;
        let number = |name: &str| {
            source
                .column_by_name(name)
                .and_then(|column| column.as_primitive_opt::<Int32Type>())
                .ok_or_else(|| wrong("_source", "a struct of epoch, name, part, seq, item"))
        };
        let text = |name: &str| {
            source
                .column_by_name(name)
                .and_then(|column| column.as_string_opt::<i32>())
                .ok_or_else(|| wrong("_source", "a struct of epoch, name, part, seq, item"))
        };
        Ok(Self {
            numbers: [number("epoch")?, number("item")?],
            texts: [text("name")?, text("part")?, text("seq")?],
        })
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let [epoch, item] = self.numbers;
        let mut order = epoch.value(a).cmp(&epoch.value(b));
        for text in self.texts {
            order = order.then_with(|| text.value(a).cmp(text.value(b)));
        }
        order.then_with(|| item.value(a).cmp(&item.value(b)))
    }
}
