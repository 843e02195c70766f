//! Cleaning of Arrow arrays.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder};
use arrow::compute::{cast, concat, concat_batches};
use arrow::datatypes::DataType;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;
use pyo3_arrow::{PyArray, PyRecordBatch};

use super::batches::Batches;
use super::guard;
use super::kind::plan;
use crate::clean::{Cleaner, Invalid, Options, PayloadReader};
use crate::error::{Error, Result};
use crate::parse::Payloads;
use crate::schema::Frame;

/// One array of what may be chunks of a column.
pub(super) fn array(input: AnyArray) -> PyResult<ArrayRef> {
    let chunked = input.into_chunked_array()?;
    let chunks: Vec<&dyn arrow::array::Array> = chunked.chunks().iter().map(AsRef::as_ref).collect();
    match chunks.as_slice() {
        [] => Ok(arrow::array::new_empty_array(chunked.field().data_type())),
        [_] => Ok(Arc::clone(&chunked.chunks()[0])),
        many => Ok(concat(many).map_err(Error::from)?),
    }
}

/// Options of a cleaner as they cross the boundary.
pub(super) fn options(
    invalid: &str,
    ingested_at: Option<i64>,
    run_id: Option<String>,
    frame: Frame,
) -> Result<Options> {
    Ok(Options { invalid: Invalid::of(invalid)?, frame, ingested_at, run_id })
}

/// Cleans payloads: an iterator of record batches of at most 10,000 rows.
#[pyfunction]
#[pyo3(signature = (plan, payloads, *, source = None, arrived_at = None, invalid = "report", ingested_at = None, run_id = None, frame = "frame"))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one Python function")]
fn clean_batches(
    py: Python<'_>,
    plan: &str,
    payloads: AnyArray,
    source: Option<AnyArray>,
    arrived_at: Option<AnyArray>,
    invalid: &str,
    ingested_at: Option<i64>,
    run_id: Option<String>,
    frame: &str,
) -> PyResult<Batches> {
    let options = options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let cleaner = Cleaner::new(self::plan(plan)?, options)?;
    Ok(Batches::new(reader(py, cleaner, payloads, source, arrived_at)?))
}

/// Cleans payloads; one batch.
#[pyfunction]
#[pyo3(signature = (plan, payloads, *, source = None, arrived_at = None, invalid = "report", ingested_at = None, run_id = None, frame = "frame"))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one Python function")]
fn clean_batch(
    py: Python<'_>,
    plan: &str,
    payloads: AnyArray,
    source: Option<AnyArray>,
    arrived_at: Option<AnyArray>,
    invalid: &str,
    ingested_at: Option<i64>,
    run_id: Option<String>,
    frame: &str,
) -> PyResult<PyRecordBatch> {
    let options = options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let cleaner = Cleaner::new(self::plan(plan)?, options)?;
    let reader = reader(py, cleaner, payloads, source, arrived_at)?;
    let batch = guard::run(py, move || {
        let schema = Arc::clone(reader.schema());
        Ok(concat_batches(&schema, &reader.collect::<Result<Vec<_>>>()?)?)
    })?;
    Ok(PyRecordBatch::new(batch))
}

fn reader(
    py: Python<'_>,
    cleaner: Cleaner,
    payloads: AnyArray,
    source: Option<AnyArray>,
    arrived_at: Option<AnyArray>,
) -> PyResult<PayloadReader> {
    let (payloads, source) = (array(payloads)?, source.map(array).transpose()?);
    let arrived_at = arrived_at.map(array).transpose()?;
    guard::run(py, move || {
        let payloads = Payloads::new(&payloads, source.as_deref(), arrived_at.as_deref())?;
        Ok(PayloadReader::new(cleaner, payloads))
    })
}

/// Cleans a batch of raw columns that are typed already.
#[pyfunction]
#[pyo3(signature = (plan, batch, *, invalid = "report", ingested_at = None, run_id = None, frame = "frame"))]
fn clean_columns(
    py: Python<'_>,
    plan: &str,
    batch: PyRecordBatch,
    invalid: &str,
    ingested_at: Option<i64>,
    run_id: Option<String>,
    frame: &str,
) -> PyResult<Vec<PyRecordBatch>> {
    let options = options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let mut cleaner = Cleaner::new(self::plan(plan)?, options)?;
    let batch = batch.into_inner();
    let cleaned = guard::run(py, move || crate::clean::clean_columns(&mut cleaner, &batch))?;
    Ok(cleaned.into_iter().map(PyRecordBatch::new).collect())
}

/// Follower counts of a string array, as 64-bit integers; null where it is none.
#[pyfunction]
fn follower_count(py: Python<'_>, values: AnyArray) -> PyResult<PyArray> {
    let values = array(values)?;
    let counts = guard::run(py, move || {
        let text = cast(&values, &DataType::Binary).map_err(|_| {
            Error::Schema(format!("follower_count of type {}: give strings", values.data_type()))
        })?;
        let text = arrow::array::AsArray::as_binary::<i32>(&text);
        let mut counts = Int64Builder::with_capacity(values.len());
        for value in text {
            counts.append_option(value.and_then(crate::clean::follower_count));
        }
        Ok(Arc::new(counts.finish()) as ArrayRef)
    })?;
    Ok(PyArray::from_array_ref(counts))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(clean_batches, module)?)?;
    module.add_function(wrap_pyfunction!(clean_batch, module)?)?;
    module.add_function(wrap_pyfunction!(clean_columns, module)?)?;
    module.add_function(wrap_pyfunction!(follower_count, module)?)?;
    Ok(())
}
