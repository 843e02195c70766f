//! Kafka: who to speak to and how, topics, and reading all that a topic holds.
//!
//! librdkafka never runs in Spark's workers; this is for the emulator, `verify`, `check` and topics.

mod client;
mod iam;
mod read;
mod topics;

pub(crate) use client::{ANSWER, Context, fault_of, given_token, unusable};
pub use client::{Brokers, Security, credentials};
pub use read::{Message, read_all};
pub use topics::{NewTopic, TopicInfo, create_topics, delete_topics, describe_topics, list_topics};
