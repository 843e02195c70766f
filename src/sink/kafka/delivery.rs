//! What brokers say of each record, as outcomes.

use std::error::Error;

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::PARTITION_BITS;
use crate::ledger::{Position, Status};
use crate::sink::gathered::{Gathered, Sent};
use crate::source::kafka::Context;

/// A record under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) record: u64,
    pub(super) sent_at: u64,
    pub(super) topic: u8,
}

/// The producer's context: gathers outcomes until somebody takes them.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) client: Context,
    pub(super) gathered: Gathered,
}

impl Delivery {
    pub(super) fn new(client: Context) -> Self {
        Self { client, gathered: Gathered::default() }
    }

    pub(super) fn settle(&self, sent: &UnderWay, bytes: usize, status: Status) {
        let UnderWay { record, sent_at, .. } = *sent;
        // librdkafka tries again by itself, without a copy: an idempotent producer.
        self.gathered.settle(Sent { record, sent_at, attempts: 1, bytes }, status);
    }
}

impl ClientContext for Delivery {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = Context::ENABLE_REFRESH_OAUTH_TOKEN;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.client.generate_oauth_token(config)
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client.error(error, reason);
    }
}

impl ProducerContext for Delivery {
    type DeliveryOpaque = Box<UnderWay>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let message = match result {
            Ok(message) | Err((_, message)) => message,
        };
        let bytes = message.payload().map_or(0, <[u8]>::len);
        let status = match result {
            Ok(message) => acked(&sent, message.partition(), u64::try_from(message.offset()).ok()),
            Err((error, message)) => not_acked(&sent, error, message.partition()),
        };
        self.settle(&sent, bytes, status);
    }
}

fn acked(sent: &UnderWay, partition: i32, offset: Option<u64>) -> Status {
    let place = (u32::from(sent.topic) << PARTITION_BITS) | partition.unsigned_abs();
    Status::Acked { place, position: offset.map_or(Position::None, Position::Offset) }
}

/// What an error says of a record. Refused for good is only what a broker will not have, or what was never
/// sent for a reason that stays: of all else it may have arrived, and a later run sends it again.
fn not_acked(sent: &UnderWay, error: &KafkaError, partition: i32) -> Status {
    use RDKafkaErrorCode::{
        ClusterAuthorizationFailed, DuplicateSequenceNumber, InvalidRecord, InvalidTimestamp, InvalidTopic,
        MessageBatchTooLarge, MessageSizeTooLarge, PolicyViolation, TopicAuthorizationFailed,
        UnknownPartition, UnknownTopic, UnknownTopicOrPartition, UnsupportedForMessageFormat,
    };
    let why = crate::source::kafka::fault_of(error);
    match error.rdkafka_error_code() {
        // The broker has it from an earlier try, and says not where.
        Some(DuplicateSequenceNumber) => acked(sent, partition, None),
        Some(
            ClusterAuthorizationFailed
            | InvalidRecord
            | InvalidTimestamp
            | InvalidTopic
            | MessageBatchTooLarge
            | MessageSizeTooLarge
            | PolicyViolation
            | TopicAuthorizationFailed
            | UnknownPartition
            | UnknownTopic
            | UnknownTopicOrPartition
            | UnsupportedForMessageFormat,
        ) => Status::Failed(why),
        _ => Status::Unknown(why),
    }
}
