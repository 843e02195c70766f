//! Streams of Kinesis as a source of batches.

use arrow::array::RecordBatch;
use pyo3::prelude::*;

use super::batches::Batches;
use super::guard;
use crate::error::{Error, Result};
use crate::source::Options;
use crate::source::kinesis::{At, Limits, Offset, Range, Rows, StreamWatch};

/// A stream that is read batch by batch: how far a batch goes, and its records, again and again the same.
///
/// ``url`` is ``kinesis://region`` (the option ``endpoint`` names another place than AWS's own). ``strict``:
/// records that are gone unread are an error. ``fetch``: records of one read, 1 to 10,000. ``aggregates``:
/// records that the Kinesis Producer Library put together are handed on as they are, else they are an error.
/// Offsets and ranges are JSON. Times are ms since 1970 UTC.
///
/// Raises ``ConfigError`` for a URL or a number that cannot be used, and without credentials.
#[pyclass(module = "pinlake._core", frozen)]
struct KinesisStream(StreamWatch);

#[pymethods]
impl KinesisStream {
    #[new]
    #[pyo3(signature = (url, stream, *, options = None, strict = true, fetch = 10_000, aggregates = false))]
    fn new(
        py: Python<'_>,
        url: &str,
        stream: &str,
        options: Option<Options>,
        strict: bool,
        fetch: i32,
        aggregates: bool,
    ) -> PyResult<Self> {
        let options = options.unwrap_or_default();
        guard::run(py, || StreamWatch::open(url, stream, &options, strict, fetch, aggregates)).map(Self)
    }

    /// Where reading begins: at the oldest records, or at those that arrived at ``time`` or later.
    ///
    /// Raises ``FileNotFoundError`` if there is no such stream, ``SourceError`` where the service does not
    /// answer.
    #[pyo3(signature = (time = None))]
    fn begin(&self, py: Python<'_>, time: Option<i64>) -> PyResult<String> {
        let at = time.map_or(At::Begin, At::Time);
        guard::run(py, || Ok(self.0.begin(&at)?.to_json()))
    }

    /// How far a batch behind ``offset`` goes: the same offset if there is nothing new.
    ///
    /// Of each shard it takes up to about ``records`` records and ``size`` bytes, and nothing that arrived
    /// later than ``until``. Raises ``SourceError`` where the service does not answer, the stream was made
    /// anew, or records are gone unread.
    #[pyo3(signature = (offset, *, now, records, size, until = None))]
    fn ahead(
        &self,
        py: Python<'_>,
        offset: &str,
        now: i64,
        records: u64,
        size: u64,
        until: Option<i64>,
    ) -> PyResult<String> {
        guard::run(py, || {
            let from = Offset::from_json(offset)?;
            Ok(self.0.ahead(&from, &Limits { records, bytes: size, until }, now)?.to_json())
        })
    }

    /// Reads a range: record batches of partitionKey, data, stream, shardId, sequenceNumber and
    /// approximateArrivalTimestamp; with ``epoch`` of value, _source, _arrived_at and partitionKey.
    ///
    /// The same records each time, or ``SourceError``.
    #[pyo3(signature = (stretch, *, epoch = None))]
    fn read(&self, py: Python<'_>, stretch: &str, epoch: Option<i32>) -> PyResult<Batches> {
        let pages = guard::run(py, || {
            let range: Range = serde_json::from_str(stretch)
                .map_err(|error| Error::Source(format!("a range cannot be read: {error}")))?;
            self.0.read(range)
        })?;
        let batch = move |rows: Result<Rows>| -> Result<RecordBatch> {
            let rows = rows?;
            epoch.map_or_else(|| rows.plain(), |epoch| rows.payloads(epoch))
        };
        Ok(Batches::new(pages.map(batch)))
    }
}

/// What lies between two offsets of a stream: a range a shard that has records there, as JSON each, and how
/// many records it has.
#[pyfunction]
fn kinesis_ranges(py: Python<'_>, start: &str, end: &str) -> PyResult<Vec<(String, u64)>> {
    guard::run(py, || {
        let ranges = Offset::from_json(start)?.ranges_to(&Offset::from_json(end)?)?;
        let told = |range: Range| (serde_json::to_string(&range).unwrap_or_default(), range.records);
        Ok(ranges.into_iter().map(told).collect())
    })
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<KinesisStream>()?;
    module.add_function(wrap_pyfunction!(kinesis_ranges, module)?)
}
