//! Streams: made with the shards that somebody chose, listed, described, deleted.

use std::time::{Duration, Instant};

use super::service::{Service, StreamInfo};
use crate::error::{Error, Result};

/// How long a stream may take to be there.
const PATIENCE: Duration = Duration::from_secs(120);

const LOOK: Duration = Duration::from_millis(200);

const ACTIVE: &str = "ACTIVE";
const IN_USE: &str = "ResourceInUseException";
const NOT_FOUND: &str = "ResourceNotFoundException";

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
        match service.create(name, shards)? {
            Ok(()) => {}
            Err(fault) if fault.is(IN_USE) => there.push(name.clone()),
            Err(fault) => return Err(service.fault(&format!("make stream {name}"), &fault)),
        }
    }
    for name in names {
        until_active(service, name)?;
        if let (Some(hours), false) = (retention_hours, there.contains(name)) {
            let longer = service.keep_for(name, hours)?;
            longer.map_err(|fault| service.fault(&format!("keep stream {name} longer"), &fault))?;
        }
    }
    Ok(there)
}

fn until_active(service: &Service, name: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let info = describe(service, name)?;
        if info.status == ACTIVE {
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
        match service.delete(name)? {
            Ok(()) => {}
            Err(fault) if fault.is(NOT_FOUND) => absent.push(name.clone()),
            Err(fault) => return Err(service.fault(&format!("delete stream {name}"), &fault)),
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
        let page = service.names(names.last().map(String::as_str))?;
        let (more, goes_on) = page.map_err(|fault| service.fault("list streams", &fault))?;
        let is_over = !goes_on || more.is_empty();
        names.extend(more);
        if is_over {
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
    match service.describe(name)? {
        Ok(info) => Ok(info),
        Err(fault) if fault.is(NOT_FOUND) => {
            Err(Error::NotFound(format!("{}: no stream {name}", service.url())))
        }
        Err(fault) => Err(service.fault(&format!("describe stream {name}"), &fault)),
    }
}
