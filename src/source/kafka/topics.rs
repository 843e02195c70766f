//! Topics: made with the partitions that somebody chose, listed, described, deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic as Made, ResourceSpecifier, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataTopic};
use serde::Serialize;

use super::client::{ANSWER, Brokers, Context, given_token, unusable};
use super::read::{consumer, hear};
use crate::error::{Error, Result};

/// Settings of a topic that are shown.
const SHOWN: [&str; 4] = ["retention.ms", "cleanup.policy", "max.message.bytes", "min.insync.replicas"];

/// How long brokers that answer have for what they are asked to do (librdkafka: `socket.timeout.ms`): a
/// controller that has just started, on a machine with much to do, takes more than seconds for it.
const WORK: Duration = Duration::from_secs(60);

/// A topic to be made.
#[derive(Debug, Clone)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: i32,
    /// Copies of each; None: the brokers' choice.
    pub replication: Option<i32>,
    /// For how long it keeps records, ms; None: the brokers' choice.
    pub retention_ms: Option<i64>,
}

/// A topic as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: usize,
    /// Copies of each.
    pub replication: usize,
    /// Settings, described topics only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// All topics that there are: brokers that do not answer are not waited for as long as those that work.
/// By a consumer: it tells what brokers say when they refuse, which a client for administration keeps to itself.
fn reach(brokers: &Brokers, doing: &str) -> Result<Metadata> {
    let consumer = consumer(brokers)?;
    let metadata = consumer.fetch_metadata(None, ANSWER);
    metadata.map_err(|error| {
        hear(&consumer);
        brokers.fault(doing, &error, &consumer.context().heard)
    })
}

/// A client for what `doing` says, and all topics that there are.
fn admin(brokers: &Brokers, doing: &str) -> Result<(AdminClient<Context>, Metadata)> {
    let metadata = reach(brokers, doing)?;
    let admin: AdminClient<Context> =
        AdminClient::from_config_and_context(&brokers.config(), brokers.context())
            .map_err(|error| unusable(&error))?;
    let client = admin.inner();
    given_token(client, client.context())?;
    Ok((admin, metadata))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(WORK)).operation_timeout(Some(WORK))
}

/// Makes topics; the names of those that were there already.
///
/// # Errors
/// [`Error::Sink`] where the brokers do not answer or refuse.
pub fn create_topics(brokers: &Brokers, topics: &[NewTopic]) -> Result<Vec<String>> {
    let (admin, _) = admin(brokers, "make topics")?;
    let retention: Vec<_> = topics.iter().map(|topic| topic.retention_ms.map(|ms| ms.to_string())).collect();
    let made: Vec<_> = topics
        .iter()
        .zip(&retention)
        .map(|(topic, retention)| {
            // -1: the brokers' choice.
            let copies = TopicReplication::Fixed(topic.replication.unwrap_or(-1));
            let made = Made::new(&topic.name, topic.partitions, copies);
            match retention {
                Some(ms) => made.set("retention.ms", ms),
                None => made,
            }
        })
        .collect();
    let fault = |error: &KafkaError| brokers.fault("make topics", error, &admin.inner().context().heard);
    let results = block_on(admin.create_topics(&made, &options())).map_err(|error| fault(&error))?;
    settle(results, RDKafkaErrorCode::TopicAlreadyExists, |name, code| {
        Error::Sink(format!("{}: topic {name} cannot be made: {code}", brokers.url()))
    })
}

/// Deletes topics; the names of those that were not there.
///
/// # Errors
/// [`Error::Sink`] where the brokers do not answer or refuse.
pub fn delete_topics(brokers: &Brokers, names: &[String]) -> Result<Vec<String>> {
    let (admin, _) = admin(brokers, "delete topics")?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fault = |error: &KafkaError| brokers.fault("delete topics", error, &admin.inner().context().heard);
    let results = block_on(admin.delete_topics(&names, &options())).map_err(|error| fault(&error))?;
    settle(results, RDKafkaErrorCode::UnknownTopicOrPartition, |name, code| {
        Error::Sink(format!("{}: topic {name} cannot be deleted: {code}", brokers.url()))
    })
}

/// The topics that ended with `expected`; any other failure is an error.
fn settle(
    results: Vec<std::result::Result<String, (String, RDKafkaErrorCode)>>,
    expected: RDKafkaErrorCode,
    fault: impl Fn(&str, RDKafkaErrorCode) -> Error,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for result in results {
        match result {
            Ok(_) => {}
            Err((name, code)) if code == expected => found.push(name),
            Err((name, code)) => return Err(fault(&name, code)),
        }
    }
    Ok(found)
}

/// The topics whose names begin with a prefix, by name.
///
/// # Errors
/// [`Error::Sink`] where the brokers do not answer.
pub fn list_topics(brokers: &Brokers, prefix: &str) -> Result<Vec<TopicInfo>> {
    let metadata = reach(brokers, "list topics")?;
    let mut topics: Vec<_> =
        metadata.topics().iter().filter(|topic| topic.name().starts_with(prefix)).map(info).collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(topics)
}

fn info(topic: &MetadataTopic) -> TopicInfo {
    TopicInfo {
        name: topic.name().to_owned(),
        partitions: topic.partitions().len(),
        replication: topic.partitions().first().map_or(0, |partition| partition.replicas().len()),
        settings: BTreeMap::new(),
    }
}

/// Topics with their settings.
///
/// # Errors
/// [`Error::NotFound`] for a topic that is not there, [`Error::Sink`] where the brokers do not answer.
pub fn describe_topics(brokers: &Brokers, names: &[String]) -> Result<Vec<TopicInfo>> {
    let (admin, metadata) = admin(brokers, "describe topics")?;
    let mut topics = Vec::new();
    for name in names {
        match metadata.topics().iter().find(|topic| topic.name() == name) {
            Some(topic) => topics.push(info(topic)),
            None => return Err(Error::NotFound(format!("{}: no topic {name}", brokers.url()))),
        }
    }
    let wanted: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let fault = |error: &KafkaError| brokers.fault("describe topics", error, &admin.inner().context().heard);
    let results = block_on(admin.describe_configs(&wanted, &options())).map_err(|error| fault(&error))?;
    for (topic, result) in topics.iter_mut().zip(results) {
        // Whoever may not read settings may still see the rest.
        let Ok(resource) = result else { continue };
        for name in SHOWN {
            if let Some(value) = resource.get(name).and_then(|entry| entry.value.clone()) {
                topic.settings.insert(name.into(), value);
            }
        }
    }
    Ok(topics)
}
