//! Where data lies: a local path or a bucket, whatever spelling the URL came in.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A place that names can be joined to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Which store, and where in it.
    pub place: Place,
    url: String,
}

/// Which store, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An absolute path of this machine.
    Local(PathBuf),
    /// A bucket and a prefix without slashes at its ends.
    S3 {
        /// Bucket name.
        bucket: String,
        /// Key prefix, may be empty.
        prefix: String,
    },
}

impl Place {
    /// The place with links followed, as far as it is there; a bucket's stays as it is.
    #[must_use]
    pub fn real(self) -> Self {
        match self {
            Self::Local(path) => Self::Local(real_path(&path)),
            bucket @ Self::S3 { .. } => bucket,
        }
    }

    /// Whether another place is this one or lies below it.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local(path), Self::Local(other)) => other.starts_with(path),
            (Self::S3 { bucket, prefix }, Self::S3 { bucket: of, prefix: other }) => {
                let below = other.strip_prefix(prefix.as_str());
                bucket == of
                    && below.is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
            }
            _ => false,
        }
    }
}

/// What is not there yet stands in a folder that may be reached through links.
fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real_path(parent).join(name),
        _ => path.into(),
    }
}

impl Location {
    /// Reads a path or URL: `dir/file`, `file:///dir`, `s3://bucket/prefix` (also `s3a`, `s3n`),
    /// `/Volumes/…`, `dbfs:/Volumes/…`, `dbfs:/…` (its mount under `/dbfs`).
    ///
    /// Nothing is percent-decoded: the path is taken as it stands, as Hadoop's file systems do.
    ///
    /// # Errors
    /// [`Error::Config`] for another scheme or a missing bucket.
    ///
    /// ```
    /// use pinlake::source::Location;
    /// let landing = Location::parse("s3a://bucket/landing/").unwrap();
    /// assert_eq!(landing.url(), "s3://bucket/landing");
    /// ```
    pub fn parse(url: &str) -> Result<Self> {
        if url.is_empty() {
            return Err(Error::Config("an empty path: give a folder, a file or a URL".into()));
        }
        for scheme in ["s3://", "s3a://", "s3n://"] {
            if let Some(rest) = url.strip_prefix(scheme) {
                return Self::s3(url, rest);
            }
        }
        if let Some(rest) = url.strip_prefix("file:") {
            let path = rest.strip_prefix("//localhost").unwrap_or(rest);
            let path = path.strip_prefix("//").unwrap_or(path);
            return Self::local(Path::new(path));
        }
        if let Some(rest) = url.strip_prefix("dbfs:") {
            let path = rest.trim_start_matches('/');
            let root = if path.starts_with("Volumes/") { "/" } else { "/dbfs/" };
            return Self::local(Path::new(&format!("{root}{path}")));
        }
        if let Some((scheme, _)) = url.split_once("://") {
            return Err(Error::Config(format!(
                "{url}: {scheme}:// cannot be read; use a path, file://, s3://, /Volumes/… or dbfs:/…"
            )));
        }
        Self::local(Path::new(url))
    }

    fn s3(url: &str, rest: &str) -> Result<Self> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains('@') {
            // Whatever stands before an @ may be a secret: it is not repeated.
            return Err(Error::Config(
                "an s3 URL without bucket or with credentials in it: write s3://bucket/prefix; \
                 credentials come from the environment"
                    .into(),
            ));
        }
        let prefix = prefix.trim_matches('/');
        if prefix.split('/').any(|part| part == "." || part == "..") {
            return Err(Error::Config(format!("{url}: . and .. are no key parts")));
        }
        let mut canonical = format!("s3://{bucket}");
        if !prefix.is_empty() {
            canonical.push('/');
            canonical.push_str(prefix);
        }
        Ok(Self { place: Place::S3 { bucket: bucket.into(), prefix: prefix.into() }, url: canonical })
    }

    fn local(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|error| Error::io(path, error))?;
        // A slash at the end, and `x/.`, would make two names of one file.
        let path: PathBuf = path.components().collect();
        let url = format!("file://{}", path.display());
        Ok(Self { place: Place::Local(path), url })
    }

    /// Its one spelling, without a slash at the end: what `_source.name` of a file is made of.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of a name below it; the empty name is the place itself.
    #[must_use]
    pub fn url_of(&self, name: &str) -> String {
        if name.is_empty() {
            return self.url.clone();
        }
        format!("{}/{name}", self.url)
    }

    /// A folder below it.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let name = name.trim_matches('/');
        if name.is_empty() {
            return self.clone();
        }
        let place = match &self.place {
            Place::Local(path) => Place::Local(path.join(name)),
            Place::S3 { bucket, prefix } => Place::S3 {
                bucket: bucket.clone(),
                prefix: if prefix.is_empty() { name.into() } else { format!("{prefix}/{name}") },
            },
        };
        Self { place, url: self.url_of(name) }
    }
}

/// Whether readers pass over a file or folder of this name, as Spark and Hadoop do.
#[must_use]
pub fn is_hidden(name: &str) -> bool {
    name.starts_with(['_', '.']) || name.ends_with(".tmp") || name.ends_with(".crc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_place_are_one() {
        for (given, url) in [
            ("/a/b/", "file:///a/b"),
            ("/a//b/.", "file:///a/b"),
            ("file:///a/b", "file:///a/b"),
            ("file:/a/b", "file:///a/b"),
            ("file://localhost/a/b", "file:///a/b"),
            ("dbfs:/Volumes/c/s/v", "file:///Volumes/c/s/v"),
            ("/Volumes/c/s/v", "file:///Volumes/c/s/v"),
            ("dbfs:/mnt/x", "file:///dbfs/mnt/x"),
            ("s3://b", "s3://b"),
            ("s3a://b/", "s3://b"),
            ("s3n://b/p/q/", "s3://b/p/q"),
        ] {
            assert_eq!(Location::parse(given).unwrap().url(), url, "{given}");
        }
    }

    #[test]
    fn relative_paths_become_absolute() {
        let here = std::env::current_dir().unwrap();
        let location = Location::parse("x/y").unwrap();
        assert_eq!(location.place, Place::Local(here.join("x/y")));
    }

    #[test]
    fn bad_urls_are_refused_without_their_secrets() {
        for url in ["", "http://h/x", "s3://", "s3://key:hush@bucket/x", "s3://b/../x"] {
            let error = Location::parse(url).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_place_holds_itself_and_what_lies_below() {
        let place = |url: &str| Location::parse(url).unwrap().place;
        for (above, below, holds) in [
            ("/a/b", "/a/b", true),
            ("/a/b", "/a/b/c", true),
            ("/a/b", "/a/bc", false),
            ("/a/b", "s3://a/b", false),
            ("s3://b/p", "s3://b/p/q", true),
            ("s3://b", "s3://b/p", true),
            ("s3://b/p", "s3://b/pq", false),
            ("s3://b/p", "s3://c/p", false),
        ] {
            assert_eq!(place(above).holds(&place(below)), holds, "{above} {below}");
        }
    }

    #[test]
    fn names_join_in_every_store() {
        let landing = Location::parse("s3://b/p").unwrap();
        assert_eq!(landing.join("topics/").url(), "s3://b/p/topics");
        assert_eq!(landing.url_of("x.json"), "s3://b/p/x.json");
        assert_eq!(landing.url_of(""), "s3://b/p");
    }
}
