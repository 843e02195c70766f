//! A finished local file to S3.

use std::path::Path;

#[cfg(feature = "s3")]
use crate::error::Error;
use crate::error::Result;
use crate::source::{Options, Store};

/// Bytes of one part: at least 5 MiB by the service's rule, and at most 10,000 parts.
#[cfg(feature = "s3")]
const PART: usize = 16 << 20;

/// Parts in flight.
#[cfg(feature = "s3")]
const PARTS_IN_FLIGHT: usize = 4;

/// Uploads a file to an `s3://` URL. The object appears whole, or not at all; one that stands
/// there is replaced.
///
/// # Errors
/// [`Error::Config`](crate::error::Error::Config) for a URL that is not S3's or an option that
/// cannot be used, [`Error::Sink`](crate::error::Error::Sink) if the store refuses it.
#[cfg(feature = "s3")]
pub fn upload(file: &Path, url: &str, options: &Options) -> Result<u64> {
    let store = Store::open(url, options)?;
    let Some(bucket) = store.bucket() else {
        return Err(Error::Config(format!("{url}: give an s3:// URL")));
    };
    let path = bucket.path("")?;
    let wrong = |error: &dyn std::fmt::Display| Error::Sink(format!("{url}: {error}"));
    crate::source::runtime()?.block_on(async {
        use object_store::ObjectStoreExt;
        let mut parts = bucket.client().put_multipart(&path).await.map_err(|error| wrong(&error))?;
        let sent = match send(file, parts.as_mut(), &wrong).await {
            Ok(sent) => parts.complete().await.map(|_| sent).map_err(|error| wrong(&error)),
            Err(error) => Err(error),
        };
        if sent.is_err() {
            // Parts that were sent cost money until they are dropped; that this fails too changes
            // nothing for the caller.
            let _ = parts.abort().await;
        }
        sent
    })
}

#[cfg(feature = "s3")]
async fn send(
    file: &Path,
    parts: &mut dyn object_store::MultipartUpload,
    wrong: &dyn Fn(&dyn std::fmt::Display) -> Error,
) -> Result<u64> {
    use futures::stream::{FuturesUnordered, StreamExt};
    use std::io::Read;

    let mut from = std::fs::File::open(file).map_err(|error| Error::io(file, error))?;
    let mut flying = FuturesUnordered::new();
    let mut sent = 0;
    loop {
        let mut part = Vec::new();
        let read = from.by_ref().take(PART as u64).read_to_end(&mut part);
        let read = read.map_err(|error| Error::io(file, error))?;
        if read == 0 {
            break;
        }
        sent += read as u64;
        flying.push(parts.put_part(part.into()));
        if flying.len() >= PARTS_IN_FLIGHT
            && let Some(done) = flying.next().await
        {
            done.map_err(|error| wrong(&error))?;
        }
    }
    while let Some(done) = flying.next().await {
        done.map_err(|error| wrong(&error))?;
    }
    Ok(sent)
}

/// Says that this build has no S3.
///
/// # Errors
/// [`Error::Config`](crate::error::Error::Config), always.
#[cfg(not(feature = "s3"))]
pub fn upload(_file: &Path, url: &str, options: &Options) -> Result<u64> {
    Store::open(url, options).map(|_| 0).and(Err(crate::error::Error::Config(format!(
        "{url}: this build has no S3; build with the feature s3"
    ))))
}
