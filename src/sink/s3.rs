//! Objects to S3: whole, conditional, many in flight.

use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::object::Object;
use super::objects::OTHER_WRITER;
use crate::error::{Error, Result};
use crate::source::{Store, runtime};

/// PUTs in flight: latency is what small objects cost.
const PUTS_IN_FLIGHT: usize = 64;

/// Writes objects under new names. One that stands there already is fine if its bytes are the
/// same (a put that timed out after it was accepted), else nothing is overwritten.
pub(super) fn put_all(store: &Store, objects: Vec<Object>) -> Result<()> {
    runtime()?.block_on(
        stream::iter(objects).map(|object| put(store, object)).buffer_unordered(PUTS_IN_FLIGHT).try_collect(),
    )
}

async fn put(store: &Store, object: Object) -> Result<()> {
    let name = format!("{}/{}", object.dir, object.name);
    let url = store.location().url_of(&name);
    let wrong = |why: &dyn std::fmt::Display| Error::Sink(format!("{url}: {why}"));
    let bucket = store.bucket().ok_or_else(|| wrong(&"no bucket was opened"))?;
    let path = bucket.path(&name)?;
    let bytes = bytes::Bytes::from(object.bytes);
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match bucket.client().put_opts(&path, PutPayload::from(bytes.clone()), options).await {
        Ok(_) => Ok(()),
        Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
            let found = bucket.client().get(&path).await.map_err(|error| wrong(&error))?;
            if found.bytes().await.map_err(|error| wrong(&error))? == bytes {
                return Ok(());
            }
            Err(wrong(&OTHER_WRITER))
        }
        Err(error) => Err(wrong(&error)),
    }
}
