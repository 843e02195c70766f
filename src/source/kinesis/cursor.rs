//! One shard, read page by page from a place in it.

use std::time::Duration;

use tokio::time::Instant;

use super::again::patiently;
use super::fault::Fault;
use super::offset::At;
use super::sdk::Sdk;
use super::sequence::Sequence;
use super::service::{Kept, Page};
use crate::error::Result;

/// Between two reads of a shard: it answers five a second (Kinesis: "Quotas and limits", GetRecords), half of
/// which are ours, the driver's or, once it has looked ahead, an executor's.
const BETWEEN: Duration = Duration::from_millis(400);

const EXPIRED: &str = "ExpiredIteratorException";
const INVALID: &str = "InvalidArgumentException";

/// How far a clock may be ahead.
const AHEAD: Duration = Duration::from_secs(60);

/// Where a shard is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) sdk: Sdk,
    pub(super) stream: String,
    pub(super) shard: String,
}

/// One shard, read page by page.
#[derive(Debug)]
pub(super) struct Cursor {
    place: Place,
    /// Where to go on, if the iterator is lost.
    at: At,
    /// None behind the end of a closed shard.
    iterator: Option<String>,
    /// The record that was read last, which the next page begins with: unless it is gone.
    last: Option<Sequence>,
    /// Whether it was gone.
    pub(super) trimmed: bool,
    /// Whether it goes on where another one stopped a moment ago: nothing can be gone between them.
    pub(super) resumes: bool,
    asked: Option<Instant>,
}

impl Cursor {
    /// A cursor at a place in a shard.
    pub(super) async fn open(place: Place, at: &At) -> Result<Self, Fault> {
        let mut cursor = Self::new(place, at);
        cursor.aim().await?;
        Ok(cursor)
    }

    /// A cursor where another one of the same place stopped, by what [`Cursor::left`] said of it.
    pub(super) fn resume(place: Place, at: &At, iterator: String) -> Self {
        Self { iterator: Some(iterator), resumes: true, ..Self::new(place, at) }
    }

    fn new(place: Place, at: &At) -> Self {
        let at = at.clone();
        Self { place, at, iterator: None, last: None, trimmed: false, resumes: false, asked: None }
    }

    /// The place behind all that was read, and the iterator that goes on there.
    pub(super) fn left(self) -> Option<(At, String)> {
        Some((self.at, self.iterator?))
    }

    /// An iterator at the place where to go on.
    async fn aim(&mut self) -> Result<(), Fault> {
        let (place, at) = (&self.place, &self.at);
        let iterator = || place.sdk.iterator(&place.stream, &place.shard, at);
        let began = Instant::now();
        self.iterator = loop {
            match patiently(iterator).await {
                // This machine's clock may be ahead of the service's, which knows no later moment.
                Err(fault) if fault.is(INVALID) && matches!(at, At::Time(_)) && began.elapsed() < AHEAD => {
                    tokio::time::sleep(BETWEEN).await;
                }
                found => break found?,
            }
        };
        self.resumes = false;
        self.last = match &self.at {
            At::After(last) => Some(last.clone()),
            At::Begin | At::Time(_) => None,
        };
        Ok(())
    }

    /// The next records, at most so many, maybe none; None behind the end of a closed shard.
    pub(super) async fn next(&mut self, most: i32) -> Result<Option<Page>, Fault> {
        while let Some(iterator) = self.iterator.take() {
            self.wait().await;
            let records = || self.place.sdk.records(&iterator, Some(most));
            match patiently(records).await {
                Ok(page) => return self.taken(page, most).map(Some),
                // It lives five minutes.
                Err(fault) if fault.is(EXPIRED) => self.aim().await?,
                Err(fault) => return Err(fault),
            }
        }
        Ok(None)
    }

    async fn wait(&mut self) {
        if let Some(asked) = self.asked {
            tokio::time::sleep_until(asked + BETWEEN).await;
        }
        self.asked = Some(Instant::now());
    }

    /// A page without what was read before.
    fn taken(&mut self, mut page: Page, most: i32) -> Result<Page, Fault> {
        self.iterator = page.next.take();
        // Whether more is there was asked with the record that is taken out here.
        page.full = usize::try_from(most).is_ok_and(|most| page.records.len() >= most);
        if let Some(first) = page.records.first()
            && let Some(last) = self.last.take()
        {
            if sequence(first)? == last {
                page.records.remove(0);
            } else {
                self.trimmed = true;
            }
        }
        if let Some(newest) = page.records.last() {
            self.at = At::After(sequence(newest)?);
        }
        Ok(page)
    }

    /// Whether the record that was read last has not been seen again, nor any behind it.
    pub(super) const fn is_blind(&self) -> bool {
        self.last.is_some()
    }
}

/// A record's sequence number.
pub(super) fn sequence(record: &Kept) -> Result<Sequence, Fault> {
    Sequence::parse(&record.sequence).map_err(Fault::unmade)
}
