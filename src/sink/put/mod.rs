//! `kinesis://region`, `gateway+https://host/stage`, `firehose://region/name`: entries that are put in
//! requests of many, each with an answer of its own, and one retry loop of ours.
//!
//! Several requests are under way at once. Of a request that is accepted in part only the entries that
//! were refused are sent again; what becomes of each record is told by its own entry.

mod firehose;
mod putting;
mod way;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use firehose::Firehose;
use putting::{Item, LOOK, Putting};
use way::{Limits, Way};

use super::{Batch, Sink, Written};
use crate::error::{Error, Result};
use crate::kind::stream_name;
use crate::ledger::Outcome;
use crate::source::kinesis::{Service, describe_streams};
use crate::source::{Options, aws, runtime};

/// Requests under way: more would only be throttled.
const IN_FLIGHT: u32 = 8;

/// Once a stop's time is over, requests end by themselves at their next look.
const LAST: Duration = Duration::from_secs(2);

/// Puts records into streams or delivery streams.
#[derive(Debug)]
pub struct Put {
    putting: Arc<Putting>,
    limits: Limits,
    free: Arc<Semaphore>,
    /// Of each topic: its stream.
    streams: Vec<usize>,
    /// Of each topic: what its partition keys begin with.
    prefixes: Vec<String>,
}

impl Put {
    /// Opens Kinesis, or an API before it, for a user id's streams of some kinds, or for the one that
    /// the option `stream` names; they have to be there.
    ///
    /// # Errors
    /// [`Error::Config`] for options that cannot be used or a stream that is not there,
    /// [`Error::Sink`] where the service does not answer.
    pub fn streams(url: &str, user_id: &str, kinds: &[&str], options: &Options) -> Result<Self> {
        let service = Service::open(url, options)?;
        let names = Names::of(user_id, kinds, options.get("stream"));
        describe_streams(&service, &names.names).map_err(|error| match error {
            Error::NotFound(what) => {
                Error::Config(format!("{what}; make it: pinlake streams create --at {url}"))
            }
            other => other,
        })?;
        Ok(Self::new(Way::Streams(service), names))
    }

    /// Opens Firehose for a user id's delivery streams of some kinds, which are called as their streams,
    /// or for the one that the URL names; they have to be there.
    ///
    /// # Errors
    /// As [`Put::streams`].
    pub fn delivery(url: &str, user_id: &str, kinds: &[&str], options: &Options) -> Result<Self> {
        let (firehose, name) = Firehose::open(url, options)?;
        let names = Names::of(user_id, kinds, name.as_ref());
        names.names.iter().try_for_each(|name| firehose.check(name))?;
        Ok(Self::new(Way::Delivery(Arc::new(firehose)), names))
    }

    fn new(way: Way, names: Names) -> Self {
        Self {
            limits: way.limits(),
            putting: Arc::new(Putting::new(way, names.names)),
            free: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            streams: names.places,
            prefixes: names.prefixes,
        }
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

/// Streams, each once, and which of them each kind has.
struct Names {
    names: Vec<String>,
    places: Vec<usize>,
    /// What tells a kind from others of its stream, in front of the index: a partition key says it.
    prefixes: Vec<String>,
}

impl Names {
    /// Those of a user id, or one for all kinds, as some pipelines have it.
    fn of(user_id: &str, kinds: &[&str], shared: Option<&String>) -> Self {
        match shared {
            Some(name) => Self {
                names: vec![name.clone()],
                places: vec![0; kinds.len()],
                prefixes: kinds.iter().map(|kind| format!("{kind}-")).collect(),
            },
            None => Self {
                names: kinds.iter().map(|kind| stream_name(user_id, kind)).collect(),
                places: (0..kinds.len()).collect(),
                prefixes: vec![String::new(); kinds.len()],
            },
        }
    }
}

impl Sink for Put {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        let mut open: Vec<(Vec<Item>, usize)> = Vec::new();
        open.resize_with(self.putting.streams().len(), Default::default);
        for entry in &batch.entries {
            let topic = usize::from(entry.topic);
            let key = format!("{}{}", self.prefixes[topic], entry.key);
            let item = Item::new(entry.record, key, batch.value(entry));
            if item.bytes() > self.limits.record {
                let most = self.limits.record;
                self.putting.refuse(&item, &format!("longer than a record may be there ({most} bytes)"));
                continue;
            }
            let stream = self.streams[topic];
            let (items, bytes) = &mut open[stream];
            if items.len() == self.limits.records || *bytes + item.bytes() > self.limits.bytes {
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
        // Each ends by itself: what is tried again has its own limit, and a stop gives up what is left.
        if self.permits(IN_FLIGHT)?.is_none() {
            let all = Arc::clone(&self.free).acquire_many_owned(IN_FLIGHT);
            drop(aws::wait(async { tokio::time::timeout(LAST, all).await })?);
        }
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
        self.putting.way.refuses()
    }

    fn longest(&self) -> Option<usize> {
        Some(self.limits.record)
    }

    fn place(&self) -> String {
        self.putting.way.url().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_streams_of_their_own_or_share_one() {
        let own = Names::of("u1", &["pin", "geo"], None);
        assert_eq!(own.names, ["streaming-u1-pin", "streaming-u1-geo"]);
        assert_eq!(own.places, [0, 1]);
        assert_eq!(own.prefixes, ["", ""]);
        let shared = Names::of("u1", &["pin", "geo"], Some(&"all".to_owned()));
        assert_eq!((shared.names, shared.places), (vec!["all".to_owned()], vec![0, 0]));
        assert_eq!(shared.prefixes, ["pin-", "geo-"]);
    }
}
