//! Who holds streams, and what can be asked of them: the service itself, or an API before it.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::fault::Fault;
use super::gateway::Gateway;
use super::sdk::Sdk;
use crate::error::{Error, Result};
use crate::source::{Options, aws};

/// Streams of Kinesis in a region (`kinesis://region`), or behind an API Gateway
/// (`gateway+https://host/stage`).
#[derive(Debug, Clone)]
pub struct Service {
    url: String,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Sdk(Sdk),
    Gateway(Arc<Gateway>),
}

/// A stream as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamInfo {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `CREATING`, …
    pub status: String,
    /// Shards that are open.
    pub shards: i32,
    /// For how long it keeps records.
    pub retention_hours: i32,
}

/// A record to be put: its partition key and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Bytes,
}

/// What a service says of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has it, at a sequence number of a shard (Firehose: nowhere yet).
    Accepted(Option<(String, String)>),
    /// It refused it: its code and its words.
    Refused(String, Option<String>),
    /// It says nothing of it.
    Silent,
}

impl Answer {
    /// By what an entry of the answer holds: its code and words, or shard and sequence number.
    pub(super) fn of(code: Option<&str>, words: Option<&str>, at: Option<(&str, &str)>) -> Self {
        match (code, at) {
            (Some(code), _) => Self::Refused(code.to_owned(), words.map(ToOwned::to_owned)),
            (None, Some((shard, sequence))) => Self::Accepted(Some((shard.to_owned(), sequence.to_owned()))),
            // An answer of 200 without a sequence number is none.
            (None, None) => Self::Silent,
        }
    }
}

/// Some records of a shard.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) records: Vec<Kept>,
    /// Where to go on; None behind the end of a closed shard.
    pub(super) next: Option<String>,
    /// How far the newest record is.
    pub(super) behind_ms: i64,
    /// Whether it holds as many records as were asked for.
    pub(super) full: bool,
}

/// A record as a stream keeps it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) sequence: String,
    pub(super) key: String,
    pub(super) value: Vec<u8>,
    /// Ms since 1970.
    pub(super) arrived_ms: Option<i64>,
}

/// One request, whichever way it goes.
macro_rules! ask {
    ($service:expr, $request:ident ( $($word:expr),* )) => {
        match &$service.way {
            Way::Sdk(way) => way.$request($($word),*).await,
            Way::Gateway(way) => way.$request($($word),*).await,
        }
    };
}

impl Service {
    /// Opens `kinesis://region` (option `endpoint`: another place than AWS's own) or
    /// `gateway+https://host/stage` (options `auth`, `region`).
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or an option that cannot be used, and without credentials.
    pub fn open(url: &str, options: &Options) -> Result<Self> {
        let (url, way) = if Gateway::is_url(url) {
            let gateway = Gateway::open(url, options)?;
            (gateway.url(), Way::Gateway(Arc::new(gateway)))
        } else {
            let sdk = Sdk::open(url, options)?;
            (sdk.url(), Way::Sdk(sdk))
        };
        Ok(Self { url, way })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether records reach it as text.
    pub(crate) const fn takes_text(&self) -> bool {
        matches!(self.way, Way::Gateway(_))
    }

    /// An error that says where, what and why.
    pub(super) fn fault(&self, doing: &str, fault: &Fault) -> Error {
        Error::Sink(format!("{}: cannot {doing}: {}", self.url, fault.words))
    }

    /// Puts records into a stream; one answer a record, in their order.
    pub(crate) async fn put(&self, stream: &str, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        ask!(self, put(stream, entries))
    }

    pub(super) fn create(&self, stream: &str, shards: i32) -> Result<Result<(), Fault>> {
        aws::wait(async { ask!(self, create(stream, shards)) })
    }

    pub(super) fn keep_for(&self, stream: &str, hours: i32) -> Result<Result<(), Fault>> {
        aws::wait(async { ask!(self, keep_for(stream, hours)) })
    }

    pub(super) fn delete(&self, stream: &str) -> Result<Result<(), Fault>> {
        aws::wait(async { ask!(self, delete(stream)) })
    }

    /// Names of streams behind one, and whether there are more.
    pub(super) fn names(&self, after: Option<&str>) -> Result<Result<(Vec<String>, bool), Fault>> {
        aws::wait(async { ask!(self, names(after)) })
    }

    pub(super) fn describe(&self, stream: &str) -> Result<Result<StreamInfo, Fault>> {
        aws::wait(async { ask!(self, describe(stream)) })
    }

    /// All shards of a stream, closed ones too.
    pub(super) fn shards(&self, stream: &str) -> Result<Result<Vec<String>, Fault>> {
        aws::wait(async { ask!(self, shards(stream)) })
    }

    /// Where a shard's oldest record is; None for a shard without a beginning.
    pub(super) fn begin(&self, stream: &str, shard: &str) -> Result<Result<Option<String>, Fault>> {
        aws::wait(async { ask!(self, begin(stream, shard)) })
    }

    pub(super) fn page(&self, stream: &str, iterator: &str) -> Result<Result<Page, Fault>> {
        aws::wait(async { ask!(self, page(stream, iterator)) })
    }
}
