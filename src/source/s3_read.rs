//! Objects of a bucket as streams, one after the other, read ahead.

use std::io::{self, Read};

use futures::channel::mpsc;
use futures::stream::{BoxStream, StreamExt};

use crate::error::Result;

use super::runtime::runtime;

/// An object's bytes: what was read ahead, then the rest as it comes.
pub(crate) struct Body {
    head: Vec<u8>,
    at: usize,
    rest: Option<BoxStream<'static, object_store::Result<bytes::Bytes>>>,
    block: bytes::Bytes,
}

impl Body {
    pub(super) fn new(
        head: Vec<u8>,
        rest: Option<BoxStream<'static, object_store::Result<bytes::Bytes>>>,
    ) -> Self {
        Self { head, at: 0, rest, block: bytes::Bytes::new() }
    }

    /// All of it, if all of it was read ahead.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        self.rest.is_none().then_some(&self.head)
    }
}

impl Read for Body {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at < self.head.len() {
            let count = out.len().min(self.head.len() - self.at);
            out[..count].copy_from_slice(&self.head[self.at..self.at + count]);
            self.at += count;
            return Ok(count);
        }
        while self.block.is_empty() {
            let Some(rest) = &mut self.rest else { return Ok(0) };
            let runtime = runtime().map_err(io::Error::other)?;
            match runtime.block_on(rest.next()) {
                None => {
                    self.rest = None;
                    self.head.clear();
                    return Ok(0);
                }
                Some(block) => self.block = block.map_err(io::Error::other)?,
            }
        }
        let count = out.len().min(self.block.len());
        out[..count].copy_from_slice(&self.block.split_to(count));
        Ok(count)
    }
}

/// One object that was read.
pub(crate) struct Fetched {
    /// Last change, µs since 1970 UTC.
    pub(crate) modified: i64,
    pub(crate) body: Body,
}

/// Objects in the order of their names.
pub(crate) struct Fetch {
    from: mpsc::Receiver<Result<Fetched>>,
}

impl Fetch {
    pub(super) fn new(from: mpsc::Receiver<Result<Fetched>>) -> Self {
        Self { from }
    }
}

impl Iterator for Fetch {
    type Item = Result<Fetched>;

    fn next(&mut self) -> Option<Self::Item> {
        match runtime() {
            Ok(runtime) => runtime.block_on(self.from.next()),
            Err(error) => Some(Err(error)),
        }
    }
}
