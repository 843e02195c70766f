//! Local files, by the standard library alone.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};

use super::location::is_hidden;
use super::names::{Meta, Names};

/// Last change of a file, µs since 1970 UTC, cut to milliseconds as Hadoop's file systems report
/// it: one object arrives at one time, whoever reads it. 0 where the file system knows none.
pub(crate) fn modified(meta: &Metadata) -> i64 {
    let nanos = modified_nanos(meta);
    i64::try_from(nanos.div_euclid(1_000_000) * 1_000).unwrap_or(0)
}

fn modified_nanos(meta: &Metadata) -> i128 {
    let time = meta.modified().unwrap_or(UNIX_EPOCH);
    let nanos = |span: Duration| i128::try_from(span.as_nanos()).unwrap_or(0);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => nanos(after),
        Err(before) => -nanos(before.duration()),
    }
}

fn meta(name: &str, meta: &Metadata) -> Meta {
    Meta {
        name: name.into(),
        size: meta.len(),
        modified: modified(meta),
        etag: format!("{}-{}", meta.len(), modified_nanos(meta)),
    }
}

pub(super) fn stat(path: &Path, name: &str) -> Result<Option<Meta>> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.is_file().then(|| meta(name, &found))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Calls `visit` with each entry of a folder; a missing folder has none.
fn entries(path: &Path, mut visit: impl FnMut(&fs::DirEntry) -> Result<bool>) -> Result<()> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(Error::io(path, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| Error::io(path, error))?;
        if !visit(&entry)? {
            break;
        }
    }
    Ok(())
}

/// Whether an entry is a folder; links are followed.
fn is_folder(entry: &fs::DirEntry) -> Result<bool> {
    let kind = entry.file_type().map_err(|error| Error::io(entry.path(), error))?;
    if kind.is_symlink() {
        return Ok(entry.path().is_dir());
    }
    Ok(kind.is_dir())
}

pub(super) fn folders(path: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    entries(path, |entry| {
        if is_folder(entry)? {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        Ok(true)
    })?;
    names.sort_unstable();
    Ok(names)
}

pub(super) fn names<T>(
    path: &Path,
    names: Names<'_>,
    mut parse: impl FnMut(&str) -> Option<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    entries(path, |entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if names.wants(&name) {
            found.extend(parse(&name));
        }
        Ok(names.limit == 0 || found.len() < names.limit)
    })?;
    Ok(found)
}

pub(super) fn walk(root: &Path) -> Result<Vec<Meta>> {
    let mut metas = Vec::new();
    let mut todo = vec![(root.to_path_buf(), String::new())];
    while let Some((path, above)) = todo.pop() {
        entries(&path, |entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is_hidden(&name) {
                return Ok(true);
            }
            let below = if above.is_empty() { name.into_owned() } else { format!("{above}/{name}") };
            let found = fs::metadata(entry.path()).map_err(|error| Error::io(entry.path(), error))?;
            if found.is_dir() {
                todo.push((entry.path(), below));
            } else {
                metas.push(meta(&below, &found));
            }
            Ok(true)
        })?;
    }
    metas.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(metas)
}

pub(super) fn reader(path: &Path, from: u64) -> Result<Box<dyn Read + Send>> {
    let mut file = File::open(path).map_err(|error| Error::io(path, error))?;
    if from > 0 {
        file.seek(SeekFrom::Start(from)).map_err(|error| Error::io(path, error))?;
    }
    Ok(Box::new(file))
}

pub(super) fn content_etag(path: &Path) -> Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(Error::io(path, error)),
    };
    let mut hash = Xxh3::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(Some(format!("{:032x}", hash.digest128()))),
            Ok(count) => hash.update(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(path, error)),
        }
    }
}
