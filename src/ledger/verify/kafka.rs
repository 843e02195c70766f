//! The topics of a Kafka cluster as they are.

use super::judge::{Judge, Seen};
use crate::error::Result;
use crate::ledger::{Position, record_hash};
use crate::source::Options;
use crate::source::kafka::{Brokers, read_all};

/// Shows the judge all of the ledger's topics; the cluster's URL.
pub(super) fn read(judge: &mut Judge, url: &str, options: &Options) -> Result<String> {
    let brokers = Brokers::parse(url, options)?;
    let header = judge.header();
    let topics: Vec<String> = header.kinds.iter().map(|kind| format!("{}.{kind}", header.user_id)).collect();
    read_all(&brokers, &topics, |message| {
        let value = message.value.unwrap_or(b"null");
        let place = format!("{}/{}", message.topic, message.partition);
        let position = Position::Offset(message.offset);
        judge.see(&Seen { place: &place, position, hash: record_hash(value), value });
        Ok(())
    })?;
    Ok(brokers.url())
}
