//! A folder of this machine or a bucket, behind the few calls that reading needs.

use std::io::Read;

use crate::error::{Error, Result};

use super::local;
use super::location::{Location, Place};
use super::names::{Meta, Names, Options};
#[cfg(feature = "s3")]
use super::s3;

/// A folder of this machine or a bucket.
#[derive(Debug)]
pub struct Store {
    location: Location,
    #[cfg(feature = "s3")]
    bucket: Option<s3::Bucket>,
}

impl Store {
    /// Opens a place; nothing is read yet.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or an option that cannot be used.
    pub fn open(url: &str, options: &Options) -> Result<Self> {
        Self::at(Location::parse(url)?, options)
    }

    /// Opens a place that was parsed before.
    ///
    /// # Errors
    /// [`Error::Config`] for an option that cannot be used, or S3 in a build without it.
    pub fn at(location: Location, options: &Options) -> Result<Self> {
        #[cfg(feature = "s3")]
        let bucket = match &location.place {
            Place::Local(_) => None,
            Place::S3 { bucket, prefix } => Some(s3::Bucket::open(bucket, prefix, options)?),
        };
        #[cfg(not(feature = "s3"))]
        if let Place::S3 { .. } = location.place {
            let _ = options;
            return Err(Error::Config(format!(
                "{}: this build has no S3; build with the feature s3",
                location.url()
            )));
        }
        Ok(Self {
            location,
            #[cfg(feature = "s3")]
            bucket,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The local path of a name, if this is a local folder.
    #[must_use]
    pub fn local_path(&self, name: &str) -> Option<std::path::PathBuf> {
        match &self.location.place {
            Place::Local(root) if name.is_empty() => Some(root.clone()),
            Place::Local(root) => Some(root.join(name)),
            Place::S3 { .. } => None,
        }
    }

    #[cfg(feature = "s3")]
    pub(crate) fn bucket(&self) -> Option<&s3::Bucket> {
        self.bucket.as_ref()
    }

    /// What is known of a file; `None` if there is none (a folder is none). The empty name is
    /// the place itself.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn stat(&self, name: &str) -> Result<Option<Meta>> {
        match self.local_path(name) {
            Some(path) => local::stat(&path, name),
            #[cfg(feature = "s3")]
            None => self.s3()?.stat(name),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    /// Whether anything is there: a file, a folder, or a key that starts so.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn exists(&self) -> Result<bool> {
        match self.local_path("") {
            Some(path) => path.try_exists().map_err(|error| Error::io(path, error)),
            #[cfg(feature = "s3")]
            None => self.s3()?.exists(),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    /// Names of the folders directly below `dir`, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn folders(&self, dir: &str) -> Result<Vec<String>> {
        match self.local_path(dir) {
            Some(path) => local::folders(&path),
            #[cfg(feature = "s3")]
            None => self.s3()?.folders(dir),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    /// Every file below the place, sorted by name, hidden ones left out.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn walk(&self) -> Result<Vec<Meta>> {
        match self.local_path("") {
            Some(path) => local::walk(&path),
            #[cfg(feature = "s3")]
            None => self.s3()?.walk(),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    /// Lists names of one folder, and keeps what `parse` makes of each. Local names come in any
    /// order, a bucket's sorted. Files are not looked at.
    ///
    /// # Errors
    /// Where the store fails. A missing folder has no names.
    pub fn names<T>(&self, names: Names<'_>, parse: impl FnMut(&str) -> Option<T>) -> Result<Vec<T>> {
        match self.local_path(names.dir) {
            Some(path) => local::names(&path, names, parse),
            #[cfg(feature = "s3")]
            None => self.s3()?.names(names, parse),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    /// As [`Store::names`]; a bucket's folder is listed in slices at once, which end at `cuts`.
    /// These are no names themselves, and in order.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn names_sliced<T>(
        &self,
        names: Names<'_>,
        cuts: &[String],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>> {
        match self.local_path(names.dir) {
            Some(path) => local::names(&path, names, parse),
            #[cfg(feature = "s3")]
            None => self.s3()?.names_sliced(names, cuts, parse),
            #[cfg(not(feature = "s3"))]
            None => {
                let _ = cuts;
                no_s3()
            }
        }
    }

    /// A whole file.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, or where the store fails.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut reader = self.reader(name, 0)?;
        reader.read_to_end(&mut bytes).map_err(|error| Error::io(self.location.url_of(name), error))?;
        Ok(bytes)
    }

    /// Reads a file from a byte on.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, or where the store fails.
    pub fn reader(&self, name: &str, from: u64) -> Result<Box<dyn Read + Send>> {
        match self.local_path(name) {
            Some(path) => local::reader(&path, from),
            #[cfg(feature = "s3")]
            None => self.s3()?.reader(name, from),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    /// What tells the content of one object from another: the store's ETag, or the xxh3-128 of
    /// a local file's bytes (its time changes when the same bytes are written again).
    ///
    /// # Errors
    /// Where the store fails; a missing object is `None`.
    pub fn content_etag(&self, name: &str) -> Result<Option<String>> {
        match self.local_path(name) {
            Some(path) => local::content_etag(&path),
            #[cfg(feature = "s3")]
            None => Ok(self.s3()?.stat(name)?.map(|meta| meta.etag)),
            #[cfg(not(feature = "s3"))]
            None => no_s3(),
        }
    }

    #[cfg(feature = "s3")]
    fn s3(&self) -> Result<&s3::Bucket> {
        self.bucket
            .as_ref()
            .ok_or_else(|| Error::Source(format!("{}: no bucket was opened", self.location.url())))
    }
}

#[cfg(not(feature = "s3"))]
fn no_s3<T>() -> Result<T> {
    Err(Error::Config("this build has no S3; build with the feature s3".into()))
}
