//! A finished file to S3.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::guard;
use crate::sink;
use crate::source::Options;

/// Uploads a local file to an `s3://` URL, whole or not at all; gives the bytes sent.
#[pyfunction]
#[pyo3(signature = (file, url, *, options = None))]
#[allow(clippy::needless_pass_by_value)] // what pyo3 hands over is owned
fn upload(py: Python<'_>, file: PathBuf, url: String, options: Option<Options>) -> PyResult<u64> {
    guard::heeding(py, move || sink::upload(&file, &url, &options.unwrap_or_default()))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(upload, module)?)
}
