//! Databases to load tables into and to look at.

use pyo3::prelude::*;

use super::convert::to_python;
use super::guard;
use crate::kind::{Kind, builtins};
use crate::sink;
use crate::source::{Options, mysql};

/// Loads the three tables into MySQL or MariaDB, and gives a list of dicts with ``table`` and ``rows``.
///
/// ``source`` is a file or folder (CSV, JSON lines, Parquet, found by name) or a dump (``*.sql``, packed or
/// not); ``target`` is ``mysql://[user@]host[:3306]/database``. A load that fails changes nothing.
///
/// Parameters
/// ----------
/// replace
///     Put tables in the place of those that are there; else they are refused.
/// options
///     How to speak to the database: what ``[mysql]`` of ``pinlake.toml`` takes.
/// storage
///     Store options such as ``endpoint`` for a source on S3; never secrets.
///
/// Raises
/// ------
/// ConfigError
///     A URL, an option or credentials that cannot be used.
/// FileNotFoundError
///     A source without any of the tables, or a database that is not there.
/// SourceError
///     A source that cannot be read, a dump with statements that none of tables has, no connection.
/// SinkError
///     Tables that are there already, and what the server refuses.
#[pyfunction]
#[pyo3(signature = (source, target, *, replace = false, options = None, storage = None))]
fn load_tables<'py>(
    py: Python<'py>,
    source: String,
    target: String,
    replace: bool,
    options: Option<Options>,
    storage: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let loaded = guard::heeding(py, move || {
        sink::load(&source, &storage.unwrap_or_default(), &target, &options.unwrap_or_default(), replace)
    })?;
    to_python(py, &loaded)
}

/// Logs in to a database and gives the tables of the three kinds that are there, with how many rows each has.
///
/// Raises what ``load_tables`` does for a connection.
#[pyfunction]
#[pyo3(signature = (url, *, options = None))]
fn database_tables(py: Python<'_>, url: String, options: Option<Options>) -> PyResult<Vec<(String, u64)>> {
    guard::heeding(py, move || {
        let kinds: Vec<&Kind> = builtins().iter().map(AsRef::as_ref).collect();
        mysql::tables(&url, &options.unwrap_or_default(), &kinds)
    })
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(load_tables, module)?)?;
    module.add_function(wrap_pyfunction!(database_tables, module)?)
}
