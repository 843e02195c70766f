//! Topics of a Kafka cluster, and what they hold.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;

use super::convert::to_python;
use super::guard;
use crate::error::{Error, Result};
use crate::sink::{ArrayFile, Consumed};
use crate::source::Options;
use crate::source::kafka::{self, Brokers, NewTopic};

/// Makes topics with so many partitions; gives the names of those that were there already.
///
/// ``url`` is ``kafka://host:9092``. Copies (``replication``) and ``retention_ms`` are the brokers' choice
/// where they are None. Raises ``SinkError`` where no broker answers or access is refused.
#[pyfunction]
#[pyo3(signature = (url, topics, *, partitions = 3, replication = None, retention_ms = None, options = None))]
#[allow(clippy::needless_pass_by_value)] // what pyo3 hands over is owned
fn create_topics(
    py: Python<'_>,
    url: &str,
    topics: Vec<String>,
    partitions: i32,
    replication: Option<i32>,
    retention_ms: Option<i64>,
    options: Option<Options>,
) -> PyResult<Vec<String>> {
    guard::run(py, || {
        if partitions < 1 {
            return Err(Error::Config(format!("{partitions} partitions: a topic has at least one")));
        }
        let made = |name| NewTopic { name, partitions, replication, retention_ms };
        let topics: Vec<_> = topics.into_iter().map(made).collect();
        kafka::create_topics(&brokers(url, options)?, &topics)
    })
}

/// Deletes topics; gives the names of those that were not there.
#[pyfunction]
#[pyo3(signature = (url, topics, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn delete_topics(
    py: Python<'_>,
    url: &str,
    topics: Vec<String>,
    options: Option<Options>,
) -> PyResult<Vec<String>> {
    guard::run(py, || kafka::delete_topics(&brokers(url, options)?, &topics))
}

/// The topics whose names begin with ``prefix``: dicts of name, partitions, replication.
#[pyfunction]
#[pyo3(signature = (url, prefix = "", *, options = None))]
fn list_topics<'py>(
    py: Python<'py>,
    url: &str,
    prefix: &str,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let topics = guard::run(py, || kafka::list_topics(&brokers(url, options)?, prefix))?;
    to_python(py, &topics)
}

/// Topics with their settings. Raises ``FileNotFoundError`` for one that is not there.
#[pyfunction]
#[pyo3(signature = (url, topics, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn describe_topics<'py>(
    py: Python<'py>,
    url: &str,
    topics: Vec<String>,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let topics = guard::run(py, || kafka::describe_topics(&brokers(url, options)?, &topics))?;
    to_python(py, &topics)
}

/// Consumes all that topics hold into files, each one JSON array of topic, partition, offset, key and
/// value; gives the records of each file.
///
/// ``files`` maps a topic to its file. A value that is no JSON stands as ``{"base64": …}``.
#[pyfunction]
#[pyo3(signature = (url, files, *, options = None))]
#[allow(clippy::needless_pass_by_value)]
fn consume_topics(
    py: Python<'_>,
    url: &str,
    files: BTreeMap<String, PathBuf>,
    options: Option<Options>,
) -> PyResult<BTreeMap<String, u64>> {
    guard::run(py, || {
        let brokers = brokers(url, options)?;
        files.iter().map(|(topic, path)| Ok((topic.clone(), consume(&brokers, topic, path)?))).collect()
    })
}

fn consume(brokers: &Brokers, topic: &str, path: &std::path::Path) -> Result<u64> {
    let mut file = ArrayFile::create(path)?;
    kafka::read_all(brokers, &[topic.to_owned()], |message| {
        let (partition, offset) = (message.partition.to_string(), message.offset.to_string());
        file.add(&Consumed {
            topic,
            partition: &partition,
            offset: &offset,
            key: message.key,
            value: message.value,
        })
    })?;
    file.finish()
}

fn brokers(url: &str, options: Option<Options>) -> Result<Brokers> {
    Brokers::parse(url, &options.unwrap_or_default())
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(create_topics, module)?)?;
    module.add_function(wrap_pyfunction!(delete_topics, module)?)?;
    module.add_function(wrap_pyfunction!(list_topics, module)?)?;
    module.add_function(wrap_pyfunction!(describe_topics, module)?)?;
    module.add_function(wrap_pyfunction!(consume_topics, module)?)
}
