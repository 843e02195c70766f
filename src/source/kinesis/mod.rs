//! Kinesis: streams by their service or an API before it, and reading all that they hold.

pub(crate) mod again;
mod ahead;
mod auth;
mod cursor;
mod fault;
mod gateway;
mod offset;
mod range;
mod read;
mod rows;
mod sdk;
mod sequence;
mod service;
mod streams;
mod watch;

use std::time::Duration;

pub use ahead::Limits;
pub(crate) use fault::Fault;
pub use offset::{At, Mark, OFFSET_FORMAT, Offset, Range};
pub use range::RangeReader;
pub use read::{StreamRecord, read_stream};
pub use rows::Rows;
pub use sequence::Sequence;
pub(crate) use service::{Answer, Entry};
pub use service::{Service, StreamInfo};
pub use streams::{create_streams, delete_streams, describe_streams, list_streams};
pub use watch::StreamWatch;

/// A request without an answer for so long is given up: nobody knows then whether it was heard. (An API
/// Gateway gives up after 29 s: AWS, "Quotas for REST APIs", integration timeout.)
pub(crate) const ATTEMPT: Duration = Duration::from_secs(30);
