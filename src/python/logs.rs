//! Topics of Kafka and streams of Kinesis, and what they hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;

use super::convert::to_python;
use super::guard;
use crate::error::{Error, Result};
use crate::ledger::Position;
use crate::sink::{ArrayFile, Consumed};
use crate::source::Options;
#[cfg(feature = "kafka")]
use crate::source::kafka::{self, Brokers, NewTopic};
#[cfg(feature = "kinesis")]
use crate::source::kinesis::{self, Service};
use crate::source::logs::Logs;

/// Makes topics with so many partitions; gives the names of those that were there already.
///
/// ``url`` is ``kafka://host:9092``. Copies (``replication``) and ``retention_ms`` are the brokers' choice
/// where they are None. Raises ``SinkError`` where no broker answers or access is refused.
#[cfg(feature = "kafka")]
#[pyfunction]
#[pyo3(signature = (url, topics, *, partitions = 3, replication = None, retention_ms = None, options = None))]
#[allow(clippy::needless_pass_by_value)] // what pyo3 hands over is owned
fn create_topics(
    py: Python<'_>,
    url: String,
    topics: Vec<String>,
    partitions: i32,
    replication: Option<i32>,
    retention_ms: Option<i64>,
    options: Option<Options>,
) -> PyResult<Vec<String>> {
    guard::heeding(py, move || {
        at_least_one("partitions", partitions)?;
        let made = |name| NewTopic { name, partitions, replication, retention_ms };
        let topics: Vec<_> = topics.into_iter().map(made).collect();
        kafka::create_topics(&Brokers::parse(&url, &options.unwrap_or_default())?, &topics)
    })
}

/// Makes streams with so many shards and waits until they are active; gives the names of those that
/// were there already.
///
/// ``url`` is ``kinesis://region`` (the option ``endpoint`` names another place than AWS's own) or
/// ``gateway+https://host/stage``. Raises ``SinkError`` where the service does not answer or refuses.
#[cfg(feature = "kinesis")]
#[pyfunction]
#[pyo3(signature = (url, streams, *, shards = 1, retention_hours = None, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn create_streams(
    py: Python<'_>,
    url: String,
    streams: Vec<String>,
    shards: i32,
    retention_hours: Option<i32>,
    options: Option<Options>,
) -> PyResult<Vec<String>> {
    guard::heeding(py, move || {
        at_least_one("shards", shards)?;
        let service = Service::open(&url, &options.unwrap_or_default())?;
        kinesis::create_streams(&service, &streams, shards, retention_hours)
    })
}

fn at_least_one(what: &str, count: i32) -> Result<()> {
    if count < 1 {
        return Err(Error::Config(format!("{count} {what}: there is at least one")));
    }
    Ok(())
}

/// The topics or streams of a user id, by kind: ``<user id>.<kind>``, ``streaming-<user id>-<kind>``, or the
/// stream that the option ``stream`` names for all of them.
///
/// Asks no broker and no stream, but AWS's chain for credentials, as all that follows needs them. ``url`` is
/// ``kafka://host:9092``, ``kinesis://region`` or ``gateway+https://host/stage``.
#[pyfunction]
#[pyo3(signature = (url, user_id, kinds, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn log_names(
    py: Python<'_>,
    url: String,
    user_id: String,
    kinds: Vec<String>,
    options: Option<Options>,
) -> PyResult<BTreeMap<String, String>> {
    guard::heeding(py, move || {
        let logs = open(&url, options)?;
        Ok(kinds.into_iter().map(|kind| (kind.clone(), logs.name(&user_id, &kind))).collect())
    })
}

/// User and password for Kafka, where others than the core speak to it: of the variables
/// ``PINLAKE_KAFKA_USERNAME`` and ``PINLAKE_KAFKA_PASSWORD`` or ``PINLAKE_KAFKA_PASSWORD_FILE``, else of the
/// secret of AWS's Secrets Manager that the option ``secret`` names.
///
/// Raises ``ConfigError`` where either is missing.
#[cfg(feature = "kafka")]
#[pyfunction]
#[pyo3(signature = (*, options = None))]
fn kafka_login(py: Python<'_>, options: Option<Options>) -> PyResult<(String, String)> {
    guard::heeding(py, move || kafka::credentials(&options.unwrap_or_default()))
}

/// The topics or streams whose names begin with ``prefix``: dicts of name, partitions and replication,
/// or of name, status, shards and retention_hours.
///
/// ``url`` is ``kafka://host:9092``, ``kinesis://region`` or ``gateway+https://host/stage``.
#[pyfunction]
#[pyo3(signature = (url, prefix = String::new(), *, options = None), text_signature = "(url, prefix='', *, options=None)")]
fn list_logs<'py>(
    py: Python<'py>,
    url: String,
    prefix: String,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let logs = guard::heeding(py, move || open(&url, options)?.list(&prefix))?;
    to_python(py, &logs)
}

/// Topics or streams with their settings. Raises ``FileNotFoundError`` for one that is not there.
#[pyfunction]
#[pyo3(signature = (url, names, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn describe_logs<'py>(
    py: Python<'py>,
    url: String,
    names: Vec<String>,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let logs = guard::heeding(py, move || open(&url, options)?.describe(&names))?;
    to_python(py, &logs)
}

/// Deletes topics or streams; gives the names of those that were not there.
#[pyfunction]
#[pyo3(signature = (url, names, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn delete_logs(
    py: Python<'_>,
    url: String,
    names: Vec<String>,
    options: Option<Options>,
) -> PyResult<Vec<String>> {
    guard::heeding(py, move || open(&url, options)?.delete(&names))
}

/// Consumes all that topics or streams hold into files, each one JSON array of topic, partition, offset,
/// key and value (of streams: name, shard, sequence number, key, value); gives the records of each file.
///
/// ``files`` maps a topic or stream to its file. A value that is no JSON stands as ``{"base64": …}``.
#[pyfunction]
#[pyo3(signature = (url, files, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn consume_logs(
    py: Python<'_>,
    url: String,
    files: BTreeMap<String, PathBuf>,
    options: Option<Options>,
) -> PyResult<BTreeMap<String, u64>> {
    guard::heeding(py, move || {
        let logs = open(&url, options)?;
        files.iter().map(|(name, path)| Ok((name.clone(), consume(&logs, name, path)?))).collect()
    })
}

fn consume(logs: &Logs, name: &str, path: &Path) -> Result<u64> {
    let mut file = ArrayFile::create(path)?;
    logs.read(name, |record| {
        let offset = match &record.position {
            Position::Offset(offset) => offset.to_string(),
            Position::Sequence(digits) => digits.clone(),
            Position::None => String::new(),
        };
        file.add(&Consumed {
            topic: name,
            partition: record.part,
            offset: &offset,
            key: record.key,
            value: record.value,
        })
    })?;
    file.finish()
}

fn open(url: &str, options: Option<Options>) -> Result<Logs> {
    Logs::open(url, &options.unwrap_or_default())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    #[cfg(feature = "kafka")]
    module.add_function(wrap_pyfunction!(create_topics, module)?)?;
    #[cfg(feature = "kafka")]
    module.add_function(wrap_pyfunction!(kafka_login, module)?)?;
    #[cfg(feature = "kinesis")]
    module.add_function(wrap_pyfunction!(create_streams, module)?)?;
    module.add_function(wrap_pyfunction!(log_names, module)?)?;
    module.add_function(wrap_pyfunction!(list_logs, module)?)?;
    module.add_function(wrap_pyfunction!(describe_logs, module)?)?;
    module.add_function(wrap_pyfunction!(delete_logs, module)?)?;
    module.add_function(wrap_pyfunction!(consume_logs, module)?)
}
