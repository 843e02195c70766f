//! How many threads, and when: the one place that decides.
//!
//! Inside a Spark worker the answer is one, because Spark runs a task a core already. No pool is
//! made at import or kept in a global: a worker forked from a warm parent must not find threads
//! that do not exist in it.

use rayon::ThreadPool;

use crate::error::{Error, Result};

/// Most threads a caller may ask for.
pub const MAX_THREADS: usize = 256;

/// The number of threads to use: what was asked for, or one a core.
///
/// # Errors
/// [`Error::Config`] above [`MAX_THREADS`].
pub fn count(asked: Option<usize>) -> Result<usize> {
    match asked {
        Some(threads) if threads > MAX_THREADS => {
            Err(Error::Config(format!("{threads} threads: at most {MAX_THREADS}")))
        }
        Some(threads) if threads > 0 => Ok(threads),
        _ => Ok(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)),
    }
}

/// A pool of its own for one piece of work; dropped, and joined, when that is done.
///
/// # Errors
/// [`Error::Config`] if the system gives no threads.
pub fn pool(asked: Option<usize>) -> Result<ThreadPool> {
    let threads = count(asked)?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("pinlake-{index}"))
        .build()
        .map_err(|error| Error::Config(format!("cannot start {threads} threads: {error}")))
}
