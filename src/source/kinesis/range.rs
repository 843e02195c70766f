//! A stretch of a shard, read again where and whenever it is asked for.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::cursor::{Cursor, sequence};
use super::offset::Range;
use super::rows::Rows;
use super::service::Kept;
use super::watch::StreamWatch;
use crate::error::{Error, Result};
use crate::source::runtime;

/// Pages that are fetched while one is worked on.
const AHEAD: usize = 2;

/// A batch holds no more: a read gives 10 MiB (Kinesis: GetRecords), other servers than AWS's own may give more.
const BATCH_BYTES: usize = 64 << 20;

/// Records; None behind the last ones, so that a task that ended otherwise is not taken for the end.
type Part = Option<Vec<Kept>>;

/// The records of a range, page by page: the same ones each time, or an error.
#[derive(Debug)]
pub struct RangeReader {
    pages: Receiver<Result<Part>>,
    is_over: bool,
    stream: String,
    shard: String,
}

impl RangeReader {
    pub(super) fn start(watch: StreamWatch, range: Range) -> Result<Self> {
        let (sender, pages) = channel(AHEAD);
        let (stream, shard) = (watch.stream.clone(), range.shard.clone());
        runtime()?.spawn(async move {
            let end = fetch(&watch, &range, &sender).await.map(|()| None);
            // Nobody waits for it any more, or he gets it.
            drop(sender.send(end).await);
        });
        Ok(Self { pages, is_over: false, stream, shard })
    }
}

impl Iterator for RangeReader {
    type Item = Result<Rows>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.pages.blocking_recv() {
            Some(Ok(Some(records))) => Some(Ok(Rows::new(self.stream.clone(), self.shard.clone(), records))),
            Some(Ok(None)) => {
                self.is_over = true;
                None
            }
            Some(Err(error)) => {
                self.is_over = true;
                Some(Err(error))
            }
            None => {
                self.is_over = true;
                let what = format!("stream {}, {}: reading it broke off; run again", self.stream, self.shard);
                Some(Err(Error::Source(what)))
            }
        }
    }
}

async fn fetch(watch: &StreamWatch, range: &Range, sender: &Sender<Result<Part>>) -> Result<()> {
    let fault = |fault| watch.fault(&format!("read {}", range.shard), &fault);
    let place = watch.place(&range.shard);
    let mut cursor = Cursor::open(place, &range.from).await.map_err(fault)?;
    let mut left = range.records;
    loop {
        let Some(page) = cursor.next(watch.most).await.map_err(fault)? else {
            return short(watch, range, left);
        };
        let is_over = page.records.is_empty() && page.behind_ms == 0 && !page.full;
        let (records, met) = until_end(page.records, range).map_err(fault)?;
        left = left.checked_sub(records.len() as u64).ok_or_else(|| another(watch, range))?;
        for part in parts(records) {
            if sender.send(Ok(Some(part))).await.is_err() {
                // Nobody reads on.
                return Ok(());
            }
        }
        if met && left == 0 {
            return Ok(());
        }
        if met || is_over {
            return short(watch, range, left);
        }
    }
}

/// The records up to the range's last, and whether that one or a later one was there.
fn until_end(mut records: Vec<Kept>, range: &Range) -> Result<(Vec<Kept>, bool), super::fault::Fault> {
    let mut end = records.len();
    let mut met = false;
    for (at, record) in records.iter().enumerate() {
        let place = sequence(record)?;
        if place > range.to {
            (end, met) = (at, true);
            break;
        }
        met = place == range.to;
    }
    records.truncate(end);
    Ok((records, met))
}

/// Records in parts that fit into a batch each.
fn parts(records: Vec<Kept>) -> Vec<Vec<Kept>> {
    let mut parts: Vec<Vec<Kept>> = Vec::new();
    let mut bytes = usize::MAX;
    for record in records {
        if bytes.saturating_add(record.value.len()) > BATCH_BYTES {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += record.value.len();
        if let Some(part) = parts.last_mut() {
            part.push(record);
        }
    }
    parts
}

/// Fewer records than there were.
fn short(watch: &StreamWatch, range: &Range, left: u64) -> Result<()> {
    let why = format!(
        "{left} of {} records up to {} are not there any more (they may be older than the stream keeps records)",
        range.records, range.to
    );
    watch.lost(&range.shard, &why)
}

/// More records than there were: not the shard that was looked at.
fn another(watch: &StreamWatch, range: &Range) -> Error {
    watch.error(&format!(
        "{}: more than {} records up to {}; is it the stream that the checkpoint is of?",
        range.shard, range.records, range.to
    ))
}
