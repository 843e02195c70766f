//! Planning, reading and booking of landings and files.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use super::clean::{array, options};
use super::guard;
use super::kind::plan;
use crate::error::Error;
use crate::schema::Frame;
use crate::source::marks::{self, Extent, Marks};
use crate::source::plan::{self as planning, Ask, LandingPlan};
use crate::source::{self, Given, Location, TaskReader};

type Options = Option<BTreeMap<String, String>>;

/// Plans what is new in a landing, as JSON.
#[pyfunction]
#[pyo3(signature = (plan, url, *, marks = None, full = false, epoch = 0, options = None))]
fn plan_landing(
    py: Python<'_>,
    plan: &str,
    url: &str,
    marks: Option<&str>,
    full: bool,
    epoch: i32,
    options: Options,
) -> PyResult<String> {
    let kind = self::plan(plan)?;
    guard::run(py, || {
        let marks = marks.map(Marks::from_json).transpose()?;
        let ask = Ask { marks: marks.as_ref(), full, epoch };
        Ok(planning::plan_landing(&kind, url, ask, &options.unwrap_or_default())?.to_json())
    })
}

/// The one spelling of a path or URL.
#[pyfunction]
fn landing_url(url: &str) -> PyResult<String> {
    Ok(Location::parse(url)?.url().to_owned())
}

/// Cuts a plan into at most `tasks` tasks, as JSON each.
#[pyfunction]
fn split_plan(py: Python<'_>, landing_plan: &str, tasks: usize) -> PyResult<Vec<String>> {
    guard::run(py, || {
        let plan = LandingPlan::from_json(landing_plan)?;
        Ok(source::split(&plan, tasks).iter().map(LandingPlan::to_json).collect())
    })
}

/// URLs of everything that a plan names, in order.
#[pyfunction]
fn plan_urls(py: Python<'_>, landing_plan: &str) -> PyResult<Vec<String>> {
    guard::run(py, || Ok(LandingPlan::from_json(landing_plan)?.urls()))
}

/// A plan without what it names: what `clean_objects` needs of it.
#[pyfunction]
fn plan_frame(py: Python<'_>, landing_plan: &str) -> PyResult<String> {
    guard::run(py, || Ok(LandingPlan::from_json(landing_plan)?.frame().to_json()))
}

/// Marks behind a run, and what became of gaps, both as JSON.
#[pyfunction]
#[pyo3(signature = (marks, landing_plan, extents, *, now, gap_patience))]
fn advance_marks(
    py: Python<'_>,
    marks: Option<&str>,
    landing_plan: &str,
    extents: Vec<(String, String, u64, u64)>,
    now: i64,
    gap_patience: f64,
) -> PyResult<(String, String)> {
    guard::run(py, || {
        let before = marks.map(Marks::from_json).transpose()?;
        let plan = LandingPlan::from_json(landing_plan)?;
        let extents: Vec<Extent> = extents
            .into_iter()
            .map(|(source, part, first, last)| Extent { source, part, first, last })
            .collect();
        let (marks, report) = marks::advance_marks(before.as_ref(), &plan, &extents, now, gap_patience)?;
        let report = serde_json::to_string(&report).map_err(|error| Error::Source(error.to_string()))?;
        Ok((marks.to_json(), report))
    })
}

/// Joins the marks of runs, oldest first: partitions of the last, files of all.
#[pyfunction]
fn merge_marks(py: Python<'_>, runs: Vec<String>) -> PyResult<String> {
    guard::run(py, || {
        let runs = runs.iter().map(|marks| Marks::from_json(marks)).collect::<Result<Vec<_>, _>>()?;
        Ok(Marks::merge(runs).to_json())
    })
}

/// Batches of a task, read as they are asked for.
#[pyclass(module = "pinlake._core", frozen)]
struct TaskBatches(Mutex<TaskReader>);

#[pymethods]
impl TaskBatches {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyRecordBatch>> {
        py.check_signals()?;
        let batch = guard::run(py, || {
            let mut reader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            reader.next().transpose()
        })?;
        Ok(batch.map(PyRecordBatch::new))
    }
}

/// Reads and cleans a task: an iterator of record batches, with receipts last in frame "run".
#[pyfunction]
#[pyo3(signature = (plan, task, *, invalid = "report", ingested_at = None, run_id = None, frame = "frame", options = None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one Python function")]
fn read_task(
    py: Python<'_>,
    plan: &str,
    task: &str,
    invalid: &str,
    ingested_at: Option<i64>,
    run_id: Option<String>,
    frame: &str,
    options: Options,
) -> PyResult<TaskBatches> {
    let clean = self::options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let kind = self::plan(plan)?;
    let reader = guard::run(py, || {
        TaskReader::new(kind, LandingPlan::from_json(task)?, clean, &options.unwrap_or_default())
    })?;
    Ok(TaskBatches(Mutex::new(reader)))
}

/// Cleans whole objects whose bytes were read elsewhere; a list of batches.
#[pyfunction]
#[pyo3(signature = (plan, landing, urls, contents, arrived_at = None, *, invalid = "report", ingested_at = None, run_id = None, frame = "frame"))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one Python function")]
fn clean_objects(
    py: Python<'_>,
    plan: &str,
    landing: &str,
    urls: AnyArray,
    contents: AnyArray,
    arrived_at: Option<AnyArray>,
    invalid: &str,
    ingested_at: Option<i64>,
    run_id: Option<String>,
    frame: &str,
) -> PyResult<Vec<PyRecordBatch>> {
    let clean = self::options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let kind = self::plan(plan)?;
    let (urls, contents) = (array(urls)?, array(contents)?);
    let times = arrived_at.map(array).transpose()?;
    let batches = guard::run(py, move || {
        let landing = LandingPlan::from_json(landing)?;
        let urls = cast(&urls, &DataType::Utf8)?;
        let contents = cast(&contents, &DataType::Binary)?;
        if urls.len() != contents.len() || times.as_ref().is_some_and(|times| times.len() != urls.len()) {
            return Err(Error::Schema("clean_objects: URLs, contents and times differ in length".into()));
        }
        let times = times
            .map(|times| cast(&times, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))))
            .transpose()?;
        let (urls, contents) = (urls.as_string::<i32>(), contents.as_binary::<i32>());
        let times = times.as_ref().map(|times| times.as_primitive::<TimestampMicrosecondType>());
        let objects = (0..urls.len()).map(|row| Given {
            url: urls.value(row),
            bytes: contents.value(row),
            arrived_at: times.filter(|times| times.is_valid(row)).map(|times| times.value(row)),
        });
        source::clean_objects(&kind, &landing, clean, objects)
    })?;
    Ok(batches.into_iter().map(PyRecordBatch::new).collect())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TaskBatches>()?;
    module.add_function(wrap_pyfunction!(plan_landing, module)?)?;
    module.add_function(wrap_pyfunction!(landing_url, module)?)?;
    module.add_function(wrap_pyfunction!(split_plan, module)?)?;
    module.add_function(wrap_pyfunction!(plan_urls, module)?)?;
    module.add_function(wrap_pyfunction!(plan_frame, module)?)?;
    module.add_function(wrap_pyfunction!(advance_marks, module)?)?;
    module.add_function(wrap_pyfunction!(merge_marks, module)?)?;
    module.add_function(wrap_pyfunction!(read_task, module)?)?;
    module.add_function(wrap_pyfunction!(clean_objects, module)?)?;
    Ok(())
}
