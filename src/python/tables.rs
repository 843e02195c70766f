//! A ledger against tables, whose rows Spark hands over.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;

use super::convert::to_python;
use super::guard;
use crate::error::{Error, Result};
use crate::ledger::verify as judge;

/// Judges a ledger against the tables of one warehouse, as their rows are shown to it.
#[pyclass(module = "pinlake._core", frozen)]
pub(super) struct TablesJudge(Mutex<Option<judge::TablesJudge>>);

#[pymethods]
impl TablesJudge {
    /// Reads a ledger; `ConfigError` if it kept no fingerprints.
    #[new]
    fn new(py: Python<'_>, ledger: PathBuf) -> PyResult<Self> {
        let judge = guard::run(py, || judge::TablesJudge::open(&ledger))?;
        Ok(Self(Mutex::new(Some(judge))))
    }

    /// The kinds whose tables are to be shown.
    #[getter]
    fn ledger_kinds(&self) -> PyResult<Vec<String>> {
        Ok(open(&mut self.lock())?.kinds().to_vec())
    }

    /// Shows rows of a kind's table: `ind`, `_fingerprint`, `replayed`.
    fn show_rows(&self, py: Python<'_>, kind: &str, batch: PyRecordBatch) -> PyResult<()> {
        let batch = batch.into_inner();
        guard::run(py, || open(&mut self.lock())?.rows(kind, &batch))
    }

    /// Shows rows of the quarantine, as `quarantine_hashes` gives them.
    fn show_quarantined(&self, py: Python<'_>, batch: PyRecordBatch) -> PyResult<()> {
        let batch = batch.into_inner();
        guard::run(py, || open(&mut self.lock())?.quarantined(&batch))
    }

    /// The judgement, once all was shown; nothing can be shown after it.
    fn verdict<'py>(&self, py: Python<'py>, target: String) -> PyResult<Bound<'py, PyAny>> {
        let judge = self.lock().take().ok_or_else(ended)?;
        let verdict = guard::run(py, || Ok(judge.verdict(target)))?;
        let report = to_python(py, &verdict)?;
        report.set_item("unexplained", verdict.unexplained())?;
        Ok(report)
    }
}

impl TablesJudge {
    fn lock(&self) -> MutexGuard<'_, Option<judge::TablesJudge>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(judge: &mut Option<judge::TablesJudge>) -> Result<&mut judge::TablesJudge> {
    judge.as_mut().ok_or_else(ended)
}

fn ended() -> Error {
    Error::Config("this judge has given its verdict; open the ledger again".into())
}

/// What the judge needs of rows of the quarantine.
#[pyfunction]
fn quarantine_hashes(py: Python<'_>, batch: PyRecordBatch) -> PyResult<PyRecordBatch> {
    let batch = batch.into_inner();
    Ok(PyRecordBatch::new(guard::run(py, || judge::quarantine_hashes(&batch))?))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TablesJudge>()?;
    module.add_function(wrap_pyfunction!(quarantine_hashes, module)?)
}
