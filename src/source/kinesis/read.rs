//! Reading all that a stream holds, shard by shard, from its oldest record to its newest.

use std::time::Duration;

use super::service::{Page, Service};
use crate::error::Result;

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
    let shards = service.shards(stream)?;
    let shards =
        shards.map_err(|fault| service.fault(&format!("list the shards of stream {stream}"), &fault))?;
    for shard in shards {
        read_shard(service, stream, &shard, &mut each)?;
    }
    Ok(())
}

fn read_shard(
    service: &Service,
    stream: &str,
    shard: &str,
    each: &mut impl FnMut(StreamRecord<'_>) -> Result<()>,
) -> Result<()> {
    let doing = format!("read stream {stream}, {shard}");
    let mut next = service.begin(stream, shard)?.map_err(|fault| service.fault(&doing, &fault))?;
    while let Some(iterator) = next.take() {
        let page = page(service, stream, &iterator, &doing)?;
        for record in &page.records {
            let (sequence, key, value) = (&record.sequence, &record.key, &record.value);
            each(StreamRecord { stream, shard, sequence, key, value })?;
        }
        // Empty pages come in the middle, too: the distance to the newest record says when it is over.
        let is_over = page.records.is_empty() && page.behind_ms == 0;
        next = page.next.filter(|_| !is_over);
    }
    Ok(())
}

/// A page; a throttled read is tried again.
fn page(service: &Service, stream: &str, iterator: &str, doing: &str) -> Result<Page> {
    let mut tries = 0;
    loop {
        match service.page(stream, iterator)? {
            Ok(page) => return Ok(page),
            Err(fault) if tries < TRIES && fault.is_throttle() => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            Err(fault) => return Err(service.fault(doing, &fault)),
        }
    }
}
