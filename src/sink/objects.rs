//! Writing many whole objects: each appears complete or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::object::Object;
use crate::error::{Error, Result};
use crate::source::Store;

/// Objects a thread takes at a time.
const STRIDE: usize = 32;

/// Writes objects, many at once; `pool` None is this thread alone.
pub(super) fn put_all(
    store: &Store,
    pool: Option<&ThreadPool>,
    objects: Vec<Object>,
    durable: bool,
) -> Result<()> {
    let Some(root) = store.local_path("") else {
        return put_remote(store, objects);
    };
    match pool {
        Some(pool) if objects.len() > STRIDE => pool.install(|| {
            objects.par_chunks(STRIDE).try_for_each(|objects| {
                objects.iter().try_for_each(|object| put_local(&root, object, durable))
            })
        }),
        _ => objects.iter().try_for_each(|object| put_local(&root, object, durable)),
    }
}

/// A name that starts with a dot is passed over by Spark, Hadoop and our own readers.
fn put_local(root: &Path, object: &Object, durable: bool) -> Result<()> {
    let dir = root.join(&object.dir);
    let path = dir.join(&object.name);
    let hidden = dir.join(format!(".{}.{}.tmp", object.name, std::process::id()));
    let write = || {
        let mut file = File::create(&hidden)?;
        file.write_all(&object.bytes)?;
        if durable {
            file.sync_all()?;
        }
        drop(file);
        fs::rename(&hidden, &path)
    };
    write().map_err(|error| {
        // What is left of it is hidden from readers; the first error is the one to tell.
        let _ = fs::remove_file(&hidden);
        Error::cannot_write(&path, &error)
    })
}

/// Makes a folder of a landing, if it is a local one.
pub(super) fn make_dir(store: &Store, dir: &str) -> Result<()> {
    match store.local_path(dir) {
        Some(path) => fs::create_dir_all(&path).map_err(|error| Error::cannot_write(&path, &error)),
        None => Ok(()),
    }
}

/// Lets the disk know of new names in a folder.
pub(super) fn sync_dir(store: &Store, dir: &str) -> Result<()> {
    match store.local_path(dir) {
        Some(path) => File::open(&path)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| Error::cannot_write(&path, &error)),
        None => Ok(()),
    }
}

#[cfg(feature = "s3")]
fn put_remote(store: &Store, objects: Vec<Object>) -> Result<()> {
    super::s3::put_all(store, objects)
}

#[cfg(not(feature = "s3"))]
fn put_remote(store: &Store, _: Vec<Object>) -> Result<()> {
    Err(Error::Config(format!("{}: this build has no S3", store.location().url())))
}
