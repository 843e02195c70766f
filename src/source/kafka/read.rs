//! Reading all that topics hold, from their first record to the last there is at the start.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{ANSWER, Brokers, Context, given_token, unusable};
use crate::error::Result;

/// A topic whose end does not come for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is heard of a client that is given up: brokers say the same again at each attempt.
const EVENTS: usize = 100;

const POLL: Duration = Duration::from_millis(100);

/// A record of a topic.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: u64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; None for a null message.
    pub value: Option<&'a [u8]>,
}

/// Shows every record of some topics, topic by topic, of each partition in the order of its offsets.
/// Topics that are not there hold none.
///
/// # Errors
/// [`Sink`](crate::Error::Sink) where the brokers do not answer, and what `each` returns.
pub fn read_all(
    brokers: &Brokers,
    topics: &[String],
    mut each: impl FnMut(Message<'_>) -> Result<()>,
) -> Result<()> {
    let consumer = consumer(brokers)?;
    topics.iter().try_for_each(|topic| read_topic(&consumer, brokers, topic, &mut each))
}

pub(super) fn consumer(brokers: &Brokers) -> Result<BaseConsumer<Context>> {
    let mut config = brokers.config();
    // No group: nothing is joined and no offset committed, but a name is asked for.
    config.set("group.id", "pinlake-reads-all").set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true").set("auto.offset.reset", "error");
    let consumer = BaseConsumer::from_config_and_context(&config, brokers.context())
        .map_err(|error| unusable(&error))?;
    given_token(consumer.client(), consumer.context())?;
    Ok(consumer)
}

/// Lets a consumer's context hear what brokers said by now: it does when it is polled.
pub(super) fn hear(consumer: &BaseConsumer<Context>) {
    for _ in 0..EVENTS {
        // With no time at all, a request for a token would pass for the end of what there is.
        if consumer.poll(POLL).is_none() {
            break;
        }
    }
}

fn read_topic(
    consumer: &BaseConsumer<Context>,
    brokers: &Brokers,
    topic: &str,
    each: &mut impl FnMut(Message<'_>) -> Result<()>,
) -> Result<()> {
    let fault = |error: &KafkaError| {
        brokers.fault(&format!("read topic {topic}"), error, &consumer.client().context().heard)
    };
    let mut ends = ends(consumer, topic).map_err(|error| {
        hear(consumer);
        fault(&error)
    })?;
    let mut all = TopicPartitionList::new();
    for partition in ends.keys() {
        all.add_partition_offset(topic, *partition, Offset::Beginning).map_err(|error| fault(&error))?;
    }
    consumer.assign(&all).map_err(|error| fault(&error))?;
    let mut last = Instant::now();
    while !ends.is_empty() {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                last = Instant::now();
                let offset = message.offset();
                if ends.get(&message.partition()).is_some_and(|end| offset + 1 >= *end) {
                    ends.remove(&message.partition());
                }
                each(Message {
                    topic,
                    partition: message.partition(),
                    offset: offset.unsigned_abs(),
                    key: message.key(),
                    value: message.payload(),
                })?;
            }
            // What stands behind the last record is marks of transactions, or was compacted away.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ends.remove(&partition);
            }
            Some(Err(error)) if !passes(&error) => return Err(fault(&error)),
            Some(Err(_)) | None if last.elapsed() > PATIENCE => {
                return Err(fault(&KafkaError::Global(RDKafkaErrorCode::OperationTimedOut)));
            }
            Some(Err(_)) | None => {}
        }
    }
    consumer.unassign().map_err(|error| fault(&error))
}

/// Of each partition that holds records, the offset behind its last one.
fn ends(consumer: &BaseConsumer<Context>, topic: &str) -> Result<HashMap<i32, i64>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    let mut ends = HashMap::new();
    for partition in partitions {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), ANSWER)?;
        if low < high {
            ends.insert(partition.id(), high);
        }
    }
    Ok(ends)
}

/// Whether librdkafka goes on by itself after an error.
fn passes(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut};
    matches!(error.rdkafka_error_code(), Some(AllBrokersDown | BrokerTransportFailure | OperationTimedOut))
}
