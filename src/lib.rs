//! pinlake: the row work of the Pinterest data pipeline.
//!
//! One flow: [`source`] → [`parse`] → [`clean`] → [`dedup`] → [`sink`]. A [`kind`] is a plan that
//! all of them follow; [`schema`] turns it into Arrow and SQL types. [`emulate`] makes the data.

pub mod error;
pub mod kind;
pub mod schema;
pub mod threads;

pub mod parse;

pub mod clean;

pub mod dedup;

pub use error::{Error, Result};

#[cfg(feature = "python")]
mod python;
