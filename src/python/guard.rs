//! Work without the GIL, and panics as exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use pyo3::prelude::*;

use super::errors::PinlakeError;
use crate::error::{Error, Result};

/// How often Python's signals are looked for.
pub(super) const SIGNALS: Duration = Duration::from_millis(50);

/// Runs work with the GIL released. A panic is a bug, but it must not end the interpreter: it
/// becomes a `PinlakeError` that says so.
pub(super) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    told(py.detach(|| catch_unwind(AssertUnwindSafe(work))))
}

fn told<T>(outcome: std::thread::Result<Result<T>>) -> PyResult<T> {
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

/// Runs work that may wait for somebody else's answer on a thread of its own: a signal whose handler
/// raises ends the call at once, and the work is left to itself.
pub(super) fn heeding<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let (to, mut from) = channel();
    let thread = std::thread::Builder::new().name("pinlake-call".into()).spawn(move || {
        // Nobody takes it after a signal.
        drop(to.send(catch_unwind(AssertUnwindSafe(work))));
    });
    thread.map_err(|error| Error::Source(format!("cannot start a thread: {error}")))?;
    loop {
        let outcome;
        (outcome, from) = py.detach(move || (from.recv_timeout(SIGNALS), from));
        match outcome {
            Ok(outcome) => return told(outcome),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PinlakeError::new_err(
                    "internal error: a call that gave no answer; please report it",
                ));
            }
        }
    }
}
