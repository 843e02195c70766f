//! The only rooms that know pyo3: conversions, exceptions, panic guard.
//!
//! Every function here is short: owned Arrow data in, the GIL released, a call into the core,
//! Arrow data out.

mod batches;
mod clean;
mod convert;
mod dedup;
mod emulate;
mod errors;
mod flow;
mod guard;
mod kind;
#[cfg(feature = "kinesis")]
mod kinesis;
mod ledger;
#[cfg(any(feature = "kafka", feature = "kinesis"))]
mod logs;
#[cfg(feature = "mysql")]
mod mysql;
mod settings;
mod source;
mod tables;
mod upload;

use pyo3::prelude::*;

#[pymodule]
#[pyo3(name = "_core")]
fn core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    // A debug build measures nothing: the bench asks.
    module.add("__profile__", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    errors::register(module)?;
    batches::register(module)?;
    kind::register(module)?;
    source::register(module)?;
    clean::register(module)?;
    dedup::register(module)?;
    flow::register(module)?;
    emulate::register(module)?;
    ledger::register(module)?;
    tables::register(module)?;
    #[cfg(any(feature = "kafka", feature = "kinesis"))]
    logs::register(module)?;
    #[cfg(feature = "kinesis")]
    kinesis::register(module)?;
    #[cfg(feature = "mysql")]
    mysql::register(module)?;
    settings::register(module)?;
    upload::register(module)?;
    Ok(())
}
