//! Streams: made with the shards that somebody chose, listed, described, deleted.

use std::time::{Duration, Instant};

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::types::StreamStatus;
use serde::Serialize;

use super::client::Service;
use crate::error::{Error, Result};
use crate::source::aws::wait;

/// How long a stream may take to be there.
const PATIENCE: Duration = Duration::from_secs(120);

const LOOK: Duration = Duration::from_millis(200);

/// A stream as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamInfo {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `CREATING`, …
    pub status: String,
    /// Shards that are open.
    pub shards: i32,
    /// For how long it keeps records.
    pub retention_hours: i32,
}

/// Makes streams with so many shards and waits until they are active; the names of those that were
/// there already.
///
/// # Errors
/// [`Error::Sink`] where the service does not answer or refuses.
pub fn create_streams(
    service: &Service,
    names: &[String],
    shards: i32,
    retention_hours: Option<i32>,
) -> Result<Vec<String>> {
    let mut there = Vec::new();
    for name in names {
        let made = service.client.create_stream().stream_name(name).shard_count(shards).send();
        match wait(made)? {
            Ok(_) => {}
            Err(error) if error.code() == Some("ResourceInUseException") => there.push(name.clone()),
            Err(error) => return Err(service.fault(&format!("make stream {name}"), &error)),
        }
    }
    for name in names {
        until_active(service, name)?;
        if let (Some(hours), false) = (retention_hours, there.contains(name)) {
            let longer = service
                .client
                .increase_stream_retention_period()
                .stream_name(name)
                .retention_period_hours(hours)
                .send();
            wait(longer)?.map_err(|error| service.fault(&format!("keep stream {name} longer"), &error))?;
        }
    }
    Ok(there)
}

fn until_active(service: &Service, name: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let info = describe(service, name)?;
        if info.status == StreamStatus::Active.as_str() {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::Sink(format!(
                "{}: stream {name} is {} after {} s",
                service.url(),
                info.status,
                PATIENCE.as_secs()
            )));
        }
        std::thread::sleep(LOOK);
    }
}

/// Deletes streams with all that they hold; the names of those that were not there.
///
/// # Errors
/// [`Error::Sink`] where the service does not answer or refuses.
pub fn delete_streams(service: &Service, names: &[String]) -> Result<Vec<String>> {
    let mut absent = Vec::new();
    for name in names {
        match wait(service.client.delete_stream().stream_name(name).send())? {
            Ok(_) => {}
            Err(error) if error.code() == Some("ResourceNotFoundException") => absent.push(name.clone()),
            Err(error) => return Err(service.fault(&format!("delete stream {name}"), &error)),
        }
    }
    Ok(absent)
}

/// The streams whose names begin with a prefix, by name.
///
/// # Errors
/// [`Error::Sink`] where the service does not answer or refuses.
pub fn list_streams(service: &Service, prefix: &str) -> Result<Vec<StreamInfo>> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let after = names.last().cloned();
        let page = wait(service.client.list_streams().set_exclusive_start_stream_name(after).send())?
            .map_err(|error| service.fault("list streams", &error))?;
        names.extend_from_slice(page.stream_names());
        if !page.has_more_streams() || page.stream_names().is_empty() {
            break;
        }
    }
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    describe_streams(service, &names)
}

/// Streams by their names.
///
/// # Errors
/// [`Error::NotFound`] for one that is not there, [`Error::Sink`] where the service does not answer.
pub fn describe_streams(service: &Service, names: &[String]) -> Result<Vec<StreamInfo>> {
    names.iter().map(|name| describe(service, name)).collect()
}

fn describe(service: &Service, name: &str) -> Result<StreamInfo> {
    let answer = wait(service.client.describe_stream_summary().stream_name(name).send())?;
    let summary = match answer {
        Ok(answer) => answer.stream_description_summary,
        Err(error) if error.code() == Some("ResourceNotFoundException") => None,
        Err(error) => return Err(service.fault(&format!("describe stream {name}"), &error)),
    };
    let Some(summary) = summary else {
        return Err(Error::NotFound(format!("{}: no stream {name}", service.url())));
    };
    Ok(StreamInfo {
        name: name.to_owned(),
        status: summary.stream_status.as_str().to_owned(),
        shards: summary.open_shard_count,
        retention_hours: summary.retention_period_hours,
    })
}
