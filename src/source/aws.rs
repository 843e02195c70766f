//! AWS's own chain of credentials and regions: environment, profiles, containers, instances.

use std::future::Future;
use std::time::Duration;

#[cfg(feature = "kinesis")]
use aws_config::retry::RetryConfig;
#[cfg(feature = "kinesis")]
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;

#[cfg(feature = "kinesis")]
use super::Options;
use super::runtime;
use crate::error::{Error, Result};

/// How long the chain may take: an instance's own service answers in milliseconds, one that is not
/// there not at all.
const CHAIN: Duration = Duration::from_secs(10);

/// Waits for a future on this process's runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(runtime()?.block_on(future))
}

/// Whether a text can name a region.
#[cfg(feature = "kinesis")]
pub(crate) fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What the chain says, with a region over its own.
pub(crate) fn settings(region: Option<&str>) -> Result<SdkConfig> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    wait(loader.load())
}

/// What a client of a service in a region is made with: each request goes out once, as trying again is
/// ours; the option `endpoint` names another place than AWS's own.
///
/// # Errors
/// [`Error::Config`] without credentials: missing ones are said at once, and with the remedy.
#[cfg(feature = "kinesis")]
pub(crate) fn service(region: &str, answer: Duration, options: &Options) -> Result<SdkConfig> {
    let settings = settings(Some(region))?;
    credentials(&settings)?;
    let mut made = settings.into_builder();
    made.set_retry_config(Some(RetryConfig::disabled()));
    made.set_timeout_config(Some(TimeoutConfig::builder().operation_attempt_timeout(answer).build()));
    if let Some(endpoint) = options.get("endpoint") {
        made.set_endpoint_url(Some(endpoint.clone()));
    }
    Ok(made.build())
}

/// Credentials of the chain, as they are now.
pub(crate) fn credentials(settings: &SdkConfig) -> Result<Credentials> {
    wait(provided(settings))?
}

/// The same, for who waits already.
pub(crate) async fn provided(settings: &SdkConfig) -> Result<Credentials> {
    let none = || {
        Error::Config(
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run where a \
             role is given"
                .into(),
        )
    };
    let provider = settings.credentials_provider().ok_or_else(none)?;
    let found = tokio::time::timeout(CHAIN, provider.provide_credentials()).await;
    // What it says of a failure may name files and addresses, but no secret; the remedy says more.
    found.map_err(|_| none())?.map_err(|_| none())
}
