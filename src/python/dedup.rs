//! Duplicates within a batch.

use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;

use super::guard;

/// One row a key: the version at the greatest `_source`; rejected rows stay.
#[pyfunction]
fn dedup_batch(py: Python<'_>, batch: PyRecordBatch) -> PyResult<PyRecordBatch> {
    let batch = batch.into_inner();
    Ok(PyRecordBatch::new(guard::run(py, move || crate::dedup::dedup_batch(&batch))?))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(dedup_batch, module)?)
}
