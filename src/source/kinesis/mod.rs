//! Kinesis: streams by their service, and reading all that they hold.

mod client;
mod read;
mod streams;

pub use client::{Service, stream_name};
pub(crate) use client::{fault_of, is_sure};
pub use read::{StreamRecord, read_stream};
pub use streams::{StreamInfo, create_streams, delete_streams, describe_streams, list_streams};
