//! A file that is written beside its place under a temporary name, and renamed when it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The place of a file in the making; what is not finished leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    part: PathBuf,
}

impl Part {
    /// A place whose folder is there.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.into(), part: name_of(path) }
    }

    /// The same, but a pipe, a device or a link (`/dev/stderr`) is written as it stands: a file
    /// renamed to its place would take it away.
    pub(super) fn or_stream(path: &Path) -> Self {
        let stream = fs::symlink_metadata(path).is_ok_and(|found| !found.is_file());
        if stream { Self { path: path.into(), part: path.into() } } else { Self::of(path) }
    }

    /// Where to write.
    pub(super) fn at(&self) -> &Path {
        &self.part
    }

    /// Puts the whole file in its place.
    pub(super) fn finish(self) -> Result<()> {
        if self.part == self.path {
            return Ok(());
        }
        fs::rename(&self.part, &self.path).map_err(|error| Error::cannot_write(&self.path, &error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.part != self.path {
            // After a rename there is nothing to remove.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// The temporary name of a file.
pub(super) fn name_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
