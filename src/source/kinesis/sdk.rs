//! Kinesis by AWS's own client.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType};

use super::ATTEMPT;
use super::fault::Fault;
use super::service::{Answer, Entry, Kept, Page, StreamInfo};
use crate::error::{Error, Result};
use crate::source::{Options, aws};

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

    pub(super) async fn shards(&self, stream: &str) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        let mut page = self.client.list_shards().stream_name(stream).send().await?;
        loop {
            names.extend(page.shards().iter().map(|shard| shard.shard_id().to_owned()));
            let Some(token) = page.next_token() else {
                return Ok(names);
            };
            page = self.client.list_shards().next_token(token).send().await?;
        }
    }

    pub(super) async fn begin(&self, stream: &str, shard: &str) -> Result<Option<String>, Fault> {
        let begin = self.client.get_shard_iterator().stream_name(stream).shard_id(shard);
        let begin = begin.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
        Ok(begin.shard_iterator)
    }

    pub(super) async fn page(&self, _stream: &str, iterator: &str) -> Result<Page, Fault> {
        let answer = self.client.get_records().shard_iterator(iterator).send().await?;
        let behind_ms = answer.millis_behind_latest().unwrap_or(0);
        let records = answer.records.into_iter().map(|record| Kept {
            sequence: record.sequence_number,
            key: record.partition_key.unwrap_or_default(),
            value: record.data.into_inner(),
        });
        Ok(Page { records: records.collect(), next: answer.next_shard_iterator, behind_ms })
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

fn answers(output: &PutRecordsOutput) -> Vec<Answer> {
    let answer = |entry: &aws_sdk_kinesis::types::PutRecordsResultEntry| {
        Answer::of(entry.error_code(), entry.error_message(), entry.shard_id().zip(entry.sequence_number()))
    };
    output.records().iter().map(answer).collect()
}
