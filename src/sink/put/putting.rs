//! One request, until each of its entries has an outcome.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::way::Way;
use crate::error::{Error, Result};
use crate::ledger::{Position, Status, micros};
use crate::sink::gathered::{Gathered, Sent};
use crate::source::kinesis::again::{is_passing, pause};
use crate::source::kinesis::{Answer, Entry};

/// A record that was not accepted for so long is given up.
const LIMIT: Duration = Duration::from_secs(300);

/// How often a stop is looked for while an answer is waited for.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// A stop lets what is under way go on for so long.
const DRAIN: Duration = Duration::from_secs(4);

/// A record to be put.
#[derive(Debug, Clone)]
pub(super) struct Item {
    record: u64,
    entry: Entry,
    sent_at: u64,
    /// How often it was sent so that it may have been accepted.
    sends: u32,
}

impl Item {
    pub(super) fn new(record: u64, key: String, value: &[u8]) -> Self {
        let entry = Entry { key, value: Bytes::copy_from_slice(value) };
        Self { record, entry, sent_at: 0, sends: 0 }
    }

    /// What counts against limits.
    pub(super) fn bytes(&self) -> usize {
        self.entry.value.len() + self.entry.key.len()
    }

    fn sent(&self) -> Sent {
        let bytes = self.entry.value.len();
        Sent { record: self.record, sent_at: self.sent_at, attempts: self.sends.max(1), bytes }
    }
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Putting {
    pub(super) way: Way,
    streams: Vec<String>,
    pub(super) gathered: Gathered,
    /// Stream and shard, by the number that outcomes have of them.
    places: Mutex<Places>,
    stop: OnceLock<Arc<AtomicBool>>,
    stopped: OnceLock<Instant>,
    fatal: OnceLock<String>,
}

#[derive(Debug, Default)]
struct Places {
    numbers: HashMap<(usize, String), u32>,
    names: Vec<String>,
}

impl Putting {
    pub(super) fn new(way: Way, streams: Vec<String>) -> Self {
        Self {
            way,
            streams,
            gathered: Gathered::default(),
            places: Mutex::default(),
            stop: OnceLock::new(),
            stopped: OnceLock::new(),
            fatal: OnceLock::new(),
        }
    }

    pub(super) fn streams(&self) -> &[String] {
        &self.streams
    }

    pub(super) fn stops_with(&self, stop: Arc<AtomicBool>) {
        // A sink serves one run.
        drop(self.stop.set(stop));
    }

    /// Whether a stop's time to drain is over.
    pub(super) fn is_over(&self) -> bool {
        if !self.stop.get().is_some_and(|stop| stop.load(Relaxed)) {
            return false;
        }
        self.stopped.get_or_init(Instant::now).elapsed() >= DRAIN
    }

    /// The error that ends the run, if there was one.
    pub(super) fn check(&self) -> Result<()> {
        match self.fatal.get() {
            Some(why) => Err(Error::Sink(format!("{}: {why}", self.way.url()))),
            None => Ok(()),
        }
    }

    pub(super) fn place_name(&self, place: u32) -> String {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.names.get(place as usize).cloned().unwrap_or_default()
    }

    fn place(&self, stream: usize, shard: &str) -> u32 {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = places.numbers.get(&(stream, shard.to_owned())) {
            return *number;
        }
        let number = u32::try_from(places.names.len()).unwrap_or(u32::MAX);
        let name = &self.streams[stream];
        places.names.push(if shard.is_empty() { name.clone() } else { format!("{name}/{shard}") });
        places.numbers.insert((stream, shard.to_owned()), number);
        number
    }

    pub(super) fn refuse(&self, item: &Item, why: &str) {
        self.gathered.settle(item.sent(), Status::Failed(why.into()));
    }

    /// Leaves records as they are: what may have been accepted has no known end, and neither has what
    /// was never sent, so that the next run sends it.
    pub(super) fn give_up(&self, items: Vec<Item>, why: &str) {
        for item in items {
            self.gathered.settle(item.sent(), Status::Unknown(why.into()));
        }
    }

    /// Sends records until each has an outcome.
    pub(super) async fn put(&self, stream: usize, mut items: Vec<Item>) {
        let began = Instant::now();
        let mut tries = 0;
        let mut why;
        loop {
            (items, why) = self.attempt(stream, items).await;
            if items.is_empty() {
                return;
            }
            if began.elapsed() > LIMIT || self.is_over() || self.fatal.get().is_some() {
                self.give_up(items, &why);
                return;
            }
            self.rest(pause(tries)).await;
            tries += 1;
        }
    }

    /// Sleeps, but not beyond a stop's time.
    async fn rest(&self, pause: Duration) {
        self.unless_over(tokio::time::sleep(pause)).await.unwrap_or_default();
    }

    /// What a future gives, unless a stop's time is over before.
    async fn unless_over<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            match tokio::time::timeout(LOOK, future.as_mut()).await {
                Ok(given) => return Some(given),
                Err(_) if self.is_over() => return None,
                Err(_) => {}
            }
        }
    }

    /// Sends records once; those to be sent again, and why.
    async fn attempt(&self, stream: usize, mut items: Vec<Item>) -> (Vec<Item>, String) {
        let sent_at = micros();
        for item in &mut items {
            (item.sent_at, item.sends) = (sent_at, item.sends + 1);
        }
        let entries: Vec<_> = items.iter().map(|item| item.entry.clone()).collect();
        let put = self.way.put(&self.streams[stream], &entries);
        match self.unless_over(put).await {
            None => (items, "stopped while it was under way".into()),
            Some(Ok(answers)) => self.judge(stream, items, answers),
            Some(Err(fault)) => {
                if fault.sure {
                    not_accepted(&mut items);
                    if fault.code.is_some_and(|code| !is_passing(&code)) {
                        return self.end(items, &fault.words);
                    }
                }
                (items, fault.words)
            }
        }
    }

    /// Ends the run: no later request would fare better.
    fn end(&self, items: Vec<Item>, why: &str) -> (Vec<Item>, String) {
        drop(self.fatal.set(format!("records are refused: {why}")));
        for item in &items {
            self.refuse(item, why);
        }
        (Vec::new(), String::new())
    }

    /// Entry i answers record i: its own code counts, not the number of failures.
    fn judge(&self, stream: usize, items: Vec<Item>, answers: Vec<Answer>) -> (Vec<Item>, String) {
        let mut again = Vec::new();
        let mut why = String::from("an answer without an entry for it");
        let mut answers = answers.into_iter();
        for mut item in items {
            match answers.next().unwrap_or(Answer::Silent) {
                Answer::Accepted(at) => {
                    let (place, position) = match at {
                        Some((shard, sequence)) => (self.place(stream, &shard), Position::Sequence(sequence)),
                        None => (self.place(stream, ""), Position::None),
                    };
                    self.gathered.settle(item.sent(), Status::Acked { place, position });
                }
                Answer::Refused(code, message) if !is_passing(&code) => {
                    self.refuse(&item, &message.unwrap_or(code));
                }
                Answer::Refused(code, _) => {
                    why = code;
                    item.sends -= 1;
                    again.push(item);
                }
                Answer::Silent => again.push(item),
            }
        }
        (again, why)
    }
}

/// What was refused for certain was not sent.
fn not_accepted(items: &mut [Item]) {
    for item in items {
        item.sends -= 1;
    }
}
