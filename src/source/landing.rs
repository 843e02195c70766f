//! Many small objects of a log at once: one line an offset.
//!
//! Local objects are read straight into the chunk's one buffer; a bucket's with many GETs in
//! flight. An object that is large is read as a stream.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::parse::{ChunkBuffer, Origin};

use super::Store;
use super::archive::{Archive, Inflate};
use super::books::Books;
use super::fill::Fill;
use super::layout::{Object, SUFFIXES, write_name};
use super::lines::{Filled, Lines, Numbers, split_object};
use super::local;
use super::plan::PartPlan;
#[cfg(feature = "s3")]
use super::s3_read::Fetch;

/// Objects up to this size are read whole.
pub(super) const SMALL: u64 = 1 << 20;

/// A packed object that unpacks to more is read as a stream.
const SMALL_UNPACKED: usize = 4 << 20;

/// The objects of a task, in order.
#[derive(Debug, Clone, Default)]
struct Cursor {
    parts: Vec<PartPlan>,
    part: usize,
    range: usize,
    at: u64,
}

impl Cursor {
    /// The next object and the index of its partition.
    fn next(&mut self) -> Option<(usize, Object)> {
        loop {
            let part = self.parts.get(self.part)?;
            match part.ranges.get(self.range) {
                Some(range) if self.at < range.count => {
                    self.at += 1;
                    return Some((self.part, range.object(self.at - 1)));
                }
                Some(_) => (self.range, self.at) = (self.range + 1, 0),
                None => (self.part, self.range, self.at) = (self.part + 1, 0, 0),
            }
        }
    }
}

/// What names of a partition are made of, made once.
struct Part {
    dir: String,
    stem: String,
    origin: Origin,
}

type Open = (Lines<Box<dyn Read + Send>>, usize, Origin);

/// Reads the objects of a task.
pub(crate) struct LogReader {
    store: Store,
    cursor: Cursor,
    parts: Vec<Part>,
    #[cfg(feature = "s3")]
    fetch: Option<Fetch>,
    /// A large object in the middle of being read, its receipt and origin.
    open: Option<Open>,
    path: String,
    packed: Vec<u8>,
}

impl LogReader {
    pub(crate) fn new(store: Store, parts: Vec<PartPlan>, epoch: i32) -> Result<Self> {
        let named: Vec<Part> = parts
            .iter()
            .map(|part| Part {
                dir: part.dir.clone(),
                stem: part.partition().stem(),
                origin: part.partition().origin(epoch),
            })
            .collect();
        let cursor = Cursor { parts, ..Cursor::default() };
        #[cfg(feature = "s3")]
        let fetch = match store.bucket() {
            Some(bucket) => Some(bucket.fetch(names(cursor.clone()))?),
            None => None,
        };
        Ok(Self {
            store,
            cursor,
            parts: named,
            #[cfg(feature = "s3")]
            fetch,
            open: None,
            path: String::new(),
            packed: Vec::new(),
        })
    }

    fn object(
        &mut self,
        part: usize,
        object: Object,
        chunk: &mut ChunkBuffer,
        books: &mut Books,
    ) -> Result<()> {
        #[cfg(feature = "s3")]
        if let Some(fetch) = &mut self.fetch {
            let fetched = fetch
                .next()
                .ok_or_else(|| {
                    Error::Source(format!("{}: reading ended early", self.store.location().url()))
                })?
                .map_err(|error| gone(error, self.store.location().url()))?;
            return self.fetched(part, object, fetched, chunk, books);
        }
        self.local(part, object, chunk, books)
    }

    fn local(
        &mut self,
        part: usize,
        object: Object,
        chunk: &mut ChunkBuffer,
        books: &mut Books,
    ) -> Result<()> {
        let named = &self.parts[part];
        write_name(&mut self.path, &named.dir, &named.stem, object);
        let path = self.store.local_path(&self.path).unwrap_or_else(|| PathBuf::from(&self.path));
        let wrong = |error| gone(Error::io(&path, error), self.store.location().url());
        let mut file = File::open(&path).map_err(wrong)?;
        let meta = file.metadata().map_err(wrong)?;
        let modified = local::modified(&meta);
        if meta.len() > SMALL {
            return self.stream(part, object, Box::new(file), modified, books);
        }
        let start = chunk.bytes.len();
        chunk.bytes.reserve(usize::try_from(meta.len()).unwrap_or(0));
        // `take` spares the read that would only find the end.
        (&mut file).take(meta.len()).read_to_end(&mut chunk.bytes).map_err(wrong)?;
        self.whole(part, object, modified, start, chunk, books)
    }

    #[cfg(feature = "s3")]
    fn fetched(
        &mut self,
        part: usize,
        object: Object,
        fetched: super::s3_read::Fetched,
        chunk: &mut ChunkBuffer,
        books: &mut Books,
    ) -> Result<()> {
        let Some(bytes) = fetched.body.whole() else {
            return self.stream(part, object, Box::new(fetched.body), fetched.modified, books);
        };
        let start = chunk.bytes.len();
        chunk.bytes.extend_from_slice(bytes);
        self.whole(part, object, fetched.modified, start, chunk, books)
    }

    /// An object that stands at the chunk's end.
    fn whole(
        &mut self,
        part: usize,
        object: Object,
        modified: i64,
        start: usize,
        chunk: &mut ChunkBuffer,
        books: &mut Books,
    ) -> Result<()> {
        let origin = Origin { arrived_at: Some(modified), ..self.parts[part].origin.clone() };
        if add_whole(&mut self.packed, object, &origin, start, chunk, books) {
            return Ok(());
        }
        let packed = std::io::Cursor::new(std::mem::take(&mut self.packed));
        self.stream(part, object, Box::new(packed), modified, books)
    }

    fn stream(
        &mut self,
        part: usize,
        object: Object,
        from: Box<dyn Read + Send>,
        modified: i64,
        books: &mut Books,
    ) -> Result<()> {
        let named = &self.parts[part];
        write_name(&mut self.path, &named.dir, &named.stem, object);
        let url = self.store.location().url_of(&self.path);
        let lines = Lines::new(&url, from, Numbers::Offsets { first: object.offset })?;
        let receipt = books.open(&named.origin.name, &named.origin.part, object.offset);
        let origin = Origin { arrived_at: Some(modified), ..named.origin.clone() };
        self.open = Some((lines, receipt, origin));
        Ok(())
    }
}

impl Fill for LogReader {
    fn fill(&mut self, chunk: &mut ChunkBuffer, books: &mut Books) -> Result<bool> {
        while !chunk.is_full() {
            if let Some((lines, receipt, origin)) = &mut self.open {
                let at = books.origin(chunk, *receipt, origin);
                let Filled { lines, done } = lines.fill(chunk, at)?;
                books.offsets(*receipt, lines);
                if done {
                    self.open = None;
                }
                continue;
            }
            let Some((part, object)) = self.cursor.next() else {
                return Ok(false);
            };
            self.object(part, object, chunk, books)?;
        }
        Ok(true)
    }
}

/// Adds an object that stands at the chunk's end, from `start`. `false` if it has to be read as a
/// stream: then `packed` holds its bytes, and the chunk does not.
pub(super) fn add_whole(
    packed: &mut Vec<u8>,
    object: Object,
    origin: &Origin,
    start: usize,
    chunk: &mut ChunkBuffer,
    books: &mut Books,
) -> bool {
    let head = &chunk.bytes[start..chunk.bytes.len().min(start + 4)];
    let ending = SUFFIXES.get(usize::from(object.suffix)).copied().unwrap_or_default();
    let archive = Archive::detect(ending, head);
    if archive != Archive::Plain {
        packed.clear();
        packed.extend_from_slice(&chunk.bytes[start..]);
        chunk.bytes.truncate(start);
        if !unpack_small(packed, archive, &mut chunk.bytes) {
            chunk.bytes.truncate(start);
            return false;
        }
    }
    let receipt = books.open(&origin.name, &origin.part, object.offset);
    let at = books.origin(chunk, receipt, origin);
    let lines = split_object(chunk, start, at, object.offset);
    books.offsets(receipt, lines);
    true
}

/// Names of all objects, as a bucket is asked for them.
#[cfg(feature = "s3")]
fn names(mut cursor: Cursor) -> impl Iterator<Item = String> + Send + 'static {
    let stems: Vec<(String, String)> =
        cursor.parts.iter().map(|part| (part.dir.clone(), part.partition().stem())).collect();
    std::iter::from_fn(move || {
        let (part, object) = cursor.next()?;
        let mut name = String::new();
        write_name(&mut name, &stems[part].0, &stems[part].1, object);
        Some(name)
    })
}

/// Unpacks into the chunk; `false` if it is too much, or not all can be read.
fn unpack_small(packed: &[u8], archive: Archive, to: &mut Vec<u8>) -> bool {
    let start = to.len();
    let mut inflate = Inflate::new(packed, archive);
    let mut from = (&mut inflate).take(SMALL_UNPACKED as u64 + 1);
    let read = from.read_to_end(to).is_ok();
    read && to.len() - start <= SMALL_UNPACKED && inflate.broken().is_none()
}

/// A planned object that is not there any more.
fn gone(error: Error, landing: &str) -> Error {
    match error {
        Error::NotFound(what) => Error::NotFound(format!(
            "{what}: it was there when the run was planned; restore it, or plan anew with --full ({landing})"
        )),
        other => other,
    }
}
