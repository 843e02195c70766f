//! Record batches that are made as they are asked for.

use std::sync::{Mutex, PoisonError};

use arrow::array::RecordBatch;
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;

use super::guard;
use crate::error::Result;

type Made = dyn Iterator<Item = Result<RecordBatch>> + Send;

/// An iterator of record batches. What was not asked for takes no memory.
#[pyclass(module = "pinlake._core", frozen)]
pub(super) struct Batches(Mutex<Box<Made>>);

impl Batches {
    pub(super) fn new(made: impl Iterator<Item = Result<RecordBatch>> + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(made)))
    }
}

#[pymethods]
impl Batches {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyRecordBatch>> {
        py.check_signals()?;
        let batch =
            guard::run(py, || self.0.lock().unwrap_or_else(PoisonError::into_inner).next().transpose())?;
        Ok(batch.map(PyRecordBatch::new))
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Batches>()
}
