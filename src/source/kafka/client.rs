//! What every client of Kafka is made with: brokers, security, properties; and what it heard.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::iam::Iam;
use crate::error::{Error, Result};
use crate::source::{Options, secret, secrets_manager};

/// How long a broker has to answer before it counts as not there.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// User and password: from the environment, so that they stand in no file of settings and no list of
/// processes.
const USERNAME: &str = "PINLAKE_KAFKA_USERNAME";
const PASSWORD: &str = "PINLAKE_KAFKA_PASSWORD";
const PASSWORD_FILE: &str = "PINLAKE_KAFKA_PASSWORD_FILE";

/// Settings that pinlake itself takes; any other is a property of librdkafka.
const OWN: [&str; 6] = ["security", "tls", "ca", "region", "lifetime.seconds", "secret"];

/// What is in the names of properties that hold a secret, or a text with one: `ssl.key.pem`,
/// `sasl.oauthbearer.config`, `sasl.oauthbearer.assertion.private.key.passphrase`.
const SECRET: [&str; 9] =
    ["password", "passphrase", "secret", "username", "token", "private", "assertion", "oauthbearer", ".pem"];

/// How clients and brokers know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// They do not.
    Plaintext,
    /// Brokers have certificates.
    Tls,
    /// User and password, by a SASL mechanism.
    Password(&'static str),
    /// MSK's IAM.
    MskIam,
}

impl Security {
    fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "plaintext" => Self::Plaintext,
            "tls" => Self::Tls,
            "plain" => Self::Password("PLAIN"),
            "scram-sha-256" => Self::Password("SCRAM-SHA-256"),
            "scram-sha-512" => Self::Password("SCRAM-SHA-512"),
            "msk-iam" => Self::MskIam,
            _ => {
                return Err(Error::Config(format!(
                    "kafka security {text:?}: use plaintext, tls, plain, scram-sha-256, scram-sha-512 or msk-iam"
                )));
            }
        })
    }

    /// librdkafka's name for it.
    const fn protocol(self, tls: bool) -> &'static str {
        match (self, tls) {
            (Self::Plaintext, _) => "plaintext",
            (Self::Tls, _) => "ssl",
            (Self::Password(_), true) | (Self::MskIam, _) => "sasl_ssl",
            (Self::Password(_), false) => "sasl_plaintext",
        }
    }
}

/// The brokers of a cluster, and how to speak to them.
#[derive(Debug, Clone)]
pub struct Brokers {
    /// `host:port`, with commas between.
    servers: String,
    config: ClientConfig,
    iam: Option<Arc<Iam>>,
}

impl Brokers {
    /// Reads `kafka://host:9092[,host:9092…]` and settings: `security` (plaintext, tls, plain,
    /// scram-sha-256, scram-sha-512, msk-iam), `tls` (false: passwords go unencrypted), `ca` (a PEM file),
    /// `region` and `lifetime.seconds` (msk-iam), `secret` (of AWS's Secrets Manager, as MSK has it), and any
    /// property of librdkafka. User and password come from `PINLAKE_KAFKA_USERNAME`,
    /// `PINLAKE_KAFKA_PASSWORD` or `PINLAKE_KAFKA_PASSWORD_FILE`, else from the secret.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or a setting that cannot be used, or where credentials are missing.
    pub fn parse(url: &str, options: &Options) -> Result<Self> {
        let servers = servers(url)?;
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &servers).set("client.id", "pinlake");
        // Topics are made on purpose, with the partitions that somebody chose.
        config.set("allow.auto.create.topics", "false");
        config.set_log_level(RDKafkaLogLevel::Critical);
        let get = |name: &str| options.get(name).map(String::as_str);
        let security = Security::parse(get("security").unwrap_or("plaintext"))?;
        let tls = match get("tls") {
            None => security != Security::Plaintext,
            Some("true") => true,
            Some("false") => false,
            Some(other) => return Err(Error::Config(format!("kafka tls {other:?}: use true or false"))),
        };
        config.set("security.protocol", security.protocol(tls));
        // The library's own OpenSSL looks where no system keeps its certificates.
        config.set("ssl.ca.location", get("ca").unwrap_or("probe"));
        if let Security::Password(mechanism) = security {
            config.set("sasl.mechanism", mechanism);
            let (user, password) = credentials(options)?;
            config.set("sasl.username", user);
            config.set("sasl.password", password);
        }
        let mut iam = None;
        if security == Security::MskIam {
            config.set("sasl.mechanism", "OAUTHBEARER");
            let life = get("lifetime.seconds").unwrap_or("900");
            let life = life.parse().map_err(|_| {
                Error::Config(format!("kafka lifetime.seconds {life:?}: a number of seconds"))
            })?;
            let made = Iam::new(get("region"), &servers, Duration::from_secs(life))?;
            // Missing credentials are said at once.
            made.token()?;
            iam = Some(Arc::new(made));
        }
        for (name, value) in options.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
            if name.ends_with(".pem") {
                return Err(Error::Config(format!(
                    "kafka {name}: a key stands in a file of its own: name that by ssl.key.location, \
                     certificates by ssl.certificate.location and ca"
                )));
            }
            if SECRET.iter().any(|part| name.contains(part)) {
                return Err(Error::Config(format!(
                    "kafka {name}: credentials come from {USERNAME} and {PASSWORD} (or {PASSWORD_FILE})"
                )));
            }
            config.set(name, value);
        }
        Ok(Self { servers, config, iam })
    }

    /// Where they are, for people.
    #[must_use]
    pub fn url(&self) -> String {
        format!("kafka://{}", self.servers)
    }

    /// A copy of the clients' configuration.
    pub(crate) fn config(&self) -> ClientConfig {
        self.config.clone()
    }

    /// The context that clients are made with.
    pub(crate) fn context(&self) -> Context {
        Context { heard: Heard::default(), iam: self.iam.clone() }
    }

    /// An error that says where, what, and what a client heard from the brokers meanwhile.
    pub(crate) fn fault(&self, doing: &str, error: &KafkaError, heard: &Heard) -> Error {
        let heard = heard.last().map(|heard| format!("; the brokers said: {heard}")).unwrap_or_default();
        Error::Sink(format!("{}: cannot {doing}: {}{heard}", self.url(), fault_of(error)))
    }
}

/// The host list of a `kafka://` URL.
fn servers(url: &str) -> Result<String> {
    let wrong = |why: &str| Err(Error::Config(format!("{why}: use kafka://host:9092[,host:9092…]")));
    let Some(servers) = url.strip_prefix("kafka://") else {
        return wrong("no URL of Kafka");
    };
    let servers = servers.trim_end_matches('/');
    // Not repeated in the error: it may be a password.
    if servers.contains('@') {
        return wrong("a kafka:// URL holds no user and no password");
    }
    let good = |server: &str| {
        server.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains(['/', '?']) && port.parse::<u16>().is_ok()
        })
    };
    if servers.is_empty() || !servers.split(',').all(good) {
        return wrong(&format!("kafka://{servers}"));
    }
    Ok(servers.to_owned())
}

/// User and password: from variables, else from the secret of AWS's Secrets Manager that `secret` names.
///
/// # Errors
/// [`Error::Config`] where either is missing, or the secret cannot be read.
pub fn credentials(options: &Options) -> Result<(String, String)> {
    let user = secret::first(&[USERNAME])?;
    let password = secret::first(&[PASSWORD, PASSWORD_FILE])?;
    let mut held = match options.get("secret") {
        Some(id) if user.is_none() || password.is_none() => secrets_manager::secret(id, options)?,
        _ => BTreeMap::new(),
    };
    let mut needed = |found: Option<String>, name: &str, ways: &str| {
        found.or_else(|| held.remove(name)).ok_or_else(|| {
            Error::Config(format!(
                "no credential for Kafka: set {ways} (or name a secret of AWS under [kafka])"
            ))
        })
    };
    Ok((
        needed(user, "username", USERNAME)?,
        needed(password, "password", &format!("{PASSWORD} or {PASSWORD_FILE}"))?,
    ))
}

/// What went wrong, without the crate's words around it.
pub(crate) fn fault_of(error: &KafkaError) -> String {
    // Not with the property's value: behind a mistyped name it may be a password.
    if let KafkaError::ClientConfig(_, why, name, _) = error {
        return format!("{why}; mend {name} under [kafka]");
    }
    match error.rdkafka_error_code() {
        Some(code) => code.to_string(),
        None => error.to_string(),
    }
}

/// Settings that no client can be made with.
pub(crate) fn unusable(error: &KafkaError) -> Error {
    Error::Config(format!("kafka settings: {}", fault_of(error)))
}

/// The last thing that a client was told in the background, as why a connection ended.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Option<String>>);

impl Heard {
    pub(crate) fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hear(&self, error: &KafkaError, reason: &str) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down says less than why the last of them was.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) || slot.is_none() {
            *slot = Some(reason.to_owned());
        }
    }
}

/// The context of clients.
#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) heard: Heard,
    iam: Option<Arc<Iam>>,
}

impl ClientContext for Context {
    // Asked for with OAUTHBEARER only.
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let iam = self.iam.as_ref().ok_or("no tokens for this cluster")?;
        Ok(iam.token()?)
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.heard.hear(&error, reason);
    }
}

impl ConsumerContext for Context {}

/// Gives a client its first token, where it needs one: it asks for it when it is polled, and some
/// are not before their first request.
pub(crate) fn given_token<C: ClientContext>(client: &Client<C>, context: &Context) -> Result<()> {
    let Some(iam) = &context.iam else { return Ok(()) };
    let token = iam.token()?;
    set_token(client, &token).map_err(|why| Error::Config(format!("kafka token: {why}")))
}

/// librdkafka's `rd_kafka_oauthbearer_set_token`, for which the crate has no name.
#[allow(unsafe_code)]
fn set_token<C: ClientContext>(client: &Client<C>, token: &OAuthToken) -> Result<(), String> {
    let text = |text: &str| CString::new(text).map_err(|error| error.to_string());
    let (value, name) = (text(&token.token)?, text(&token.principal_name)?);
    let mut why = [0; 512];
    // SAFETY: the client lives as long as the borrow, the texts end in a zero byte and are copied, no
    // extensions are given, and the buffer is as long as is said.
    let code = unsafe {
        rdkafka::bindings::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            name.as_ptr(),
            std::ptr::null_mut(),
            0,
            why.as_mut_ptr(),
            why.len(),
        )
    };
    if code == rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    // C's characters have a sign on some processors, and none on others.
    let bytes = why.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|byte| *byte != 0);
    let bytes: Vec<u8> = bytes.collect();
    Err(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_settings_that_cannot_be_used_are_named() {
        let parse = |url: &str, pairs: &[(&str, &str)]| {
            let options = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            Brokers::parse(url, &options)
        };
        assert_eq!(parse("kafka://a:9092,b:9092/", &[]).unwrap().url(), "kafka://a:9092,b:9092");
        for (url, pairs, why) in [
            ("kafka://", &[][..], "use kafka://host:9092"),
            ("kafka://a", &[], "use kafka://host:9092"),
            ("kafka://a:x", &[], "use kafka://host:9092"),
            ("kafka://user:canary@a:9092", &[], "no user and no password"),
            ("kafka://a:1", &[("security", "magic")], "scram-sha-512"),
            ("kafka://a:1", &[("tls", "yes")], "true or false"),
            ("kafka://a:1", &[("sasl.password", "canary")], "PINLAKE_KAFKA_PASSWORD"),
            ("kafka://a:1", &[("security", "scram-sha-512")], "PINLAKE_KAFKA_USERNAME"),
            ("kafka://a:1", &[("ssl.key.pem", "canary")], "ssl.key.location"),
            ("kafka://a:1", &[("ssl.certificate.pem", "canary")], "ssl.certificate.location"),
            ("kafka://a:1", &[("sasl.oauthbearer.config", "canary")], "PINLAKE_KAFKA_PASSWORD"),
            ("kafka://a:1", &[("x.assertion.y", "canary")], "PINLAKE_KAFKA_PASSWORD"),
            ("kafka://a:1", &[("x.private.y", "canary")], "PINLAKE_KAFKA_PASSWORD"),
        ] {
            let error = parse(url, pairs).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_value_of_a_mistyped_property_is_not_told() {
        let options = [("sasl.pasword".to_owned(), "canary".to_owned())].into_iter().collect();
        let brokers = Brokers::parse("kafka://a:1", &options).unwrap();
        for error in [
            super::super::list_topics(&brokers, "").map(drop).unwrap_err(),
            super::super::create_topics(&brokers, &[]).map(drop).unwrap_err(),
            super::super::read_all(&brokers, &["x".into()], |_| Ok(())).unwrap_err(),
            crate::sink::Kafka::open("kafka://a:1", &["x".into()], &options).map(drop).unwrap_err(),
        ] {
            let said = error.to_string();
            assert!(said.contains("\"sasl.pasword\"; mend sasl.pasword under [kafka]"), "{said}");
            assert!(!said.contains("canary"), "{said}");
        }
    }
}
