//! Reading all that a stream holds, shard by shard, from its oldest record to its newest.

use std::time::Duration;

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::types::ShardIteratorType;

use super::client::Service;
use crate::error::Result;
use crate::source::aws::wait;

/// A shard answers five reads a second (Kinesis: "Quotas and limits", GetRecords).
const PAUSE: Duration = Duration::from_millis(200);

/// Throttled reads are tried again so often.
const TRIES: u32 = 50;

/// A record of a stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamRecord<'a> {
    /// Its stream.
    pub stream: &'a str,
    /// Its shard.
    pub shard: &'a str,
    /// Its sequence number.
    pub sequence: &'a str,
    /// Its partition key.
    pub key: &'a str,
    /// Its bytes.
    pub value: &'a [u8],
}

/// Shows every record of a stream, of each shard in the order of its sequence numbers.
///
/// # Errors
/// [`crate::Error::Sink`] where the service does not answer or the stream is not there, and what `each`
/// returns.
pub fn read_stream(
    service: &Service,
    stream: &str,
    mut each: impl FnMut(StreamRecord<'_>) -> Result<()>,
) -> Result<()> {
    for shard in shards(service, stream)? {
        read_shard(service, stream, &shard, &mut each)?;
    }
    Ok(())
}

/// All shards of a stream, closed ones too.
fn shards(service: &Service, stream: &str) -> Result<Vec<String>> {
    let fault = |error| service.fault(&format!("list the shards of stream {stream}"), &error);
    let mut names = Vec::new();
    let mut page = wait(service.client.list_shards().stream_name(stream).send())?.map_err(fault)?;
    loop {
        names.extend(page.shards().iter().map(|shard| shard.shard_id().to_owned()));
        let Some(token) = page.next_token() else {
            return Ok(names);
        };
        page = wait(service.client.list_shards().next_token(token).send())?.map_err(fault)?;
    }
}

fn read_shard(
    service: &Service,
    stream: &str,
    shard: &str,
    each: &mut impl FnMut(StreamRecord<'_>) -> Result<()>,
) -> Result<()> {
    let doing = format!("read stream {stream}, {shard}");
    let begin = service.client.get_shard_iterator().stream_name(stream).shard_id(shard);
    let begin = begin.shard_iterator_type(ShardIteratorType::TrimHorizon).send();
    let mut next = wait(begin)?.map_err(|error| service.fault(&doing, &error))?.shard_iterator;
    let mut tries = 0;
    while let Some(iterator) = next.take() {
        let answer = match wait(service.client.get_records().shard_iterator(&iterator).send())? {
            Ok(answer) => answer,
            Err(error) if tries < TRIES && error.code() == Some("ProvisionedThroughputExceededException") => {
                tries += 1;
                std::thread::sleep(PAUSE);
                next = Some(iterator);
                continue;
            }
            Err(error) => return Err(service.fault(&doing, &error)),
        };
        tries = 0;
        for record in answer.records() {
            each(StreamRecord {
                stream,
                shard,
                sequence: record.sequence_number(),
                key: record.partition_key().unwrap_or_default(),
                value: record.data().as_ref(),
            })?;
        }
        // Empty pages come in the middle, too: the distance to the newest record says when it is over.
        let is_over = answer.records().is_empty() && answer.millis_behind_latest().unwrap_or(0) == 0;
        next = answer.next_shard_iterator.filter(|_| !is_over);
    }
    Ok(())
}
