//! Planning, reading and booking of landings and files.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;

use super::batches::Batches;
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
    url: String,
    marks: Option<String>,
    full: bool,
    epoch: i32,
    options: Options,
) -> PyResult<String> {
    let kind = self::plan(plan)?;
    guard::heeding(py, move || {
        let marks = marks.as_deref().map(Marks::from_json).transpose()?;
        let ask = Ask { marks: marks.as_ref(), full, epoch };
        Ok(planning::plan_landing(&kind, &url, ask, &options.unwrap_or_default())?.to_json())
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
) -> PyResult<Batches> {
    let clean = self::options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let kind = self::plan(plan)?;
    let reader = guard::run(py, || {
        TaskReader::new(kind, LandingPlan::from_json(task)?, clean, &options.unwrap_or_default())
    })?;
    Ok(Batches::new(reader))
}

/// Cleans whole objects whose bytes were read elsewhere: an iterator of record batches.
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
) -> PyResult<Batches> {
    let clean = self::options(invalid, ingested_at, run_id, Frame::of(frame)?)?;
    let kind = self::plan(plan)?;
    let (urls, contents) = (array(urls)?, array(contents)?);
    let times = arrived_at.map(array).transpose()?;
    let reader = guard::run(py, move || {
        let landing = LandingPlan::from_json(landing)?;
        TaskReader::of_objects(kind, &landing, objects(&urls, &contents, times.as_deref())?, clean)
    })?;
    Ok(Batches::new(reader))
}

/// Objects of three columns; their bytes are not copied.
fn objects(urls: &dyn Array, contents: &dyn Array, times: Option<&dyn Array>) -> Result<Vec<Given>, Error> {
    if urls.len() != contents.len() || times.is_some_and(|times| times.len() != urls.len()) {
        return Err(Error::Schema("clean_objects: URLs, contents and times differ in length".into()));
    }
    let urls = cast(urls, &DataType::Utf8)?;
    let contents = cast(contents, &DataType::Binary)?;
    let times = times
        .map(|times| cast(times, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))))
        .transpose()?;
    let (urls, contents) = (urls.as_string::<i32>(), contents.as_binary::<i32>());
    let times = times.as_ref().map(|times| times.as_primitive::<TimestampMicrosecondType>());
    let all = Bytes::from_owner(Shared(contents.values().clone()));
    let place = |row: usize| usize::try_from(contents.value_offsets()[row]).unwrap_or_default();
    let object = |row| Given {
        url: urls.value(row).to_owned(),
        bytes: all.slice(place(row)..place(row + 1)),
        arrived_at: times.filter(|times| times.is_valid(row)).map(|times| times.value(row)),
    };
    Ok((0..urls.len()).map(object).collect())
}

/// An Arrow buffer as the owner of bytes.
struct Shared(Buffer);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
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
