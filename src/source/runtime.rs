//! The one tokio runtime, made on first use.
//!
//! Spark's Python workers are forked from a daemon and reused: threads do not survive a fork, so
//! a child makes a runtime of its own. The parent's is never dropped there: dropping joins
//! threads that the child does not have. One runtime a process lives as long as the process.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// Threads that drive requests; the work on the bytes happens elsewhere.
const IO_THREADS: usize = 2;

static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// This process's runtime.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    let pid = std::process::id();
    let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, runtime)) = *slot
        && owner == pid
    {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(IO_THREADS)
        .thread_name("pinlake-io")
        .enable_all()
        .build()
        .map_err(|error| Error::Source(format!("cannot start threads for requests: {error}")))?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *slot = Some((pid, runtime));
    Ok(runtime)
}
