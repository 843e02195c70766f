//! Kafka's topics and Kinesis' streams under one name: logs of records, each at a position of a part.

use serde::Serialize;

#[cfg(feature = "kafka")]
use super::kafka::{self, Brokers, TopicInfo};
#[cfg(feature = "kinesis")]
use super::kinesis::{self, Service, StreamInfo};
use crate::error::{Error, Result};
#[cfg(feature = "kinesis")]
use crate::kind::stream_name;
#[cfg(feature = "kafka")]
use crate::kind::topic_name;
use crate::ledger::Position;
use crate::source::Options;

/// Who holds logs.
#[derive(Debug, Clone)]
pub enum Logs {
    /// A Kafka cluster, with topics of partitions.
    #[cfg(feature = "kafka")]
    Kafka(Brokers),
    /// Kinesis, or an API before it, with streams of shards; one of them for all kinds, if it is named.
    #[cfg(feature = "kinesis")]
    Kinesis(Service, Option<String>),
}

/// A topic or a stream as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LogInfo {
    /// A topic.
    #[cfg(feature = "kafka")]
    Topic(TopicInfo),
    /// A stream.
    #[cfg(feature = "kinesis")]
    Stream(StreamInfo),
}

/// A record of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord<'a> {
    /// Its partition or shard.
    pub part: &'a str,
    /// Its offset or sequence number.
    pub position: Position,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; None for a null message.
    pub value: Option<&'a [u8]>,
}

impl Logs {
    /// Whether a URL names logs at all: `kafka://…`, `kinesis://…`, `gateway+https://…`.
    #[must_use]
    pub fn is_url(url: &str) -> bool {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        matches!(scheme, Some("kafka" | "kinesis" | "gateway+http" | "gateway+https"))
    }

    /// Opens `kafka://host:9092`, `kinesis://region` or `gateway+https://host/stage`.
    ///
    /// # Errors
    /// [`Error::Config`] for another URL, for options that cannot be used, and without credentials.
    pub fn open(url: &str, options: &Options) -> Result<Self> {
        #[cfg(feature = "kafka")]
        if url.starts_with("kafka://") {
            return Ok(Self::Kafka(Brokers::parse(url, options)?));
        }
        #[cfg(feature = "kinesis")]
        if Self::is_url(url) {
            return Ok(Self::Kinesis(Service::open(url, options)?, options.get("stream").cloned()));
        }
        Err(Error::Config(
            "no logs here: use kafka://host:9092, kinesis://region or gateway+https://host/stage".into(),
        ))
    }

    /// Where they are, for people.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(brokers) => brokers.url(),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(service, _) => service.url().to_owned(),
        }
    }

    /// The log of a user id and a kind.
    #[must_use]
    pub fn name(&self, user_id: &str, kind: &str) -> String {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => topic_name(user_id, kind),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(_, Some(stream)) => stream.clone(),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(_, None) => stream_name(user_id, kind),
        }
    }

    /// The logs of a user id's kinds, each once.
    #[must_use]
    pub fn names(&self, user_id: &str, kinds: &[String]) -> Vec<String> {
        let mut names: Vec<_> = kinds.iter().map(|kind| self.name(user_id, kind)).collect();
        names.dedup();
        names
    }

    /// The logs whose names begin with a prefix, by name.
    ///
    /// # Errors
    /// [`Error::Sink`] where nobody answers.
    pub fn list(&self, prefix: &str) -> Result<Vec<LogInfo>> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(brokers) => infos(kafka::list_topics(brokers, prefix)?, LogInfo::Topic),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(service, _) => infos(kinesis::list_streams(service, prefix)?, LogInfo::Stream),
        }
    }

    /// Logs by their names, with their settings.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that is not there, [`Error::Sink`] where nobody answers.
    pub fn describe(&self, names: &[String]) -> Result<Vec<LogInfo>> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(brokers) => infos(kafka::describe_topics(brokers, names)?, LogInfo::Topic),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(service, _) => infos(kinesis::describe_streams(service, names)?, LogInfo::Stream),
        }
    }

    /// Deletes logs with all that they hold; the names of those that were not there.
    ///
    /// # Errors
    /// [`Error::Sink`] where nobody answers, or access is refused.
    pub fn delete(&self, names: &[String]) -> Result<Vec<String>> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(brokers) => kafka::delete_topics(brokers, names),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(service, _) => kinesis::delete_streams(service, names),
        }
    }

    /// Shows every record of a log, of each part in the order of its positions.
    ///
    /// # Errors
    /// [`Error::Sink`] where nobody answers, and what `each` returns.
    pub fn read(&self, name: &str, mut each: impl FnMut(LogRecord<'_>) -> Result<()>) -> Result<()> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(brokers) => kafka::read_all(brokers, &[name.to_owned()], |message| {
                each(LogRecord {
                    part: &message.partition.to_string(),
                    position: Position::Offset(message.offset),
                    key: message.key,
                    value: message.value,
                })
            }),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(service, _) => kinesis::read_stream(service, name, |record| {
                each(LogRecord {
                    part: record.shard,
                    position: Position::Sequence(record.sequence.to_owned()),
                    key: Some(record.key.as_bytes()),
                    value: Some(record.value),
                })
            }),
        }
    }
}

fn infos<T>(found: Vec<T>, info: impl Fn(T) -> LogInfo) -> Result<Vec<LogInfo>> {
    Ok(found.into_iter().map(info).collect())
}
