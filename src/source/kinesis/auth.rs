//! Who asks an API Gateway: a signature of AWS's, an API key, or nobody.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use tokio::sync::Mutex;

use super::fault::Fault;
use crate::error::{Error, Result};
use crate::source::{Options, aws, secret};

/// An API key: from the environment, so that it stands in no file of settings and no list of
/// processes.
const KEYS: [&str; 2] = ["PINLAKE_GATEWAY_KEY", "PINLAKE_GATEWAY_KEY_FILE"];

/// The service's name in signatures.
const SERVICE: &str = "execute-api";

/// Credentials that end sooner are asked for again.
const LEFT: Duration = Duration::from_secs(300);

/// How requests are authorised.
pub(super) enum Auth {
    /// They are not.
    Open,
    /// By the header `x-api-key`.
    Key(String),
    /// By a signature.
    Iam(Box<Signer>),
}

/// Signs with credentials of the chain.
pub(super) struct Signer {
    region: String,
    settings: SdkConfig,
    held: Mutex<Option<Credentials>>,
}

impl Auth {
    /// What the option `auth` says (`iam`, `key`, `none`); without it, a key where there is one, a
    /// signature over https, else nothing.
    pub(super) fn of(base: &str, options: &Options) -> Result<Self> {
        let key = secret::first(&KEYS)?;
        match (options.get("auth").map(String::as_str), key) {
            (Some("none"), _) => Ok(Self::Open),
            (Some("key") | None, Some(key)) => Ok(Self::Key(key)),
            (Some("key"), None) => Err(Error::Config(format!("gateway auth key: set {}", KEYS.join(" or ")))),
            (None, None) if !base.starts_with("https://") => Ok(Self::Open),
            (Some("iam") | None, _) => Ok(Self::Iam(Box::new(Signer::new(base, options)?))),
            (Some(other), _) => Err(Error::Config(format!("gateway auth {other:?}: use iam, key or none"))),
        }
    }

    /// Headers that a request has to have.
    pub(super) async fn headers(
        &self,
        method: &str,
        url: &str,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, Fault> {
        match self {
            Self::Open => Ok(Vec::new()),
            Self::Key(key) => Ok(vec![("x-api-key".into(), key.clone())]),
            Self::Iam(signer) => signer.sign(method, url, body).await,
        }
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Open => "none",
            Self::Key(_) => "key",
            Self::Iam(_) => "iam",
        })
    }
}

impl Signer {
    fn new(base: &str, options: &Options) -> Result<Self> {
        let region = options.get("region").map(String::as_str).or_else(|| region_of(base));
        let settings = aws::settings(region)?;
        let region = settings.region().map(ToString::to_string).ok_or_else(|| {
            Error::Config("gateway auth iam: no region; set region under [gateway], or AWS_REGION".into())
        })?;
        let held = Mutex::new(Some(aws::credentials(&settings)?));
        Ok(Self { region, settings, held })
    }

    async fn credentials(&self) -> Result<Credentials, Fault> {
        let mut held = self.held.lock().await;
        let soon = SystemTime::now() + LEFT;
        if let Some(found) = held.as_ref().filter(|found| found.expiry().is_none_or(|end| end > soon)) {
            return Ok(found.clone());
        }
        let found = aws::provided(&self.settings).await.map_err(Fault::unmade)?;
        *held = Some(found.clone());
        Ok(found)
    }

    async fn sign(&self, method: &str, url: &str, body: &[u8]) -> Result<Vec<(String, String)>, Fault> {
        let identity = self.credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(Fault::unmade)?;
        let host = url.split('/').nth(2).unwrap_or_default();
        let headers = [("host", host)].into_iter();
        let request = SignableRequest::new(method, url, headers, SignableBody::Bytes(body));
        let signed = sign(request.map_err(Fault::unmade)?, &params.into()).map_err(Fault::unmade)?;
        let (instructions, _) = signed.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// `https://abc123.execute-api.eu-west-1.amazonaws.com/prod` says `eu-west-1`.
fn region_of(base: &str) -> Option<&str> {
    let (_, behind) = base.split_once(".execute-api.")?;
    let (region, behind) = behind.split_once('.')?;
    behind.contains("amazonaws.com").then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_tell_their_region() {
        for (base, region) in [
            ("https://abc123.execute-api.eu-west-1.amazonaws.com/prod", Some("eu-west-1")),
            ("https://vpce-1.execute-api.us-east-1.vpce.amazonaws.com/x", Some("us-east-1")),
            ("https://api.example.com/prod", None),
        ] {
            assert_eq!(region_of(base), region, "{base}");
        }
    }
}
