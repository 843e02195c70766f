//! Cleaning files without Spark.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;

use super::guard;
use super::kind::plan;
use crate::clean::Invalid;
use crate::flow::{CleanFiles, Progress, clean_files};
use crate::sink::{self, table::Format};
use crate::source::Options;

/// One run of source → parse → clean → dedup → sink over files, in threads of its own.
///
/// `run()` does the work and gives counts and what was passed over as JSON text; `progress()` and
/// `stop()` may be called from another thread meanwhile.
#[pyclass(module = "pinlake._core", frozen)]
struct CleanJob {
    job: CleanFiles,
    progress: Arc<Progress>,
}

#[pymethods]
impl CleanJob {
    #[new]
    #[pyo3(signature = (plan, inputs, *, out = None, quarantine = None, meta = false, invalid = "report", threads = None, options = None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one Python function")]
    fn new(
        plan: &str,
        inputs: Vec<String>,
        out: Option<String>,
        quarantine: Option<PathBuf>,
        meta: bool,
        invalid: &str,
        threads: Option<usize>,
        options: Option<Options>,
    ) -> PyResult<Self> {
        let out = out.map(|out| Format::of(&out).map(|format| (PathBuf::from(out), format))).transpose()?;
        let job = CleanFiles {
            kind: self::plan(plan)?,
            inputs,
            out,
            quarantine,
            meta,
            invalid: Invalid::of(invalid)?,
            threads,
            store: options.unwrap_or_default(),
        };
        Ok(Self { job, progress: Arc::default() })
    }

    /// Does the work; counts and what was passed over as JSON text.
    fn run(&self, py: Python<'_>) -> PyResult<String> {
        let cleaned = guard::run(py, || clean_files(&self.job, &self.progress))?;
        Ok(serde_json::to_string(&cleaned).unwrap_or_default())
    }

    /// Records read, tasks done and tasks in all, so far.
    fn progress(&self) -> (u64, u64, u64) {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.progress.records), read(&self.progress.tasks_done), read(&self.progress.tasks))
    }

    /// Makes `run()` stop soon, with nothing written.
    fn stop(&self) {
        self.progress.stop.store(true, Ordering::Relaxed);
    }
}

/// Refuses outputs, files and URLs, that are inputs, lie in them, or are one another.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // what pyo3 hands over is owned
fn check_apart(inputs: Vec<String>, outputs: Vec<String>) -> PyResult<()> {
    Ok(sink::check_apart(&inputs, &outputs)?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CleanJob>()?;
    module.add_function(wrap_pyfunction!(check_apart, module)?)
}
