//! Kinesis behind an API Gateway: the API that `infra/` describes, over HTTP.
//!
//! Records go as text into a template, so they have to be UTF-8; answers are those of Kinesis, passed on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ATTEMPT;
use super::auth::Auth;
use super::fault::{Fault, TOO_MANY, deepest, is_refused, no_answer};
use super::service::{Answer, Entry, Kept, Page, StreamInfo};
use crate::error::{Error, Result};
use crate::parse;
use crate::source::Options;

const SCHEME: &str = "gateway+";

/// An API before Kinesis.
#[derive(Debug)]
pub(super) struct Gateway {
    client: Client,
    /// Where its resources stand: scheme, host and stage, without a slash at the end.
    base: String,
    auth: Auth,
}

impl Gateway {
    /// Whether a URL names one.
    pub(super) fn is_url(url: &str) -> bool {
        matches!(url.split_once("://"), Some(("gateway+http" | "gateway+https", _)))
    }

    pub(super) fn open(url: &str, options: &Options) -> Result<Self> {
        let base = url.strip_prefix(SCHEME).unwrap_or(url).trim_end_matches('/');
        let place = base.split_once("://").map_or("", |(_, place)| place);
        let wrong = |why: &str| {
            Err(Error::Config(format!("{why}: use gateway+https://<host>/<stage>, as API Gateway shows it")))
        };
        // Not repeated in the error: it may be a password.
        if place.contains(['@', '?', '#']) {
            return wrong("the URL of an API holds no user, no password and no query");
        }
        if place.split('/').next().unwrap_or_default().is_empty() {
            return wrong(&format!("{url} names no host"));
        }
        let client = Client::builder()
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none())
            // A gateway looks for the parameter Shard-Iterator in these very letters.
            .http1_only()
            .http1_title_case_headers();
        let client =
            client.build().map_err(|error| Error::Config(format!("requests over HTTPS: {error}")))?;
        Ok(Self { client, base: base.to_owned(), auth: Auth::of(base, options)? })
    }

    pub(super) fn url(&self) -> String {
        format!("{SCHEME}{}", self.base)
    }

    pub(super) async fn create(&self, stream: &str, shards: i32) -> Result<(), Fault> {
        self.ask(Method::POST, &format!("/streams/{stream}"), json!({"ShardCount": shards})).await.map(drop)
    }

    pub(super) async fn keep_for(&self, _stream: &str, _hours: i32) -> Result<(), Fault> {
        Err(Fault::unmade("the API does not change how long a stream keeps records; ask kinesis://<region>"))
    }

    pub(super) async fn delete(&self, stream: &str) -> Result<(), Fault> {
        self.ask(Method::DELETE, &format!("/streams/{stream}"), Value::Null).await.map(drop)
    }

    pub(super) async fn names(&self, after: Option<&str>) -> Result<(Vec<String>, bool), Fault> {
        let after = after.map(|name| format!("?ExclusiveStartStreamName={name}")).unwrap_or_default();
        let answer = self.ask(Method::GET, &format!("/streams{after}"), Value::Null).await?;
        let listed: Listed = read(&answer)?;
        Ok((listed.stream_names, listed.has_more_streams))
    }

    pub(super) async fn describe(&self, stream: &str) -> Result<StreamInfo, Fault> {
        let mut shards = 0;
        let described = self.described(stream, |shard| shards += i32::from(!shard.is_closed())).await?;
        Ok(StreamInfo {
            name: stream.to_owned(),
            status: described.stream_status,
            shards,
            retention_hours: described.retention_period_hours,
        })
    }

    pub(super) async fn shards(&self, stream: &str) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        self.described(stream, |shard| names.push(shard.shard_id.clone())).await?;
        Ok(names)
    }

    /// A stream's description, and each of its shards; it comes in pages.
    async fn described(&self, stream: &str, mut each: impl FnMut(&Shard)) -> Result<Described, Fault> {
        let mut after = String::new();
        loop {
            let answer = self.ask(Method::GET, &format!("/streams/{stream}{after}"), Value::Null).await?;
            let described = read::<Description>(&answer)?.stream_description;
            described.shards.iter().for_each(&mut each);
            match described.shards.last() {
                Some(last) if described.has_more_shards => {
                    after = format!("?ExclusiveStartShardId={}", last.shard_id);
                }
                _ => return Ok(described),
            }
        }
    }

    pub(super) async fn begin(&self, stream: &str, shard: &str) -> Result<Option<String>, Fault> {
        let path = format!("/streams/{stream}/sharditerator?shard-id={shard}&iterator-type=TRIM_HORIZON");
        let answer = self.ask(Method::GET, &path, Value::Null).await?;
        Ok(read::<Begin>(&answer)?.shard_iterator)
    }

    pub(super) async fn page(&self, stream: &str, iterator: &str) -> Result<Page, Fault> {
        let path = format!("/streams/{stream}/records");
        let answer = self.get(&path, &[("Shard-Iterator", iterator)]).await?;
        let got: Got = read(&answer)?;
        let records = got.records.into_iter().map(|record| {
            let value = STANDARD.decode(&record.data);
            let value = value.map_err(|_| Fault::unmade("a record whose data is no base64"))?;
            Ok(Kept { sequence: record.sequence_number, key: record.partition_key, value, arrived_ms: None })
        });
        Ok(Page {
            records: records.collect::<Result<_, Fault>>()?,
            next: got.next_shard_iterator,
            behind_ms: got.millis_behind_latest.unwrap_or(0),
            full: false,
        })
    }

    pub(super) async fn put(&self, stream: &str, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        let path = format!("/streams/{stream}/records");
        let answer = self.send(Method::PUT, &path, &[], body(entries)).await?;
        let put: Put = read(&answer)?;
        let answers = put.records.iter().map(|entry| {
            let at = entry.shard_id.as_deref().zip(entry.sequence_number.as_deref());
            Answer::of(entry.error_code.as_deref(), entry.error_message.as_deref(), at)
        });
        Ok(answers.collect())
    }

    /// A request with a JSON body, or none.
    async fn ask(&self, method: Method, path: &str, body: Value) -> Result<Vec<u8>, Fault> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, path, &[], body).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Vec<u8>, Fault> {
        self.send(Method::GET, path, headers, Vec::new()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Fault> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method.clone(), &url);
        for (name, value) in self.auth.headers(method.as_str(), &url, &body).await? {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.map_err(|error| connection(&error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| connection(&error))?;
        if status.is_success() { Ok(bytes.to_vec()) } else { Err(refusal(status, &bytes)) }
    }
}

/// The body of `PUT …/records`: each value as a string, which the template makes base64 of.
fn body(entries: &[Entry]) -> Vec<u8> {
    let bytes: usize = entries.iter().map(|entry| entry.value.len() + entry.key.len() + 40).sum();
    let mut out = Vec::with_capacity(bytes + bytes / 4);
    out.extend_from_slice(b"{\"records\":[");
    for (at, entry) in entries.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"{\"data\":" } else { b",{\"data\":" });
        parse::push_string(&entry.value, &mut out);
        out.extend_from_slice(b",\"partition-key\":");
        parse::push_string(entry.key.as_bytes(), &mut out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Fault> {
    // Nobody knows what such an answer means for what was sent.
    serde_json::from_slice(answer).map_err(|error| Fault {
        code: None,
        words: format!("an answer that is not the API's: {error}"),
        sure: false,
    })
}

fn connection(error: &reqwest::Error) -> Fault {
    let words = if error.is_timeout() { no_answer() } else { deepest(error) };
    Fault { code: None, words, sure: error.is_builder() || is_refused(error) }
}

/// What an answer other than 2xx says: Kinesis' own `__type`, or a message of the gateway's.
fn refusal(status: StatusCode, body: &[u8]) -> Fault {
    #[derive(Default, Deserialize)]
    struct Told {
        #[serde(rename = "__type")]
        code: Option<String>,
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    let told: Told = serde_json::from_slice(body).unwrap_or_default();
    let code = told.code.map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
    let code = code.or_else(|| match status {
        StatusCode::TOO_MANY_REQUESTS => Some(TOO_MANY.into()),
        // What the gateway itself refuses, no later request fares better with.
        _ if status.is_client_error() => Some(format!("HTTP {}", status.as_u16())),
        _ => None,
    });
    let name = code.clone().unwrap_or_else(|| format!("HTTP {}", status.as_u16()));
    let words = told.message.map_or_else(|| name.clone(), |message| format!("{name}: {message}"));
    Fault { code, words, sure: status.is_client_error() }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    stream_names: Vec<String>,
    #[serde(default)]
    has_more_streams: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    stream_description: Described,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    stream_status: String,
    #[serde(default)]
    shards: Vec<Shard>,
    #[serde(default)]
    has_more_shards: bool,
    #[serde(default)]
    retention_period_hours: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shard {
    shard_id: String,
    #[serde(default)]
    sequence_number_range: Range,
}

impl Shard {
    const fn is_closed(&self) -> bool {
        self.sequence_number_range.ending_sequence_number.is_some()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Range {
    ending_sequence_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begin {
    shard_iterator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Got {
    records: Vec<GotRecord>,
    next_shard_iterator: Option<String>,
    millis_behind_latest: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GotRecord {
    data: String,
    partition_key: String,
    sequence_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    #[serde(default)]
    records: Vec<PutRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord {
    sequence_number: Option<String>,
    shard_id: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_as_strings() {
        let entry = |key: &str, value: &'static str| Entry { key: key.into(), value: value.into() };
        let made = body(&[entry("1", "{\"a\": \"é\\n\"}"), entry("2", "not \t JSON")]);
        let read: Value = serde_json::from_slice(&made).unwrap();
        assert_eq!(read["records"][0]["data"], "{\"a\": \"é\\n\"}");
        assert_eq!(read["records"][1], json!({"data": "not \t JSON", "partition-key": "2"}));
    }

    #[test]
    fn a_refusal_says_whose_it_is_and_whether_it_is_certain() {
        let of = |status: u16, body: &str| refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let kinesis = of(400, r#"{"__type":"com.x#ResourceNotFoundException","message":"no stream"}"#);
        assert!(kinesis.is("ResourceNotFoundException") && kinesis.sure);
        assert_eq!(kinesis.words, "ResourceNotFoundException: no stream");
        let key = of(403, r#"{"message":"Forbidden"}"#);
        assert_eq!((key.words.as_str(), key.sure), ("HTTP 403: Forbidden", true));
        assert!(of(429, "").is_throttle());
        let late = of(504, r#"{"message": "Endpoint request timed out"}"#);
        assert_eq!(
            (late.code, late.words.as_str(), late.sure),
            (None, "HTTP 504: Endpoint request timed out", false)
        );
    }
}
