//! Objects whose bytes somebody else read: Spark's own reader, where workers may not reach storage.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::clean::{Cleaner, Options as CleanOptions, receipt_batch};
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::parse::{BATCH_ROWS, ChunkBuffer, Origin};
use crate::schema::Frame;

use super::Location;
use super::books::Books;
use super::csv::Csv;
use super::landing::{SMALL, add_whole};
use super::layout::{Object, Partition, parse_name};
use super::lines::{Filled, Lines, Numbers};
use super::parquet::Parquet;
use super::plan::LandingPlan;
use super::tables::{Form, form_of};

/// An object with its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Its URL.
    pub url: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its last change, µs since 1970 UTC.
    pub arrived_at: Option<i64>,
}

/// Cleans whole objects; of the plan only layout and epoch matter. With the frame [`Frame::Run`]
/// receipts come last, one an extent of these objects.
///
/// # Errors
/// [`Error::Source`] for a name that is no object of a landing, or a file that is none of the kind.
pub fn clean_objects<'a>(
    kind: &Arc<Kind>,
    landing: &LandingPlan,
    clean: CleanOptions,
    objects: impl IntoIterator<Item = Given<'a>>,
) -> Result<Vec<RecordBatch>> {
    let receipts = clean.frame == Frame::Run;
    let mut at_work = AtWork {
        kind,
        epoch: landing.epoch,
        cleaner: Cleaner::new(Arc::clone(kind), clean)?,
        chunk: ChunkBuffer::default(),
        books: Books::default(),
        packed: Vec::new(),
        out: Vec::new(),
    };
    for object in objects {
        let url = Location::parse(object.url)?.url().to_owned();
        if landing.layout == "log" {
            at_work.object(&url, object)?;
        } else {
            at_work.file(&url, object)?;
        }
    }
    at_work.flush()?;
    if receipts {
        for receipts in at_work.books.receipts().chunks(BATCH_ROWS) {
            at_work.out.push(receipt_batch(kind, receipts)?);
        }
    }
    Ok(at_work.out)
}

struct AtWork<'k> {
    kind: &'k Kind,
    epoch: i32,
    cleaner: Cleaner,
    chunk: ChunkBuffer,
    books: Books,
    packed: Vec<u8>,
    out: Vec<RecordBatch>,
}

impl AtWork<'_> {
    fn flush(&mut self) -> Result<()> {
        if !self.chunk.payloads.is_empty() {
            let cleaned = self.cleaner.clean(self.chunk.as_chunk())?;
            self.books.add(&cleaned.tallies);
            self.out.extend(cleaned.batches);
        }
        self.chunk.clear();
        self.books.start_chunk();
        Ok(())
    }

    fn object(&mut self, url: &str, given: Given<'_>) -> Result<()> {
        let (partition, object) = object_of(url)?;
        let origin = Origin { arrived_at: given.arrived_at, ..partition.origin(self.epoch) };
        if self.chunk.is_full() {
            self.flush()?;
        }
        if given.bytes.len() as u64 <= SMALL {
            let start = self.chunk.bytes.len();
            self.chunk.bytes.extend_from_slice(given.bytes);
            if add_whole(&mut self.packed, object, &origin, start, &mut self.chunk, &mut self.books) {
                return Ok(());
            }
        }
        let mut lines = Lines::new(url, given.bytes, Numbers::Offsets { first: object.offset })?;
        let receipt = self.books.open(&origin.name, &origin.part, object.offset);
        self.stream(|chunk, books| {
            let at = books.origin(chunk, receipt, &origin);
            let filled = lines.fill(chunk, at)?;
            books.offsets(receipt, filled.lines);
            Ok(filled)
        })
    }

    fn file(&mut self, url: &str, given: Given<'_>) -> Result<()> {
        let size = given.bytes.len() as u64;
        let origin = Origin {
            epoch: self.epoch,
            name: Arc::from(format!("file:{url}")),
            part: Arc::from(""),
            arrived_at: given.arrived_at,
        };
        let receipt = self.books.open_file(&origin.name, 0);
        let add = |filled: Result<Filled>, books: &mut Books| {
            let filled = filled?;
            books.lines(receipt, filled.lines, size);
            Ok(filled)
        };
        match form_of(url) {
            Form::Lines => {
                let mut lines = Lines::new(url, given.bytes, Numbers::Bytes { start: 0, end: u64::MAX })?;
                self.stream(|chunk, books| {
                    let at = books.origin(chunk, receipt, &origin);
                    add(lines.fill(chunk, at), books)
                })
            }
            Form::Csv => {
                let mut csv = Csv::new(self.kind, url, given.bytes)?;
                self.stream(|chunk, books| {
                    let at = books.origin(chunk, receipt, &origin);
                    add(csv.fill(chunk, at), books)
                })
            }
            Form::Parquet => {
                let bytes = bytes::Bytes::copy_from_slice(given.bytes);
                let mut parquet = Parquet::new(self.kind, url, bytes)?;
                self.stream(|chunk, books| {
                    let at = books.origin(chunk, receipt, &origin);
                    add(parquet.fill(chunk, at), books)
                })
            }
        }
    }

    fn stream(&mut self, mut fill: impl FnMut(&mut ChunkBuffer, &mut Books) -> Result<Filled>) -> Result<()> {
        loop {
            if self.chunk.is_full() {
                self.flush()?;
            }
            if fill(&mut self.chunk, &mut self.books)?.done {
                return Ok(());
            }
        }
    }
}

/// Partition and offset of a landing object, by its name alone.
fn object_of(url: &str) -> Result<(Partition, Object)> {
    let (dir, name) = url.rsplit_once('/').unwrap_or(("", url));
    let found = || {
        let mut words = name.split('+');
        let (topic, part) = (words.next()?, words.next()?);
        let partition = Partition { topic: topic.to_owned(), part: part.parse().ok()?, dir: dir.to_owned() };
        let object = parse_name(&partition.stem(), name)?;
        Some((partition, object))
    };
    found().ok_or_else(|| {
        Error::Source(format!(
            "{url}: not a landing object; its name should be <topic>+<partition>+<offset>.json"
        ))
    })
}
