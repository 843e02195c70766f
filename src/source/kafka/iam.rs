//! MSK's IAM: a token is a presigned request, which says who connects, and until when.
//!
//! Source: AWS, "IAM access control" of Amazon MSK, and its signers for other languages.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;

use crate::error::{Error, Result};
use crate::source::aws;

/// Longer tokens are refused by MSK.
pub(super) const LONGEST: Duration = Duration::from_secs(900);

/// The service's name in signatures.
const SERVICE: &str = "kafka-cluster";

/// Makes tokens.
#[derive(Debug)]
pub(super) struct Iam {
    region: String,
    life: Duration,
    settings: SdkConfig,
}

impl Iam {
    /// With a region, the brokers' own (their names tell), or the chain's.
    ///
    /// # Errors
    /// [`Error::Config`] without a region, or for a life that MSK does not take.
    pub(super) fn new(region: Option<&str>, servers: &str, life: Duration) -> Result<Self> {
        if life.is_zero() || life > LONGEST {
            return Err(Error::Config(format!(
                "kafka lifetime.seconds {}: use 1 to {}",
                life.as_secs(),
                LONGEST.as_secs()
            )));
        }
        let settings = aws::settings(region.or_else(|| region_of(servers)))?;
        let region = settings.region().map(ToString::to_string).ok_or_else(|| {
            Error::Config("kafka security msk-iam: no region; set region under [kafka], or AWS_REGION".into())
        })?;
        Ok(Self { region, life, settings })
    }

    /// A new token. Credentials are asked for each time: those of a role change.
    ///
    /// # Errors
    /// [`Error::Config`] without credentials.
    pub(super) fn token(&self) -> Result<OAuthToken> {
        let credentials = aws::credentials(&self.settings)?;
        let principal_name = credentials.access_key_id().to_owned();
        let now = SystemTime::now();
        let ends = now + self.life;
        let wrong = |error: &dyn std::fmt::Display| Error::Config(format!("kafka token: {error}"));
        let host = format!("kafka.{}.amazonaws.com", self.region);
        let url = format!("https://{host}/?Action=kafka-cluster%3AConnect");
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(self.life);
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| wrong(&error))?;
        let headers = std::iter::once(("host", host.as_str()));
        let request = SignableRequest::new("GET", url.as_str(), headers, SignableBody::Bytes(&[]))
            .map_err(|error| wrong(&error))?;
        let signed = sign(request, &params.into()).map_err(|error| wrong(&error))?;
        let (instructions, _) = signed.into_parts();
        let mut text = url;
        for (name, value) in instructions.params() {
            text.push('&');
            text.push_str(name);
            text.push('=');
            push_encoded(&mut text, value);
        }
        text.push_str("&User-Agent=pinlake");
        let millis = ends.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Ok(OAuthToken {
            token: URL_SAFE_NO_PAD.encode(text),
            principal_name,
            lifetime_ms: i64::try_from(millis).unwrap_or(i64::MAX),
        })
    }
}

/// `b-1.name.xyz.c2.kafka.eu-west-1.amazonaws.com:9098` says `eu-west-1`.
fn region_of(servers: &str) -> Option<&str> {
    let host = servers.split(',').next()?.rsplit_once(':')?.0;
    let (_, behind) = host.split_once(".kafka.").or_else(|| host.split_once(".kafka-serverless."))?;
    behind.split_once(".amazonaws.com").map(|(region, _)| region)
}

/// Percent-encodes all but RFC 3986's unreserved bytes.
fn push_encoded(out: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_names_tell_their_region() {
        for (servers, region) in [
            ("b-1.x.a1.c2.kafka.eu-west-1.amazonaws.com:9098,b-2:9098", Some("eu-west-1")),
            ("boot-x.c3.kafka-serverless.us-east-1.amazonaws.com:9098", Some("us-east-1")),
            ("127.0.0.1:9098", None),
            ("kafka.example.com:9098", None),
        ] {
            assert_eq!(region_of(servers), region, "{servers}");
        }
    }
}
