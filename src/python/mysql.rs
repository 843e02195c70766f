//! Databases to look at.

use pyo3::prelude::*;

use super::guard;
use crate::kind::{Kind, builtins};
use crate::source::{Options, mysql};

/// Logs in to a database and gives the tables of the three kinds that are there, with how many rows each has.
///
/// Raises ``ConfigError``, ``FileNotFoundError`` or ``SourceError`` for a connection that cannot be made.
#[pyfunction]
#[pyo3(signature = (url, *, options = None))]
fn database_tables(py: Python<'_>, url: &str, options: Option<Options>) -> PyResult<Vec<(String, u64)>> {
    let kinds: Vec<&Kind> = builtins().iter().map(AsRef::as_ref).collect();
    guard::run(py, || mysql::tables(url, &options.unwrap_or_default(), &kinds))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(database_tables, module)?)
}
