//! Writing many whole objects: each appears complete or not at all, and replaces none.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::object::Object;
use crate::error::{Error, Result};
use crate::hidden;
use crate::source::Store;

/// Objects a thread takes at a time.
const STRIDE: usize = 32;

/// What is said of an object whose name another writer took.
pub(super) const OTHER_WRITER: &str =
    "an object of this name holds other records; another writer uses this landing";

/// Writes objects under new names, many at once; `pool` None is this thread alone. One that stands there
/// already is fine if its bytes are the same, else nothing is overwritten. What is durable is on the disk
/// with its name.
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
        })?,
        _ => objects.iter().try_for_each(|object| put_local(&root, object, durable))?,
    }
    if durable {
        // Once a folder, not once an object.
        let folders: BTreeSet<_> = objects.iter().map(|object| &object.dir).collect();
        folders.into_iter().try_for_each(|folder| sync(&root.join(folder)))?;
    }
    Ok(())
}

/// A name that starts with a dot is passed over by Spark, Hadoop and our own readers.
fn put_local(root: &Path, object: &Object, durable: bool) -> Result<()> {
    let path = root.join(&object.dir).join(&object.name);
    let hidden = hidden::beside(&path);
    let write = || {
        // Never one that is there: it may be the second name of an object.
        let mut file = File::create_new(&hidden)?;
        file.write_all(&object.bytes)?;
        if durable {
            file.sync_all()?;
        }
        drop(file);
        named(&hidden, &path)
    };
    let written = write();
    // What is left of it is hidden from readers; the first error is the one to tell.
    let _ = fs::remove_file(&hidden);
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => same(&path, object),
        Err(error) => Err(Error::cannot_write(&path, &error)),
    }
}

/// Gives a file its name, which nothing has yet: a rename would replace what has.
fn named(hidden: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(hidden, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => renamed(hidden, path),
        linked => linked,
    }
}

/// The same where a file system knows no second names. To write under the name itself would show
/// readers half an object; so the name is looked for first, and only a writer that takes it in that very
/// moment is not seen.
fn renamed(hidden: &Path, path: &Path) -> io::Result<()> {
    if path.try_exists()? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    fs::rename(hidden, path)
}

/// Whether the object that has the name is this one.
fn same(path: &Path, object: &Object) -> Result<()> {
    if fs::read(path).map_err(|error| Error::io(path, error))? == object.bytes {
        return Ok(());
    }
    Err(Error::Sink(format!("{}: {OTHER_WRITER}", path.display())))
}

/// Makes a folder of a landing, if it is a local one; a durable one is on the disk with its name.
pub(super) fn make_dir(store: &Store, dir: &str, durable: bool) -> Result<()> {
    let Some(path) = store.local_path(dir) else {
        return Ok(());
    };
    let new = path.ancestors().take_while(|folder| !folder.is_dir()).count();
    fs::create_dir_all(&path).map_err(|error| Error::cannot_write(&path, &error))?;
    if durable {
        // The name of each stands in the folder above it.
        path.ancestors().skip(1).take(new).try_for_each(sync)?;
    }
    Ok(())
}

/// Lets the disk know of new names in a folder.
fn sync(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Error::cannot_write(folder, &error))
}

#[cfg(feature = "s3")]
fn put_remote(store: &Store, objects: Vec<Object>) -> Result<()> {
    super::s3::put_all(store, objects)
}

#[cfg(not(feature = "s3"))]
fn put_remote(store: &Store, _: Vec<Object>) -> Result<()> {
    Err(Error::Config(format!("{}: this build has no S3", store.location().url())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_second_names_nothing_is_replaced_either() {
        let folder = tempfile::tempdir().unwrap();
        let (hidden, path) = (folder.path().join(".x"), folder.path().join("x"));
        fs::write(&hidden, "first").unwrap();
        renamed(&hidden, &path).unwrap();
        fs::write(&hidden, "second").unwrap();
        assert_eq!(renamed(&hidden, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }

    #[test]
    fn folders_are_made_once_and_known_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("a/b").to_str().unwrap(), &Default::default()).unwrap();
        for _ in 0..2 {
            make_dir(&store, "topics/x/partition=0", true).unwrap();
        }
        assert!(folder.path().join("a/b/topics/x/partition=0").is_dir());
        fs::write(folder.path().join("a/b/file"), "").unwrap();
        let error = make_dir(&store, "file/x", true).unwrap_err().to_string();
        assert!(error.contains("file/x: cannot write"), "{error}");
    }
}
