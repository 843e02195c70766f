//! `kinesis://region`: streams of Kinesis, by PutRecords with one retry loop of ours.
//!
//! Several requests are under way at once. Of a request that is accepted in part only the entries that
//! were refused are sent again; what becomes of each record is told by its own entry.

mod put;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use put::{Item, Putting};

use super::{Batch, Sink, Written};
use crate::error::{Error, Result};
use crate::ledger::Outcome;
use crate::source::kinesis::{Service, describe_streams};
use crate::source::{Options, aws, runtime};

/// Records and bytes of a request (Kinesis: "Quotas and limits", PutRecords).
const MAX_RECORDS: usize = 500;
const MAX_BYTES: usize = 5 << 20;

/// Bytes of a record and its partition key, unless a stream allows more.
const MAX_RECORD: usize = 1 << 20;

/// Requests under way: more would only be throttled.
const IN_FLIGHT: u32 = 8;

/// How often a stop is looked for while a request is waited for.
const LOOK: Duration = Duration::from_millis(100);

/// Writes to streams.
#[derive(Debug)]
pub struct Kinesis {
    putting: Arc<Putting>,
    free: Arc<Semaphore>,
    /// Of each topic: its stream.
    streams: Vec<usize>,
    url: String,
}

impl Kinesis {
    /// Opens a service for the streams of some topics, which have to be there; several topics may
    /// share one.
    ///
    /// # Errors
    /// [`Error::Config`] for options that cannot be used or a stream that is not there,
    /// [`Error::Sink`] where the service does not answer.
    pub fn open(url: &str, streams: &[String], options: &Options) -> Result<Self> {
        let service = Service::open(url, options)?;
        let mut names: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for stream in streams {
            let known = names.iter().position(|name| name == stream);
            places.push(known.unwrap_or_else(|| {
                names.push(stream.clone());
                names.len() - 1
            }));
        }
        if let Err(error) = describe_streams(&service, &names) {
            return Err(match error {
                Error::NotFound(what) => {
                    Error::Config(format!("{what}; make it: pinlake streams create --at {url}"))
                }
                other => other,
            });
        }
        let url = service.url().to_owned();
        Ok(Self {
            putting: Arc::new(Putting::new(service, names)),
            free: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            streams: places,
            url,
        })
    }

    /// Waits for so many requests to end; None once a stop's time is over.
    fn permits(&self, count: u32) -> Result<Option<OwnedSemaphorePermit>> {
        loop {
            let free = Arc::clone(&self.free).acquire_many_owned(count);
            match aws::wait(async { tokio::time::timeout(LOOK, free).await })? {
                Ok(Ok(permit)) => return Ok(Some(permit)),
                Ok(Err(_)) => return Ok(None),
                Err(_) if self.putting.is_over() => return Ok(None),
                Err(_) => {}
            }
        }
    }

    /// Sends a request when one more may be under way.
    fn send(&self, stream: usize, items: Vec<Item>) -> Result<()> {
        let Some(permit) = self.permits(1)? else {
            self.putting.give_up(items, "stopped before it was sent");
            return Ok(());
        };
        let putting = Arc::clone(&self.putting);
        runtime()?.spawn(async move {
            putting.put(stream, items).await;
            drop(permit);
        });
        Ok(())
    }
}

impl Sink for Kinesis {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        let mut open: Vec<(Vec<Item>, usize)> = Vec::new();
        open.resize_with(self.putting.streams().len(), Default::default);
        for entry in &batch.entries {
            let item = Item::new(entry.record, entry.key, batch.value(entry));
            if item.bytes() > MAX_RECORD {
                self.putting.refuse(&item, "longer than a record of Kinesis may be (1 MiB with its key)");
                continue;
            }
            let stream = self.streams[usize::from(entry.topic)];
            let (items, bytes) = &mut open[stream];
            if items.len() == MAX_RECORDS || *bytes + item.bytes() > MAX_BYTES {
                let full = std::mem::take(items);
                *bytes = 0;
                self.send(stream, full)?;
            }
            let (items, bytes) = &mut open[stream];
            *bytes += item.bytes();
            items.push(item);
        }
        for (stream, (items, _)) in open.into_iter().enumerate() {
            if !items.is_empty() {
                self.send(stream, items)?;
            }
        }
        self.putting.check()?;
        Ok(self.putting.gathered.written())
    }

    fn finish(&mut self) -> Result<Written> {
        // Each ends by itself: what is tried again has its own limit.
        let permits = self.permits(IN_FLIGHT)?;
        drop(permits);
        self.putting.check()?;
        Ok(self.putting.gathered.written())
    }

    fn settled(&mut self, outcomes: &mut Vec<Outcome>) {
        self.putting.gathered.take(outcomes);
    }

    fn tells(&self) -> bool {
        true
    }

    fn place_name(&self, place: u32) -> String {
        self.putting.place_name(place)
    }

    fn stops_with(&mut self, stop: Arc<AtomicBool>) {
        self.putting.stops_with(stop);
    }

    fn refuses(&self) -> &'static [&'static str] {
        // Data may be empty, but not absent.
        &["null_value"]
    }

    fn longest(&self) -> Option<usize> {
        Some(MAX_RECORD)
    }

    fn place(&self) -> String {
        self.url.clone()
    }
}
