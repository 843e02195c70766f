//! The service's client, and what its errors mean.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::Builder;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, Result};
use crate::source::{Options, aws};

/// A request without an answer for so long is given up: nobody knows then whether it was heard.
const ATTEMPT: Duration = Duration::from_secs(30);

/// Kinesis in a region, or at an endpoint of its own.
#[derive(Debug, Clone)]
pub struct Service {
    pub(crate) client: Client,
    url: String,
}

impl Service {
    /// Opens `kinesis://region`; the option `endpoint` names another place than AWS's own.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or an option that cannot be used, and without credentials.
    pub fn open(url: &str, options: &Options) -> Result<Self> {
        let region = url.strip_prefix("kinesis://").map(|region| region.trim_end_matches('/'));
        let good = |region: &str| {
            !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let Some(region) = region.filter(|region| good(region)) else {
            return Err(Error::Config(
                "no URL of Kinesis: use kinesis://<region>, as in kinesis://us-east-1".into(),
            ));
        };
        let settings = aws::settings(Some(region))?;
        // Missing ones are said at once, and with the remedy.
        aws::credentials(&settings)?;
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build();
        let mut config =
            Builder::from(&settings).retry_config(RetryConfig::disabled()).timeout_config(timeouts);
        if let Some(endpoint) = options.get("endpoint") {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self { client: Client::from_conf(config.build()), url: format!("kinesis://{region}") })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An error that says where, what and why.
    pub(crate) fn fault<E: ProvideErrorMetadata>(&self, doing: &str, error: &SdkError<E>) -> Error {
        Error::Sink(format!("{}: cannot {doing}: {}", self.url, fault_of(error)))
    }
}

/// The stream of a user id and a kind, as the course names it.
#[must_use]
pub fn stream_name(user_id: &str, kind: &str) -> String {
    format!("streaming-{user_id}-{kind}")
}

/// What went wrong: the service's code and words, or those of the connection.
pub(crate) fn fault_of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => without_code(error),
    }
}

fn without_code<E>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(context) => format!("HTTP {}", context.raw().status().as_u16()),
        SdkError::ResponseError(context) => {
            format!("HTTP {}, with an answer that makes no sense", context.raw().status().as_u16())
        }
        SdkError::TimeoutError(_) => format!("no answer within {} s", ATTEMPT.as_secs()),
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or_else(|| "no connection".into(), |error| deepest(error))
        }
        _ => "a request that cannot be made".into(),
    }
}

/// The words of the error behind all others.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Whether an error says for certain that nothing was written: a refusal of the service, or a
/// connection that was never made.
pub(crate) fn is_sure<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(context) => context.raw().status().is_client_error(),
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(failure) => {
            failure.is_user() || is_refused(failure.as_connector_error().map(|error| error as _))
        }
        _ => false,
    }
}

/// Whether a connection was refused, by the words of those that made it.
fn is_refused(error: Option<&(dyn std::error::Error + 'static)>) -> bool {
    let mut next = error;
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        next = error.source();
    }
    false
}
