//! pinlake: the row work of the Pinterest data pipeline.
//!
//! One flow: [`source`] → [`parse`] → [`clean`] → [`dedup`] → [`sink`]. A [`kind`] is a plan that
//! all of them follow; [`schema`] turns it into Arrow and SQL types. [`emulate`] makes the data, [`ledger`]
//! says what became of it.

pub mod error;
mod hidden;
pub mod kind;
pub mod schema;
pub mod threads;

pub mod source;

pub mod parse;

pub mod clean;

pub mod dedup;

pub mod sink;

pub mod emulate;

pub mod ledger;

pub mod flow;

pub use error::{Error, Result};

#[cfg(feature = "python")]
mod python;

// The tests of the whole crate belong to its one test binary: as crates of their own each would be
// linked by itself, and lints would not know them for tests.
#[cfg(test)]
extern crate self as pinlake;
#[cfg(test)]
#[path = "../tests/all.rs"]
mod all;
