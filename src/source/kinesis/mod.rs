//! Kinesis: streams by their service or an API before it, and reading all that they hold.

mod auth;
mod fault;
mod gateway;
mod read;
mod sdk;
mod service;
mod streams;

use std::time::Duration;

pub(crate) use fault::{Fault, TOO_MANY};
pub use read::{StreamRecord, read_stream};
pub(crate) use service::{Answer, Entry};
pub use service::{Service, StreamInfo};
pub use streams::{create_streams, delete_streams, describe_streams, list_streams};

/// A request without an answer for so long is given up: nobody knows then whether it was heard. (An API
/// Gateway gives up after 29 s: AWS, "Quotas for REST APIs", integration timeout.)
pub(crate) const ATTEMPT: Duration = Duration::from_secs(30);
