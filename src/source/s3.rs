//! S3 and what speaks like it, through the crate `object_store`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::SinkExt;
use futures::channel::mpsc;
use futures::stream::{self, StreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};

use super::location::is_hidden;
use super::names::{Meta, Names, Options};
use super::runtime::runtime;
use super::s3_read::{Body, Fetch, Fetched};

/// GETs in flight while many objects are read: latency is what a landing of small objects costs.
const GETS_IN_FLIGHT: usize = 64;

/// Bytes of an object that are read ahead of its turn; the rest is streamed.
const READ_AHEAD: usize = 1 << 20;

/// Objects read and waiting for their turn, beyond those in flight.
const READY: usize = 16;

/// Keys of one page, the service's own limit.
const PAGE: usize = 1_000;

/// LISTs in flight while a large folder is listed in slices.
const LISTS_IN_FLIGHT: usize = 16;

/// A service that is down is given up after about half a minute.
const RETRIES: usize = 8;
const RETRY_FOR: Duration = Duration::from_secs(120);

/// Option names that would carry a secret through a plan.
const SECRETS: [&str; 5] = ["access_key", "secret", "token", "password", "customer_key"];

/// A bucket and a prefix.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    client: Arc<AmazonS3>,
    name: String,
    prefix: String,
}

/// Clients are kept: connections are what costs. A forked child makes its own, and never drops
/// the parent's, whose runtime has no threads there.
static CLIENTS: Mutex<Vec<(u32, Clients)>> = Mutex::new(Vec::new());

type Clients = HashMap<u128, Arc<AmazonS3>>;

fn client(bucket: &str, options: &Options) -> Result<Arc<AmazonS3>> {
    for key in options.keys() {
        let lower = key.to_ascii_lowercase();
        if SECRETS.iter().any(|secret| lower.contains(secret)) {
            return Err(Error::Config(format!(
                "store option {key}: secrets are no options; credentials come from the environment"
            )));
        }
    }
    let key = fingerprint(bucket, options);
    let pid = std::process::id();
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if !clients.iter().any(|(owner, _)| *owner == pid) {
        clients.push((pid, HashMap::new()));
    }
    let Some((_, mine)) = clients.iter_mut().find(|(owner, _)| *owner == pid) else {
        return build(bucket, options).map(Arc::new);
    };
    match mine.entry(key) {
        Entry::Occupied(found) => Ok(Arc::clone(found.get())),
        Entry::Vacant(slot) => Ok(Arc::clone(slot.insert(Arc::new(build(bucket, options)?)))),
    }
}

/// Two equal ones make the same client: bucket, options and the environment that is read.
fn fingerprint(bucket: &str, options: &Options) -> u128 {
    let mut hash = Xxh3::new();
    let mut add = |text: &[u8]| {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(bucket.as_bytes());
    for (key, value) in options {
        add(key.as_bytes());
        add(value.as_bytes());
    }
    let mut env: Vec<_> =
        std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("AWS_")).collect();
    env.sort();
    for (key, value) in env {
        add(key.as_encoded_bytes());
        add(value.as_encoded_bytes());
    }
    hash.digest128()
}

fn build(bucket: &str, options: &Options) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_FOR,
        ..RetryConfig::default()
    });
    for (key, value) in options {
        let known: AmazonS3ConfigKey = key.to_ascii_lowercase().parse().map_err(|_| {
            Error::Config(format!("store option {key:?} is unknown: use endpoint, region, allow_http, …"))
        })?;
        // The variable AWS_ENDPOINT_URL_S3 would outrank a plain endpoint; an option outranks both.
        let known = match known {
            AmazonS3ConfigKey::Endpoint => AmazonS3ConfigKey::S3Endpoint,
            other => other,
        };
        builder = builder.with_config(known, value);
    }
    let endpoint = builder
        .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
        .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        // Whoever writes http:// means it.
        builder = builder.with_allow_http(true);
    }
    builder.build().map_err(|error| Error::Config(format!("s3://{bucket}: {error}")))
}

impl Bucket {
    pub(super) fn open(name: &str, prefix: &str, options: &Options) -> Result<Self> {
        Ok(Self { client: client(name, options)?, name: name.into(), prefix: prefix.into() })
    }

    /// The key of a name below the prefix.
    fn key(&self, name: &str) -> String {
        match (self.prefix.is_empty(), name.is_empty()) {
            (true, _) => name.into(),
            (false, true) => self.prefix.clone(),
            (false, false) => format!("{}/{name}", self.prefix),
        }
    }

    /// The key of a folder, with the slash that ends it; empty for the whole bucket.
    fn folder(&self, dir: &str) -> String {
        let mut key = self.key(dir);
        if !key.is_empty() {
            key.push('/');
        }
        key
    }

    /// The client, for those who write.
    pub(crate) fn client(&self) -> &Arc<AmazonS3> {
        &self.client
    }

    /// The key of a name, as the client wants it.
    pub(crate) fn path(&self, name: &str) -> Result<Path> {
        let key = self.key(name);
        Path::parse(&key).map_err(|error| Error::Source(format!("s3://{}/{key}: {error}", self.name)))
    }

    fn wrong(&self, name: &str, error: &object_store::Error) -> Error {
        wrong(&format!("s3://{}/{}", self.name, self.key(name)), error)
    }

    fn meta(&self, meta: ObjectMeta) -> Meta {
        let key = meta.location.as_ref();
        let name = key.strip_prefix(&self.folder("")).unwrap_or(key);
        Meta {
            name: name.into(),
            size: meta.size,
            modified: meta.last_modified.timestamp_micros(),
            etag: meta.e_tag.unwrap_or_default(),
        }
    }

    pub(super) fn stat(&self, name: &str) -> Result<Option<Meta>> {
        let path = self.path(name)?;
        if path.as_ref().is_empty() {
            return Ok(None);
        }
        let options = GetOptions { head: true, ..GetOptions::default() };
        match runtime()?.block_on(self.client.get_opts(&path, options)) {
            Ok(found) => Ok(Some(Meta { name: name.into(), ..self.meta(found.meta) })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.wrong(name, &error)),
        }
    }

    async fn page(&self, prefix: &str, options: PaginatedListOptions) -> Result<PaginatedListResult> {
        self.client
            .list_paginated(Some(prefix).filter(|prefix| !prefix.is_empty()), options)
            .await
            .map_err(|error| wrong(&format!("s3://{}/{prefix}", self.name), &error))
    }

    pub(super) fn exists(&self) -> Result<bool> {
        let options = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        let page = runtime()?.block_on(self.page(&self.folder(""), options))?;
        Ok(!page.result.objects.is_empty() || self.stat("")?.is_some())
    }

    pub(super) fn folders(&self, dir: &str) -> Result<Vec<String>> {
        let prefix = self.folder(dir);
        let mut names = Vec::new();
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions {
                delimiter: Some("/".into()),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = runtime()?.block_on(self.page(&prefix, options))?;
            for folder in &page.result.common_prefixes {
                let name = folder.as_ref().strip_prefix(prefix.as_str()).unwrap_or_default();
                if !name.is_empty() {
                    names.push(name.trim_end_matches('/').to_owned());
                }
            }
            page_token = page.page_token;
            if page_token.is_none() {
                names.sort_unstable();
                return Ok(names);
            }
        }
    }

    pub(super) fn walk(&self) -> Result<Vec<Meta>> {
        let prefix = self.folder("");
        let mut metas = Vec::new();
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions { page_token, ..PaginatedListOptions::default() };
            let page = runtime()?.block_on(self.page(&prefix, options))?;
            for object in page.result.objects {
                let meta = self.meta(object);
                // A key that ends in a slash stands for a folder: it is empty, and cannot be told
                // from an empty object here. Those hold no record either.
                if meta.size > 0 && !meta.name.split('/').any(is_hidden) {
                    metas.push(meta);
                }
            }
            page_token = page.page_token;
            if page_token.is_none() {
                metas.sort_unstable_by(|a, b| a.name.cmp(&b.name));
                return Ok(metas);
            }
        }
    }

    pub(super) fn names<T>(&self, names: Names<'_>, parse: impl FnMut(&str) -> Option<T>) -> Result<Vec<T>> {
        runtime()?.block_on(self.names_async(names, parse))
    }

    async fn names_async<T>(
        &self,
        names: Names<'_>,
        mut parse: impl FnMut(&str) -> Option<T>,
    ) -> Result<Vec<T>> {
        let folder = self.folder(names.dir);
        let prefix = format!("{folder}{}", names.prefix);
        let mut found = Vec::new();
        let mut seen = 0;
        let mut page_token = None;
        loop {
            let left = if names.limit == 0 { PAGE } else { (names.limit - seen).min(PAGE) };
            let options = PaginatedListOptions {
                offset: names.after.map(|after| format!("{folder}{after}")),
                delimiter: Some("/".into()),
                max_keys: Some(left),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = self.page(&prefix, options).await?;
            let mut stop = false;
            for object in &page.result.objects {
                let name = object.location.as_ref().strip_prefix(folder.as_str()).unwrap_or_default();
                seen += 1;
                stop |= names.until.is_some_and(|until| name >= until);
                if !name.is_empty() && names.wants(name) {
                    found.extend(parse(name));
                }
            }
            page_token = page.page_token;
            if stop || page_token.is_none() || (names.limit > 0 && seen >= names.limit) {
                return Ok(found);
            }
        }
    }

    /// Lists a folder in slices, many at once. Slices end at `cuts`, in order, which are no names
    /// themselves.
    pub(super) fn names_sliced<T>(
        &self,
        names: Names<'_>,
        cuts: &[String],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>> {
        let parse = &parse;
        let mut slices = Vec::with_capacity(cuts.len() + 1);
        let mut after = names.after;
        for cut in cuts {
            slices.push(Names { after, until: Some(cut), ..names });
            after = Some(cut);
        }
        slices.push(Names { after, ..names });
        runtime()?.block_on(async {
            let mut lists =
                stream::iter(slices).map(|slice| self.names_async(slice, parse)).buffered(LISTS_IN_FLIGHT);
            let mut found = Vec::new();
            while let Some(list) = lists.next().await {
                found.append(&mut list?);
            }
            Ok(found)
        })
    }

    pub(super) fn reader(&self, name: &str, from: u64) -> Result<Box<dyn Read + Send>> {
        let path = self.path(name)?;
        let options =
            GetOptions { range: (from > 0).then_some(GetRange::Offset(from)), ..GetOptions::default() };
        let runtime = runtime()?;
        let found = runtime
            .block_on(self.client.get_opts(&path, options))
            .map_err(|error| self.wrong(name, &error))?;
        // Reading goes on while the bytes before are worked on.
        let (mut to, from) = mpsc::channel(READY);
        let mut body = found.into_stream();
        runtime.spawn(async move {
            while let Some(block) = body.next().await {
                if to.send(block).await.is_err() {
                    return;
                }
            }
        });
        Ok(Box::new(Body::new(Vec::new(), Some(from.boxed()))))
    }

    pub(super) fn range(&self, name: &str, start: u64, length: u64) -> Result<bytes::Bytes> {
        let path = self.path(name)?;
        runtime()?
            .block_on(self.client.get_range(&path, start..start + length))
            .map_err(|error| self.wrong(name, &error))
    }

    /// Reads many objects, in the order of their names, many at once.
    pub(crate) fn fetch(&self, names: impl Iterator<Item = String> + Send + 'static) -> Result<Fetch> {
        let (mut to, from) = mpsc::channel(READY);
        let bucket = self.clone();
        runtime()?.spawn(async move {
            let mut objects = stream::iter(names).map(|name| bucket.fetch_one(name)).buffered(GETS_IN_FLIGHT);
            while let Some(object) = objects.next().await {
                if to.send(object).await.is_err() {
                    return;
                }
            }
        });
        Ok(Fetch::new(from))
    }

    async fn fetch_one(&self, name: String) -> Result<Fetched> {
        let path = self.path(&name)?;
        let found = self
            .client
            .get_opts(&path, GetOptions::default())
            .await
            .map_err(|error| self.wrong(&name, &error))?;
        let modified = found.meta.last_modified.timestamp_micros();
        let size = found.meta.size;
        let mut head =
            Vec::with_capacity(usize::try_from(size).map_or(READ_AHEAD, |size| size.min(READ_AHEAD)));
        let mut body = found.into_stream();
        while let Some(block) = body.next().await {
            head.extend_from_slice(&block.map_err(|error| self.wrong(&name, &error))?);
            if head.len() >= READ_AHEAD && (head.len() as u64) < size {
                return Ok(Fetched { modified, body: Body::new(head, Some(body)) });
            }
        }
        Ok(Fetched { modified, body: Body::new(head, None) })
    }
}

/// Where EC2 and ECS hand out a role's credentials: the last place that is asked for them, so a failure
/// there means that there are none.
const METADATA_HOSTS: [&str; 2] = ["169.254.169.254", "169.254.170.2"];

/// What went wrong at a URL, and what to do about it. The client's own errors hold no secrets.
fn wrong(url: &str, error: &object_store::Error) -> Error {
    let said = said(error);
    match error {
        object_store::Error::NotFound { .. } => Error::NotFound(format!("{url}: no such object or bucket")),
        _ if said.contains("NoSuchBucket") => Error::NotFound(format!("{url}: no such bucket")),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            Error::Source(format!(
                "{url}: access denied; check the credentials of the environment and the bucket's policy ({said})"
            ))
        }
        _ if METADATA_HOSTS.iter().any(|host| said.contains(host)) => Error::Source(format!(
            "{url}: no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role \
             gives them ({said})"
        )),
        _ => Error::Source(format!(
            "{url}: {said}; check bucket, AWS_REGION, endpoint and credentials of the environment"
        )),
    }
}

/// An error with its causes, each once, in one line. Of a service's XML only code and message.
fn said(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    let tag = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.to_owned())
    };
    if let (Some(code), Some(message)) = (tag("Code"), tag("Message")) {
        return format!("{code}: {message}");
    }
    text.replace(['\n', '\r'], " ")
}
