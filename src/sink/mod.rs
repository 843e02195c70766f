//! Where records go: files, a landing, Kafka, Kinesis, an API before it, Firehose, standard output.
//!
//! A sink takes batches of finished values, topic by topic, and says what it wrote.

mod apart;
mod array;
mod files;
#[cfg(any(feature = "kafka", feature = "kinesis"))]
mod gathered;
#[cfg(feature = "kafka")]
mod kafka;
mod landing;
mod murmur;
#[cfg(feature = "mysql")]
mod mysql;
mod object;
mod objects;
mod part;
#[cfg(feature = "kinesis")]
mod put;
pub mod quarantine;
#[cfg(feature = "s3")]
mod s3;
mod stdout;
pub mod table;
mod upload;

pub use apart::check_apart;
pub use array::{ArrayFile, Consumed};
pub use files::Files;
#[cfg(feature = "kafka")]
pub use kafka::Kafka;
pub use landing::Landing;
pub use murmur::{murmur2, partition};
#[cfg(feature = "mysql")]
pub use mysql::{Loaded, load};
#[cfg(feature = "kinesis")]
pub use put::Put;
pub use stdout::Stdout;
pub use upload::upload;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
use crate::kind::topic_name;
use crate::ledger::Outcome;
use crate::source::Options;
use crate::source::layout;

/// One record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its topic, as a place in the sink's list.
    pub topic: u8,
    /// Whether it is a null message; the value then reads `null`.
    pub null: bool,
    /// Its key.
    pub key: u64,
    /// Its number among all records of the emulation.
    pub record: u64,
    /// Its first byte in the topic's values.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

impl Entry {
    /// An entry whose place and number are not known yet; see [`Batch::close`], [`Batch::number`].
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // a handful of topics
    pub fn new(topic: usize, key: u64) -> Self {
        Self { topic: topic as u8, null: false, key, record: 0, start: 0, end: 0 }
    }
}

/// Records in the order of sending, their values topic by topic, each value ended by a newline
/// and none holding one.
#[derive(Debug, Default)]
pub struct Batch {
    /// The values of each topic.
    pub values: Vec<Vec<u8>>,
    /// The records.
    pub entries: Vec<Entry>,
}

impl Batch {
    /// Empties it for so many topics; the memory stays.
    pub fn clear(&mut self, topics: usize) {
        self.entries.clear();
        self.values.resize_with(topics, Vec::new);
        for values in &mut self.values {
            values.clear();
        }
    }

    /// Ends the value that was appended to the entry's topic from `start` on.
    #[inline]
    pub fn close(&mut self, mut entry: Entry, start: usize) {
        let values = &mut self.values[usize::from(entry.topic)];
        (entry.start, entry.end) = (start, values.len());
        values.push(b'\n');
        self.entries.push(entry);
    }

    /// Numbers the records, from `first` on.
    pub fn number(&mut self, first: u64) {
        for (entry, record) in self.entries.iter_mut().zip(first..) {
            entry.record = record;
        }
    }

    /// The value of an entry.
    #[must_use]
    pub fn value(&self, entry: &Entry) -> &[u8] {
        &self.values[usize::from(entry.topic)][entry.start..entry.end]
    }

    /// Bytes of all values, newlines included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }
}

/// What became known in a call, on the disk's, the store's or the broker's word.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Records that are written, or acknowledged.
    pub records: u64,
    /// Records that were refused for good.
    pub failed: u64,
    /// Records of which nobody can say whether they arrived.
    pub unknown: u64,
    /// Bytes of values with their newlines.
    pub bytes: u64,
    /// Files or objects that were finished.
    pub objects: u64,
}

impl Written {
    /// Adds another call's.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.bytes += other.bytes;
        self.objects += other.objects;
    }
}

/// Something that takes records.
pub trait Sink: Send {
    /// Takes a batch; not all of it need be written when this returns.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    fn write(&mut self, batch: &Batch) -> Result<Written>;

    /// Writes what is left and closes.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    fn finish(&mut self) -> Result<Written>;

    /// What became of records since the last call is appended; each record has one outcome. A sink
    /// that [does not tell](Sink::tells) has none.
    fn settled(&mut self, _outcomes: &mut Vec<Outcome>) {}

    /// Whether it has an outcome for each record, as a ledger needs it.
    fn tells(&self) -> bool {
        false
    }

    /// The name of a place that its outcomes mention: `<topic>/<partition>`, `<stream>/<shard>`.
    fn place_name(&self, place: u32) -> String {
        place.to_string()
    }

    /// Gives it a flag that is set once the run is to stop: what then waits for somebody else has a few
    /// seconds.
    fn stops_with(&mut self, _stop: Arc<AtomicBool>) {}

    /// The faults, by name, that this sink has no way to carry.
    fn refuses(&self) -> &'static [&'static str] {
        &[]
    }

    /// Bytes of the longest record that it takes; None: any.
    fn longest(&self) -> Option<usize> {
        None
    }

    /// Whether the reader has gone (a closed pipe): no error, but no use in going on.
    fn closed(&self) -> bool {
        false
    }

    /// Where it writes, for people.
    fn place(&self) -> String;
}

/// What to do where records stand already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Stop with an error.
    Refuse,
    /// Go on behind them.
    Append,
    /// Write anew; a landing cannot, as its readers remember offsets.
    Replace,
}

impl Existing {
    /// # Errors
    /// [`Error::Config`] for another word.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "append" => Ok(Self::Append),
            "replace" => Ok(Self::Replace),
            _ => Err(Error::Config(format!("existing={text:?}: use refuse, append or replace"))),
        }
    }
}

/// How a sink writes; what does not concern it, it passes over.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// What to do where records stand already. None: files refuse, a landing appends.
    pub existing: Option<Existing>,
    /// Landing: records of an object (Kafka Connect's `flush.size`).
    pub flush_size: u64,
    /// Landing: partitions of a topic.
    pub partitions: u32,
    /// Landing: digits of the offset in names, 10 (Confluent) or 20 (Aiven).
    pub digits: u8,
    /// Landing: objects are `.json.gz`.
    pub gzip: bool,
    /// Landing: whether an object's last line ends in a newline.
    pub last_newline: bool,
    /// Wait until the disk has it.
    pub durable: bool,
    /// Landing: whether to tell what became of each record.
    pub outcomes: bool,
    /// Threads that write objects; None: one a core.
    pub threads: Option<usize>,
    /// Store options such as `endpoint`; never secrets.
    pub store: Options,
}

/// Large enough to be read fast, small enough that a demo has several.
pub const FLUSH_SIZE: u64 = 1_000;

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            existing: None,
            flush_size: FLUSH_SIZE,
            partitions: 1,
            digits: layout::SHORT,
            gzip: false,
            last_newline: true,
            durable: false,
            outcomes: false,
            threads: None,
            store: Options::new(),
        }
    }
}

/// Opens a target for the records of some kinds: `files:DIR`, `landing:DIR`,
/// `landing:s3://bucket/prefix`, `kafka://host:9092`, `kinesis://region`, `gateway+https://host/stage`,
/// `firehose://region[/name]`, or `-` for standard output. Topics are `<user id>.<kind>`, streams and
/// delivery streams `streaming-<user id>-<kind>`.
///
/// # Errors
/// [`Error::Config`] for a target or an option that cannot be used, [`Error::Sink`] where it
/// cannot be written or records stand already.
pub fn open(target: &str, user_id: &str, kinds: &[&str], options: &SinkOptions) -> Result<Box<dyn Sink>> {
    check_user_id(user_id)?;
    if target == "-" {
        return Ok(Box::new(Stdout::new(std::io::stdout(), kinds)));
    }
    if let Some(dir) = target.strip_prefix("files:") {
        return Ok(Box::new(Files::create(dir, kinds, options)?));
    }
    let topics: Vec<String> = kinds.iter().map(|kind| topic_name(user_id, kind)).collect();
    #[cfg(feature = "kafka")]
    if target.starts_with("kafka://") {
        return Ok(Box::new(Kafka::open(target, &topics, &options.store)?));
    }
    #[cfg(feature = "kinesis")]
    match target.split_once("://").map(|(scheme, _)| scheme) {
        Some("kinesis" | "gateway+http" | "gateway+https") => {
            return Ok(Box::new(Put::streams(target, user_id, kinds, &options.store)?));
        }
        Some("firehose") => return Ok(Box::new(Put::delivery(target, user_id, kinds, &options.store)?)),
        _ => {}
    }
    if let Some(url) = target.strip_prefix("landing:") {
        return Ok(Box::new(Landing::open(url, &topics, options)?));
    }
    Err(Error::Config(format!(
        "unknown target {target:?}: use files:DIR, landing:DIR, landing:s3://bucket/prefix, kafka://host:9092, \
         kinesis://region, gateway+https://host/stage, firehose://region/name or - (standard output)"
    )))
}

/// Kafka's rule for topic names, without `+` and `/` that object names give a meaning to.
fn check_user_id(user_id: &str) -> Result<()> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if user_id.is_empty() || user_id.len() > 200 || !user_id.bytes().all(legal) {
        return Err(Error::Config(format!(
            "user id {user_id:?}: topics are named after it, use letters, digits, '.', '_' and '-'"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_user_ids_that_cannot_be_used_are_named() {
        let options = SinkOptions::default();
        for (target, user_id, why) in [
            ("carrier://pigeon", "demo", "unknown target"),
            ("", "demo", "unknown target"),
            ("-", "a b", "user id"),
            ("-", "", "user id"),
            ("landing:", "demo", "empty path"),
            ("files:s3://bucket/x", "demo", "local folder"),
        ] {
            let Err(error) = open(target, user_id, &["pin"], &options) else {
                unreachable!("{target} {user_id}")
            };
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
