//! Files of settings that the core reads too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;

use crate::source::dotenv;

/// The ``PINLAKE_…`` variables that a file of ``NAME=value`` lines sets; none if it is not there.
///
/// Raises ``ConfigError`` for a line of pinlake's in another form, by its number, and for a file that is not UTF-8.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // what pyo3 hands over is owned
fn read_env_file(path: PathBuf) -> PyResult<BTreeMap<String, String>> {
    Ok(dotenv::read(&path)?)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(read_env_file, module)?)
}
