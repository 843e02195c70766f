//! An object of a bucket that is read here and there.

use std::io::Read;

use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::s3::Bucket;

/// An object that is read here and there: Parquet keeps its table of contents at the end.
pub(crate) struct Ranged {
    bucket: Bucket,
    name: String,
    size: u64,
}

impl Ranged {
    pub(super) fn new(bucket: Bucket, name: &str, size: u64) -> Self {
        Self { bucket, name: name.into(), size }
    }
}

impl Length for Ranged {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Ranged {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        self.bucket.reader(&self.name, start).map_err(|error| ParquetError::External(Box::new(error)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<bytes::Bytes> {
        self.bucket
            .range(&self.name, start, length as u64)
            .map_err(|error| ParquetError::External(Box::new(error)))
    }
}
