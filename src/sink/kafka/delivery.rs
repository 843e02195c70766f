//! What brokers say of each record, as outcomes.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::PARTITION_BITS;
use crate::ledger::{Outcome, Position, Status, micros};
use crate::sink::Written;
use crate::source::kafka::Context;

/// A record under way.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) record: u64,
    pub(super) sent_at: u64,
    pub(super) topic: u8,
}

/// The producer's context: gathers outcomes until somebody takes them.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) client: Context,
    topics: Arc<[String]>,
    gathered: Mutex<Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    outcomes: Vec<Outcome>,
    written: Written,
}

impl Delivery {
    pub(super) fn new(client: Context, topics: Arc<[String]>) -> Self {
        Self { client, topics, gathered: Mutex::default() }
    }

    fn gathered(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the outcomes there are.
    pub(super) fn take(&self, outcomes: &mut Vec<Outcome>) {
        outcomes.append(&mut self.gathered().outcomes);
    }

    /// What became known since the last call.
    pub(super) fn written(&self) -> Written {
        std::mem::take(&mut self.gathered().written)
    }

    pub(super) fn settle(&self, sent: &Sent, bytes: u64, status: Status) {
        let mut gathered = self.gathered();
        let written = &mut gathered.written;
        match status {
            Status::Acked { .. } => {
                written.records += 1;
                written.bytes += bytes;
            }
            Status::Failed(_) => written.failed += 1,
            Status::Unknown(_) => written.unknown += 1,
        }
        let Sent { record, sent_at, .. } = *sent;
        // librdkafka tries again by itself, without a copy: an idempotent producer.
        gathered.outcomes.push(Outcome { record, attempts: 1, sent_at, known_at: micros(), status });
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
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let message = match result {
            Ok(message) | Err((_, message)) => message,
        };
        let bytes = message.payload().map_or(0, |payload| payload.len() as u64 + 1);
        let status = match result {
            Ok(message) => {
                debug_assert!(self.topics[usize::from(sent.topic)] == message.topic());
                acked(&sent, message.partition(), u64::try_from(message.offset()).ok())
            }
            Err((error, message)) => not_acked(&sent, error, message.partition()),
        };
        self.settle(&sent, bytes, status);
    }
}

fn acked(sent: &Sent, partition: i32, offset: Option<u64>) -> Status {
    let place = (u32::from(sent.topic) << PARTITION_BITS) | partition.unsigned_abs();
    Status::Acked { place, position: offset.map_or(Position::None, Position::Offset) }
}

/// What an error says of a record: whether it can have arrived.
fn not_acked(sent: &Sent, error: &KafkaError, partition: i32) -> Status {
    use RDKafkaErrorCode::{
        DuplicateSequenceNumber, MessageTimedOut, OutOfOrderSequenceNumber, PurgeInflight, PurgeQueue,
        RequestTimedOut, UnknownProducerId,
    };
    let why = crate::source::kafka::fault_of(error);
    match error.rdkafka_error_code() {
        // The broker has it from an earlier try, and says not where.
        Some(DuplicateSequenceNumber) => acked(sent, partition, None),
        Some(
            MessageTimedOut
            | PurgeInflight
            | PurgeQueue
            | RequestTimedOut
            | OutOfOrderSequenceNumber
            | UnknownProducerId,
        )
        | None => Status::Unknown(why),
        Some(_) => Status::Failed(why),
    }
}
