//! Kinesis by AWS's own client.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType};

use super::ATTEMPT;
use super::fault::Fault;
use super::offset::At;
use super::service::{Answer, Entry, Kept, Page, StreamInfo};
use crate::error::{Error, Result};
use crate::source::{Options, aws};

const HOUR_MS: i64 = 3_600_000;

/// What tells a stream from another of the same name, and how old its records grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    /// When it was made, ms since 1970.
    pub(super) created: i64,
    pub(super) retention_ms: i64,
}

/// A shard and whose child it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) name: String,
    /// None, one (split), or two (merged).
    pub(super) parents: Vec<String>,
    /// Whether records are put into its children by now.
    pub(super) closed: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Sdk {
    client: Client,
    region: String,
}

impl Sdk {
    pub(super) fn open(url: &str, options: &Options) -> Result<Self> {
        let region = url.strip_prefix("kinesis://").map(|region| region.trim_end_matches('/'));
        let Some(region) = region.filter(|region| aws::is_region(region)) else {
            return Err(Error::Config(
                "no URL of Kinesis: use kinesis://<region>, as in kinesis://us-east-1, or \
                 gateway+https://<host>/<stage>"
                    .into(),
            ));
        };
        let client = Client::new(&aws::service(region, ATTEMPT, options)?);
        Ok(Self { client, region: region.to_owned() })
    }

    pub(super) fn url(&self) -> String {
        format!("kinesis://{}", self.region)
    }

    pub(super) async fn create(&self, stream: &str, shards: i32) -> Result<(), Fault> {
        self.client.create_stream().stream_name(stream).shard_count(shards).send().await?;
        Ok(())
    }

    pub(super) async fn keep_for(&self, stream: &str, hours: i32) -> Result<(), Fault> {
        let longer = self.client.increase_stream_retention_period().stream_name(stream);
        longer.retention_period_hours(hours).send().await?;
        Ok(())
    }

    pub(super) async fn delete(&self, stream: &str) -> Result<(), Fault> {
        self.client.delete_stream().stream_name(stream).send().await?;
        Ok(())
    }

    pub(super) async fn names(&self, after: Option<&str>) -> Result<(Vec<String>, bool), Fault> {
        let after = after.map(ToOwned::to_owned);
        let page = self.client.list_streams().set_exclusive_start_stream_name(after).send().await?;
        Ok((page.stream_names().to_vec(), page.has_more_streams()))
    }

    pub(super) async fn describe(&self, stream: &str) -> Result<StreamInfo, Fault> {
        let answer = self.client.describe_stream_summary().stream_name(stream).send().await?;
        let summary = answer.stream_description_summary;
        let summary = summary.ok_or_else(|| Fault::unmade("an answer without a description"))?;
        Ok(StreamInfo {
            name: stream.to_owned(),
            status: summary.stream_status.as_str().to_owned(),
            shards: summary.open_shard_count,
            retention_hours: summary.retention_period_hours,
        })
    }

    /// A stream with what tells it from another of the same name.
    pub(super) async fn summary(&self, stream: &str) -> Result<Summary, Fault> {
        let answer = self.client.describe_stream_summary().stream_name(stream).send().await?;
        let found = answer.stream_description_summary;
        let found = found.ok_or_else(|| Fault::unmade("an answer without a description"))?;
        Ok(Summary {
            created: found.stream_creation_timestamp.to_millis().unwrap_or_default(),
            retention_ms: i64::from(found.retention_period_hours) * HOUR_MS,
        })
    }

    pub(super) async fn shards(&self, stream: &str) -> Result<Vec<String>, Fault> {
        Ok(self.lineage(stream).await?.into_iter().map(|shard| shard.name).collect())
    }

    /// All shards of a stream and whose children they are.
    pub(super) async fn lineage(&self, stream: &str) -> Result<Vec<Shard>, Fault> {
        let mut shards = Vec::new();
        let mut page = self.client.list_shards().stream_name(stream).send().await?;
        loop {
            shards.extend(page.shards.take().unwrap_or_default().into_iter().map(shard));
            let Some(token) = page.next_token() else {
                return Ok(shards);
            };
            page = self.client.list_shards().next_token(token).send().await?;
        }
    }

    pub(super) async fn begin(&self, stream: &str, shard: &str) -> Result<Option<String>, Fault> {
        self.iterator(stream, shard, &At::Begin).await
    }

    /// An iterator of a shard; behind a record it begins at that record, which tells whether it is there still.
    pub(super) async fn iterator(&self, stream: &str, shard: &str, at: &At) -> Result<Option<String>, Fault> {
        let ask = self.client.get_shard_iterator().stream_name(stream).shard_id(shard);
        let ask = match at {
            At::Begin => ask.shard_iterator_type(ShardIteratorType::TrimHorizon),
            At::Time(ms) => {
                ask.shard_iterator_type(ShardIteratorType::AtTimestamp).timestamp(DateTime::from_millis(*ms))
            }
            At::After(sequence) => ask
                .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
                .starting_sequence_number(sequence.as_str()),
        };
        Ok(ask.send().await?.shard_iterator)
    }

    pub(super) async fn page(&self, _stream: &str, iterator: &str) -> Result<Page, Fault> {
        self.records(iterator, None).await
    }

    /// At most so many records behind an iterator.
    pub(super) async fn records(&self, iterator: &str, most: Option<i32>) -> Result<Page, Fault> {
        let answer = self.client.get_records().shard_iterator(iterator).set_limit(most).send().await?;
        let behind_ms = answer.millis_behind_latest().unwrap_or(0);
        let records = answer.records.into_iter().map(|record| Kept {
            sequence: record.sequence_number,
            key: record.partition_key.unwrap_or_default(),
            value: record.data.into_inner(),
            arrived_ms: record.approximate_arrival_timestamp.and_then(|time| time.to_millis().ok()),
        });
        Ok(Page { records: records.collect(), next: answer.next_shard_iterator, behind_ms, full: false })
    }

    pub(super) async fn put(&self, stream: &str, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        let entries = entries.iter().map(|entry| {
            let data = Blob::from_maybe_shared(entry.value.clone());
            PutRecordsRequestEntry::builder().data(data).partition_key(&entry.key).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(Fault::unmade)?;
        let request = self.client.put_records().stream_name(stream).set_records(Some(entries));
        Ok(answers(&request.send().await?))
    }
}

fn shard(found: aws_sdk_kinesis::types::Shard) -> Shard {
    let closed = found.sequence_number_range.is_some_and(|range| range.ending_sequence_number.is_some());
    let parents = found.parent_shard_id.into_iter().chain(found.adjacent_parent_shard_id);
    Shard { name: found.shard_id, parents: parents.collect(), closed }
}

fn answers(output: &PutRecordsOutput) -> Vec<Answer> {
    let answer = |entry: &aws_sdk_kinesis::types::PutRecordsResultEntry| {
        Answer::of(entry.error_code(), entry.error_message(), entry.shard_id().zip(entry.sequence_number()))
    };
    output.records().iter().map(answer).collect()
}
