//! `kafka://host:9092`: topics of a Kafka cluster, by librdkafka's idempotent producer.
//!
//! Records are handed to a queue; the brokers' acknowledgements come back on another thread, one a
//! record. The key is the index, and partitions are chosen as the Java clients choose them.

mod delivery;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig, ThreadedProducer};

use delivery::{Delivery, UnderWay};

use super::{Batch, Sink, Written};
use crate::error::{Error, Result};
use crate::ledger::{Outcome, Status, micros};
use crate::source::Options;
use crate::source::kafka::{ANSWER, Brokers, given_token, unusable};

/// Records that may wait in the queue, and their bytes (KiB).
const QUEUE_RECORDS: &str = "200000";
const QUEUE_KIB: &str = "131072";

/// How long a record may wait for its acknowledgement, retries included, ms: longer than a broker
/// takes to come back.
const DELIVERY_MS: u64 = 300_000;

/// Bytes of the longest record that clients send unless `message.max.bytes` says otherwise (librdkafka:
/// CONFIGURATION.md; a broker's own limit is a little more).
const MAX_RECORD: usize = 1_000_000;

/// How long a full queue is waited for before it is looked at again.
const NAP: Duration = Duration::from_millis(1);

/// A stop drains the queue for so long; what is left then has no known end.
const DRAIN: Duration = Duration::from_secs(4);

/// How long the client takes to give up what it was told to give up.
const PURGE: Duration = Duration::from_secs(2);

/// Where a partition's number begins in the number of a place.
const PARTITION_BITS: u32 = 20;

/// Writes to topics.
pub struct Kafka {
    producer: ThreadedProducer<Delivery>,
    topics: Arc<[String]>,
    url: String,
    longest: usize,
    stop: Arc<AtomicBool>,
    /// Until when a stop drains.
    limit: Option<Instant>,
    key: Vec<u8>,
}

impl Kafka {
    /// Opens a cluster for some topics, which have to be there.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that cannot be used or a topic that is not there,
    /// [`Error::Sink`] where no broker answers or access is refused.
    pub fn open(url: &str, topics: &[String], options: &Options) -> Result<Self> {
        let brokers = Brokers::parse(url, options)?;
        let mut config = brokers.config();
        for (name, value) in [
            ("enable.idempotence", "true"),
            ("partitioner", "murmur2_random"),
            ("linger.ms", "50"),
            ("compression.type", "lz4"),
            ("queue.buffering.max.messages", QUEUE_RECORDS),
            ("queue.buffering.max.kbytes", QUEUE_KIB),
        ] {
            if !options.contains_key(name) {
                config.set(name, value);
            }
        }
        if !options.contains_key("delivery.timeout.ms") && !options.contains_key("message.timeout.ms") {
            config.set("delivery.timeout.ms", DELIVERY_MS.to_string());
        }
        let topics: Arc<[String]> = topics.into();
        let delivery = Delivery::new(brokers.context());
        let producer =
            ThreadedProducer::from_config_and_context(&config, delivery).map_err(|error| unusable(&error))?;
        let sink = Self {
            producer,
            topics,
            url: brokers.url(),
            longest: options
                .get("message.max.bytes")
                .and_then(|text| text.parse().ok())
                .unwrap_or(MAX_RECORD),
            stop: Arc::default(),
            limit: None,
            key: Vec::with_capacity(20),
        };
        let client = sink.producer.client();
        given_token(client, &client.context().client)?;
        for topic in &*sink.topics {
            sink.check(topic, &brokers)?;
        }
        Ok(sink)
    }

    fn check(&self, topic: &str, brokers: &Brokers) -> Result<()> {
        let client = self.producer.client();
        let metadata = client
            .fetch_metadata(Some(topic), ANSWER)
            .map_err(|error| brokers.fault("reach a broker", &error, &client.context().client.heard))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        match found.map(|found| (found.error(), found.partitions().len())) {
            Some((None, 1..)) => Ok(()),
            Some((Some(error), _))
                if RDKafkaErrorCode::from(error) == RDKafkaErrorCode::TopicAuthorizationFailed =>
            {
                Err(Error::Sink(format!("{}: no right to write to topic {topic}", self.url)))
            }
            _ => Err(Error::Config(format!(
                "{}: no topic {topic}; make it: pinlake topics create --at {0}",
                self.url
            ))),
        }
    }

    /// Whether a stop's time to drain is over.
    fn is_over(&mut self) -> bool {
        if self.stop.load(Relaxed) {
            let limit = *self.limit.get_or_insert_with(|| Instant::now() + DRAIN);
            return Instant::now() >= limit;
        }
        false
    }

    /// Queues a record; waits where the queue is full.
    fn queue(&mut self, batch: &Batch, entry: &super::Entry, sent_at: u64) -> Result<()> {
        self.key.clear();
        // Writing to a Vec cannot fail.
        let _ = write!(self.key, "{}", entry.key);
        let key = std::mem::take(&mut self.key);
        let topics = Arc::clone(&self.topics);
        let topic = usize::from(entry.topic);
        let sent = Box::new(UnderWay { record: entry.record, sent_at, topic: entry.topic });
        let mut record = BaseRecord::with_opaque_to(&topics[topic], sent).key(&key);
        if !entry.null {
            record = record.payload(batch.value(entry));
        }
        let done = loop {
            match self.producer.send(record) {
                Ok(()) => break Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    if self.is_over() {
                        let why = "stopped before it was sent".into();
                        self.settle(&back.delivery_opaque, Status::Unknown(why));
                        break Ok(());
                    }
                    record = back;
                    std::thread::sleep(NAP);
                }
                Err((KafkaError::MessageProduction(code), back)) if !is_fatal(code) => {
                    self.settle(&back.delivery_opaque, Status::Failed(code.to_string()));
                    break Ok(());
                }
                Err((error, _)) => break Err(self.fatal(&error)),
            }
        };
        self.key = key;
        done
    }

    fn settle(&self, sent: &UnderWay, status: Status) {
        let delivery = self.producer.client().context();
        delivery.settle(sent, 0, status);
    }

    fn fatal(&self, error: &KafkaError) -> Error {
        let why = match self.producer.client().fatal_error() {
            Some((code, reason)) => format!("{code}: {reason}"),
            None => crate::source::kafka::fault_of(error),
        };
        Error::Sink(format!("{}: the producer cannot go on: {why}", self.url))
    }

    /// Waits until nothing is under way, or a stop's time is over, and gives the rest up.
    fn drain(&mut self) {
        while self.producer.in_flight_count() > 0 && !self.is_over() {
            if self.producer.client().fatal_error().is_some() {
                break;
            }
            // Asked again and again: a stop may come meanwhile.
            drop(self.producer.flush(Duration::from_millis(200)));
        }
        if self.producer.in_flight_count() > 0 {
            self.producer.purge(PurgeConfig::default().queue().inflight());
            drop(self.producer.flush(PURGE));
        }
    }
}

fn is_fatal(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::Fatal | RDKafkaErrorCode::Fail)
}

impl Sink for Kafka {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        let sent_at = micros();
        for entry in &batch.entries {
            self.queue(batch, entry, sent_at)?;
        }
        Ok(self.producer.client().context().gathered.written())
    }

    fn finish(&mut self) -> Result<Written> {
        self.drain();
        let written = self.producer.client().context().gathered.written();
        match self.producer.client().fatal_error() {
            Some((code, reason)) => {
                Err(Error::Sink(format!("{}: the producer cannot go on: {code}: {reason}", self.url)))
            }
            None => Ok(written),
        }
    }

    fn settled(&mut self, outcomes: &mut Vec<Outcome>) {
        self.producer.client().context().gathered.take(outcomes);
    }

    fn tells(&self) -> bool {
        true
    }

    fn place_name(&self, place: u32) -> String {
        let topic = &self.topics[(place >> PARTITION_BITS) as usize];
        format!("{topic}/{}", place & ((1 << PARTITION_BITS) - 1))
    }

    fn stops_with(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn longest(&self) -> Option<usize> {
        Some(self.longest)
    }

    fn place(&self) -> String {
        self.url.clone()
    }
}
