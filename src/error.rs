//! The one error type of the crate.
//!
//! Every variant says what went wrong, where, and what to do about it. Bad *data* is no error:
//! it becomes a row with `_errors` or a quarantined record with a code.

use std::path::{Path, PathBuf};

/// What can stop a call. Bad records never do; see [`crate::parse::RejectCode`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting, an option, a plan or a URL that cannot be used.
    #[error("{0}")]
    Config(String),
    /// Arrow data or a table whose columns or types do not fit.
    #[error("{0}")]
    Schema(String),
    /// A file, folder, object or listing that does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Something that cannot be read, or state that contradicts itself.
    #[error("{0}")]
    Source(String),
    /// Something that cannot be written.
    #[error("{0}")]
    Sink(String),
    /// Data below the quality that was asked for (`invalid="fail"`, unbalanced books).
    #[error("{0}")]
    Quality(String),
    /// An operating-system error with the path it happened at.
    #[error("{path}: {source}")]
    Io {
        /// Where it happened.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An error of the Arrow or Parquet library: a batch that cannot be built or written.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl Error {
    /// Wraps an I/O error with the path it happened at; a missing file becomes [`Error::NotFound`].
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let path = path.into();
        if source.kind() == std::io::ErrorKind::NotFound {
            return Self::NotFound(format!("{}: no such file or folder", path.display()));
        }
        Self::Io { path, source }
    }

    /// A file or folder that cannot be written, with what to do about it.
    #[must_use]
    pub fn cannot_write(path: &Path, source: &std::io::Error) -> Self {
        use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let remedy = match source.kind() {
            StorageFull | QuotaExceeded => "make room there, or write to another place",
            PermissionDenied | ReadOnlyFilesystem => {
                "make it writable for this user, or write to another place"
            }
            _ => "write to another place",
        };
        Self::Sink(format!("{}: cannot write: {source}; {remedy}", path.display()))
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Arrow(arrow::error::ArrowError::ParquetError(error.to_string()))
    }
}

/// The result of every fallible call in the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
