//! Ways by which entries are put, each with its limits.

use std::sync::Arc;

use super::firehose::Firehose;
use crate::source::kinesis::{Answer, Entry, Fault, Service};

/// Who takes entries.
#[derive(Debug)]
pub(super) enum Way {
    /// Streams of Kinesis, by their service or an API before it.
    Streams(Service),
    /// Delivery streams of Firehose.
    Delivery(Arc<Firehose>),
}

/// What one request may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Entries.
    pub(super) records: usize,
    /// Bytes of all entries.
    pub(super) bytes: usize,
    /// Bytes of an entry.
    pub(super) record: usize,
}

/// PutRecords (Kinesis: "Quotas and limits"), a record and its key counted together.
const KINESIS: Limits = Limits { records: 500, bytes: 5 << 20, record: 1 << 20 };

/// The same through an API Gateway, whose requests may have 10 MB (AWS: "Quotas for REST APIs"): as
/// text in JSON a value may be twice as long.
const GATEWAY: Limits = Limits { bytes: 4 << 20, ..KINESIS };

/// PutRecordBatch (Firehose: "Quota").
const FIREHOSE: Limits = Limits { records: 500, bytes: 4 << 20, record: 1_000 * 1_024 };

impl Way {
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Streams(service) => service.url(),
            Self::Delivery(firehose) => firehose.url(),
        }
    }

    pub(super) const fn limits(&self) -> Limits {
        match self {
            Self::Streams(service) if service.takes_text() => GATEWAY,
            Self::Streams(_) => KINESIS,
            Self::Delivery(_) => FIREHOSE,
        }
    }

    /// Faults that it cannot carry: data may be empty, but not absent, and text is UTF-8.
    pub(super) const fn refuses(&self) -> &'static [&'static str] {
        match self {
            Self::Streams(service) if service.takes_text() => &["null_value", "invalid_utf8"],
            _ => &["null_value"],
        }
    }

    /// Puts entries; one answer an entry, in their order.
    pub(super) async fn put(&self, stream: &str, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        match self {
            Self::Streams(service) => service.put(stream, entries).await,
            Self::Delivery(firehose) => firehose.put(stream, entries).await,
        }
    }
}
