//! One PutRecords request, until each of its entries has an outcome.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use crate::error::{Error, Result};
use crate::ledger::{Position, Status, micros};
use crate::sink::gathered::{Gathered, Sent};
use crate::source::kinesis::{Service, fault_of, is_sure};

/// Waits between tries: at random up to a limit that doubles (AWS: "Exponential backoff and jitter").
const BASE: Duration = Duration::from_millis(50);
const CAP: Duration = Duration::from_secs(10);

/// A record that was not accepted for so long is given up.
const LIMIT: Duration = Duration::from_secs(300);

/// A stop lets what is under way go on for so long.
const DRAIN: Duration = Duration::from_secs(4);

/// A record to be put.
#[derive(Debug, Clone)]
pub(super) struct Item {
    record: u64,
    key: String,
    value: Blob,
    sent_at: u64,
    /// How often it was sent so that it may have been accepted.
    sends: u32,
}

impl Item {
    pub(super) fn new(record: u64, key: u64, value: &[u8]) -> Self {
        Self { record, key: key.to_string(), value: Blob::new(value), sent_at: 0, sends: 0 }
    }

    /// What counts against Kinesis' limits.
    pub(super) fn bytes(&self) -> usize {
        self.value.as_ref().len() + self.key.len()
    }

    fn sent(&self) -> Sent {
        let bytes = self.value.as_ref().len();
        Sent { record: self.record, sent_at: self.sent_at, attempts: self.sends.max(1), bytes }
    }
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Putting {
    service: Service,
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
    pub(super) fn new(service: Service, streams: Vec<String>) -> Self {
        Self {
            service,
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
            Some(why) => Err(Error::Sink(format!("{}: {why}", self.service.url()))),
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
        places.names.push(format!("{}/{shard}", self.streams[stream]));
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
            tokio::time::sleep(pause(tries, items[0].record)).await;
            tries += 1;
        }
    }

    /// Sends records once; those to be sent again, and why.
    async fn attempt(&self, stream: usize, mut items: Vec<Item>) -> (Vec<Item>, String) {
        let sent_at = micros();
        let mut entries = Vec::with_capacity(items.len());
        for item in &mut items {
            (item.sent_at, item.sends) = (sent_at, item.sends + 1);
            let entry =
                PutRecordsRequestEntry::builder().data(item.value.clone()).partition_key(item.key.clone());
            match entry.build() {
                Ok(entry) => entries.push(entry),
                // Both are given.
                Err(error) => return self.end(items, &error.to_string()),
            }
        }
        let request = self.service.client.put_records().stream_name(&self.streams[stream]);
        match request.set_records(Some(entries)).send().await {
            Ok(answer) => self.judge(stream, items, &answer),
            Err(error) => {
                let why = fault_of(&error);
                let sure = is_sure(&error);
                if sure {
                    not_accepted(&mut items);
                }
                if sure && error.code().is_some_and(|code| !is_passing(code)) {
                    return self.end(items, &why);
                }
                (items, why)
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
    fn judge(&self, stream: usize, items: Vec<Item>, answer: &PutRecordsOutput) -> (Vec<Item>, String) {
        let mut again = Vec::new();
        let mut why = String::from("an answer without an entry for it");
        let mut answers = answer.records().iter();
        for mut item in items {
            let Some(entry) = answers.next() else {
                again.push(item);
                continue;
            };
            match (entry.sequence_number(), entry.shard_id(), entry.error_code()) {
                (Some(sequence), Some(shard), None) => {
                    let position = Position::Sequence(sequence.to_owned());
                    let place = self.place(stream, shard);
                    self.gathered.settle(item.sent(), Status::Acked { place, position });
                }
                (_, _, Some(code)) if !is_passing(code) => {
                    self.refuse(&item, entry.error_message().unwrap_or(code));
                }
                (_, _, code) => {
                    why = code.unwrap_or("an entry without a sequence number").to_owned();
                    if code.is_some() {
                        item.sends -= 1;
                    }
                    again.push(item);
                }
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

/// Whether a later try may be accepted.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "InternalFailure"
            | "InternalFailureException"
            | "LimitExceededException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "ThrottlingException"
            | "KMSThrottlingException"
            | "RequestExpired"
    )
}

/// A random part of a limit that doubles with each try.
fn pause(tries: u32, record: u64) -> Duration {
    let limit = BASE.saturating_mul(1 << tries.min(16)).min(CAP);
    // Random enough: no two requests begin with one record, and no two tries come in one microsecond.
    let mut seed = [0; 16];
    seed[..8].copy_from_slice(&record.to_le_bytes());
    seed[8..].copy_from_slice(&micros().to_le_bytes());
    let part = xxhash_rust::xxh3::xxh3_64(&seed) % 1_000;
    limit.mul_f64(part as f64 / 1_000.0)
}
