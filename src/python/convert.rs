//! Reports as plain Python values.

use pyo3::prelude::*;
use serde::Serialize;

use crate::error::Error;

/// Plain Python values, by way of JSON.
pub(super) fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|error| Error::Config(error.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}
