//! A stream as a source of batches: where reading begins, how far it may go, and a stretch read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::again::patiently;
use super::ahead::Limits;
use super::cursor::Place;
use super::fault::Fault;
use super::offset::{At, Mark, OFFSET_FORMAT, Offset, Range};
use super::range::RangeReader;
use super::sdk::{Sdk, Shard, Summary};
use crate::error::{Error, Result};
use crate::source::{Options, aws};

/// Records of one read (Kinesis: GetRecords, Limit).
pub(super) const MOST: i32 = 10_000;

/// A stream that is read batch by batch.
///
/// Kinesis does not say what a stream's newest sequence number is. So [`StreamWatch::ahead`] reads up to
/// where a batch shall end and keeps only the places; [`StreamWatch::read`] reads the same stretch again,
/// anywhere, and finds the same records or fails.
#[derive(Debug, Clone)]
pub struct StreamWatch {
    pub(super) sdk: Sdk,
    pub(super) stream: String,
    /// Whether records that are gone unread end the reading.
    pub(super) strict: bool,
    /// Records of one read.
    pub(super) most: i32,
    /// Whether records that the Kinesis Producer Library put together are handed on as they are.
    pub(super) aggregates: bool,
    /// Where looks at shards stopped: a place, and the iterator that goes on there.
    left: Arc<Mutex<Left>>,
}

/// By shard.
type Left = HashMap<String, (At, String)>;

impl StreamWatch {
    /// Opens a stream of a region (`kinesis://us-east-1`). `strict`: records that are gone unread are an
    /// error. `most`: records of one read, at most 10,000. `aggregates`: records that the Kinesis Producer
    /// Library put together are handed on as they are; else they are an error.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL, option or number that cannot be used, and without credentials.
    pub fn open(
        url: &str,
        stream: &str,
        options: &Options,
        strict: bool,
        most: i32,
        aggregates: bool,
    ) -> Result<Self> {
        if !(1..=MOST).contains(&most) {
            return Err(Error::Config(format!("{most} records a read: 1 to {MOST} (GetRecords, Limit)")));
        }
        let sdk = Sdk::open(url, options)?;
        let left = Arc::default();
        Ok(Self { sdk, stream: stream.to_owned(), strict, most, aggregates, left })
    }

    /// Where reading begins: at the same place in all shards.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such stream, [`Error::Source`] where the service does not answer.
    pub fn begin(&self, at: &At) -> Result<Offset> {
        aws::wait(async {
            let summary = self.summary().await?;
            let shards = self.lineage().await?.into_iter();
            Ok(Offset {
                version: OFFSET_FORMAT,
                stream: self.stream.clone(),
                created: summary.created,
                shards: shards.map(|shard| (shard.name, Mark::new(at.clone()))).collect(),
            })
        })?
    }

    /// How far a batch behind an offset goes: the offset itself if there is nothing new. `now` is in ms since
    /// 1970.
    ///
    /// # Errors
    /// [`Error::Source`] where the service does not answer, the stream was made anew, or records are gone
    /// unread, as `strict` says.
    pub fn ahead(&self, from: &Offset, limits: &Limits, now: i64) -> Result<Offset> {
        aws::wait(self.look(from, limits, now))?
    }

    /// Reads a range again.
    ///
    /// # Errors
    /// [`Error::Source`] if there are no threads for it. What else goes wrong comes with the pages.
    pub fn read(&self, range: Range) -> Result<RangeReader> {
        RangeReader::start(self.clone(), range)
    }

    pub(super) async fn summary(&self) -> Result<Summary> {
        let found = patiently(|| self.sdk.summary(&self.stream)).await;
        found.map_err(|fault| match fault.code.as_deref() {
            Some("ResourceNotFoundException") => Error::NotFound(format!(
                "{}: no stream {}; pinlake streams create makes it, and streams list says what is there",
                self.sdk.url(),
                self.stream
            )),
            _ => self.fault("describe it", &fault),
        })
    }

    pub(super) async fn lineage(&self) -> Result<Vec<Shard>> {
        let found = patiently(|| self.sdk.lineage(&self.stream)).await;
        found.map_err(|fault| self.fault("list its shards", &fault))
    }

    pub(super) fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn place(&self, shard: &str) -> Place {
        Place { sdk: self.sdk.clone(), stream: self.stream.clone(), shard: shard.to_owned() }
    }

    pub(super) fn fault(&self, doing: &str, fault: &Fault) -> Error {
        self.error(&format!("cannot {doing}: {}", fault.words))
    }

    /// An error that says where.
    pub(super) fn error(&self, what: &str) -> Error {
        Error::Source(format!("{}, stream {}: {what}", self.sdk.url(), self.stream))
    }
}
