//! Work without the GIL, and panics as exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use super::errors::PinlakeError;
use crate::error::Result;

/// Runs work with the GIL released. A panic is a bug, but it must not end the interpreter: it
/// becomes a `PinlakeError` that says so.
pub(super) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    match outcome {
        Ok(result) => Ok(result?),
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".into());
            Err(PinlakeError::new_err(format!(
                "internal error: {what}; please report it with the input that caused it"
            )))
        }
    }
}
