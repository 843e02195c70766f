//! Why a request to a service failed, and what that says of what it was to do.

use std::error::Error as Cause;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

use super::ATTEMPT;

/// The name of an API Gateway's 429, which has none.
pub(crate) const TOO_MANY: &str = "TooManyRequests";

/// A request that failed.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The service's name for it.
    pub(crate) code: Option<String>,
    /// What went wrong: the service's code and words, or those of the connection.
    pub(crate) words: String,
    /// Whether nothing was written for certain: a refusal of the service, or a connection that was
    /// never made.
    pub(crate) sure: bool,
}

impl Fault {
    /// One that a request which cannot be made has.
    pub(crate) fn unmade(why: impl std::fmt::Display) -> Self {
        Self { code: None, words: why.to_string(), sure: true }
    }

    /// Whether there was too much of it for now.
    pub(super) fn is_throttle(&self) -> bool {
        self.is("ProvisionedThroughputExceededException") || self.is(TOO_MANY)
    }

    /// Whether the service's name for it is this.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl<E: ProvideErrorMetadata> From<SdkError<E>> for Fault {
    fn from(error: SdkError<E>) -> Self {
        let code = error.code().map(ToOwned::to_owned);
        let words = match (&code, error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.clone(),
            (None, _) => without_code(&error),
        };
        Self { code, words, sure: is_sure(&error) }
    }
}

fn without_code<E>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(context) => format!("HTTP {}", context.raw().status().as_u16()),
        SdkError::ResponseError(context) => {
            format!("HTTP {}, with an answer that makes no sense", context.raw().status().as_u16())
        }
        SdkError::TimeoutError(_) => no_answer(),
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or_else(|| "no connection".into(), |error| deepest(error))
        }
        _ => "a request that cannot be made".into(),
    }
}

fn is_sure<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(context) => context.raw().status().is_client_error(),
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(failure) => {
            failure.is_user() || failure.as_connector_error().is_some_and(|error| is_refused(error))
        }
        _ => false,
    }
}

pub(super) fn no_answer() -> String {
    format!("no answer within {} s", ATTEMPT.as_secs())
}

/// The words of the error behind all others.
pub(super) fn deepest(error: &dyn Cause) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Whether a connection was refused, by the words of those that made it.
pub(super) fn is_refused(error: &(dyn Cause + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        next = error.source();
    }
    false
}
