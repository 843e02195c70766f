//! Secrets that AWS's Secrets Manager keeps: a JSON object each, as RDS and MSK make them.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use super::{Options, aws};
use crate::error::{Error, Result};

/// How long the service has to answer, all attempts together.
const ANSWER: Duration = Duration::from_secs(15);

/// The texts and numbers of a secret, by their names in lower case.
///
/// `id` is a name or an ARN; the options `region` and `endpoint` go before those of AWS's own chain, which
/// credentials come from.
///
/// # Errors
/// [`Error::Config`] where there are no credentials or no region, for a secret that is not there or that
/// may not be read, and for one that is no JSON object. None repeats what the secret holds.
pub(crate) fn secret(id: &str, options: &Options) -> Result<BTreeMap<String, String>> {
    let wrong = |why: &str| Error::Config(format!("AWS Secrets Manager, {id:?}: {why}"));
    let settings = aws::settings(options.get("region").map(String::as_str).or_else(|| region_of(id)))?;
    if settings.region().is_none() {
        return Err(wrong("no region: set AWS_REGION, or region beside the secret's name"));
    }
    // Missing ones are said at once, and with the remedy.
    aws::credentials(&settings)?;
    let timeouts = TimeoutConfig::builder().operation_timeout(ANSWER).build();
    let mut config = Builder::from(&settings).timeout_config(timeouts);
    if let Some(endpoint) = options.get("endpoint") {
        config = config.endpoint_url(endpoint);
    }
    let asked = Client::from_conf(config.build()).get_secret_value().secret_id(id).send();
    let answer = aws::wait(asked)?.map_err(|error| wrong(&fault_of(&error)))?;
    let text = answer.secret_string().ok_or_else(|| wrong("it holds bytes; a JSON object is wanted"))?;
    pairs(text).ok_or_else(|| wrong("it holds no JSON object with username, password, …"))
}

/// The region that stands in an ARN.
fn region_of(id: &str) -> Option<&str> {
    let parts: Vec<&str> = id.split(':').collect();
    (parts.len() > 4 && parts[0] == "arn").then(|| parts[3])
}

fn pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let table: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let pairs = table.into_iter().filter_map(|(name, value)| {
        let value = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((name.to_ascii_lowercase(), value))
    });
    Some(pairs.collect())
}

/// What went wrong: the service's code and words, or that there was no answer.
fn fault_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match (error.code(), error.message(), error) {
        (Some(code), Some(message), _) => format!("{code}: {message}"),
        (Some(code), None, _) => code.to_owned(),
        (None, _, SdkError::TimeoutError(_)) => format!("no answer within {} s", ANSWER.as_secs()),
        (None, _, SdkError::DispatchFailure(_)) => "no connection to the service".into(),
        _ => "an answer that makes no sense".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_flat_objects() {
        let found = pairs(r#"{"username":"u","Password":"p","port":3306,"engine":null}"#).unwrap();
        assert_eq!(found["username"], "u");
        assert_eq!((found["password"].as_str(), found["port"].as_str()), ("p", "3306"));
        assert_eq!(found.len(), 3);
        assert!(pairs("[1]").is_none() && pairs("hunter2").is_none());
    }

    #[test]
    fn an_arn_names_its_region() {
        assert_eq!(region_of("arn:aws:secretsmanager:eu-west-1:123:secret:db-x"), Some("eu-west-1"));
        assert_eq!(region_of("prod/db"), None);
    }
}
