//! Firehose: delivery streams, which gather records into objects.

use aws_sdk_firehose::Client;
use aws_sdk_firehose::error::SdkError;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;

use crate::error::{Error, Result};
use crate::source::kinesis::{ATTEMPT, Answer, Entry, Fault};
use crate::source::{Options, aws};

/// Delivery streams in a region.
#[derive(Debug)]
pub(super) struct Firehose {
    client: Client,
    region: String,
    url: String,
    /// Whether each record ends in a newline: Firehose itself puts nothing between them.
    newline: bool,
}

impl Firehose {
    /// Opens `firehose://region[/name]`; the name of the delivery stream, if there is one.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or an option that cannot be used, and without credentials.
    pub(super) fn open(url: &str, options: &Options) -> Result<(Self, Option<String>)> {
        let place = url.strip_prefix("firehose://").unwrap_or_default().trim_end_matches('/');
        let (region, name) = place.split_once('/').map_or((place, None), |(a, b)| (a, Some(b)));
        let good = |name: &str| !name.is_empty() && !name.contains('/');
        if !aws::is_region(region) || !name.is_none_or(good) {
            return Err(Error::Config(
                "no URL of Firehose: use firehose://<region>/<delivery stream>, or firehose://<region> for one \
                 a kind"
                    .into(),
            ));
        }
        let newline = match options.get("newline").map(String::as_str) {
            None | Some("true") => true,
            Some("false") => false,
            Some(other) => {
                return Err(Error::Config(format!("firehose newline {other:?}: use true or false")));
            }
        };
        let client = Client::new(&aws::service(region, ATTEMPT, options)?);
        let opened = Self { client, region: region.to_owned(), url: format!("firehose://{place}"), newline };
        Ok((opened, name.map(ToOwned::to_owned)))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether a delivery stream is there.
    ///
    /// # Errors
    /// [`Error::Config`] if it is not, [`Error::Sink`] where the service does not answer.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        let asked = self.client.describe_delivery_stream().delivery_stream_name(name).send();
        let fault = match aws::wait(asked)? {
            Ok(_) => return Ok(()),
            // It is there, in whatever form it says so (LocalStack's times are text).
            Err(SdkError::ResponseError(answer)) if answer.raw().status().is_success() => return Ok(()),
            Err(error) => Fault::from(error),
        };
        if fault.is("ResourceNotFoundException") {
            return Err(Error::Config(format!(
                "{}: no delivery stream {name} in {}; make it in the console or by infra/",
                self.url, self.region
            )));
        }
        Err(Error::Sink(format!("{}: cannot describe {name}: {}", self.url, fault.words)))
    }

    pub(super) async fn put(&self, name: &str, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        let records = entries.iter().map(|entry| {
            let data = if self.newline {
                Blob::new([entry.value.as_ref(), b"\n"].concat())
            } else {
                Blob::from_maybe_shared(entry.value.clone())
            };
            Record::builder().data(data).build()
        });
        let records = records.collect::<Result<Vec<_>, _>>().map_err(Fault::unmade)?;
        let request = self.client.put_record_batch().delivery_stream_name(name);
        let answer = request.set_records(Some(records)).send().await?;
        let answers = answer.request_responses().iter().map(|entry| match entry.error_code() {
            Some(code) => Answer::Refused(code.to_owned(), entry.error_message().map(ToOwned::to_owned)),
            None if entry.record_id().is_some() => Answer::Accepted(None),
            None => Answer::Silent,
        });
        Ok(answers.collect())
    }
}
