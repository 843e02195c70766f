//! A task at work: what a plan names, read, parsed and cleaned, with receipts.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::clean::{Cleaner, Options as CleanOptions, receipt_batch};
use crate::error::Result;
use crate::kind::Kind;
use crate::parse::{BATCH_ROWS, ChunkBuffer};
use crate::schema::Frame;

use super::books::Books;
use super::files::FileReader;
use super::landing::LogReader;
use super::plan::LandingPlan;
use super::{Options, Store};

/// What a task is read with.
enum From {
    Log(Box<LogReader>),
    Files(Box<FileReader>),
}

/// Reads a task: an iterator of record batches in reading order, receipts last.
///
/// ```
/// use pinlake::{clean, kind::Kind, source::{self, plan, TaskReader}};
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("x.user.jsonl"), "{\"ind\": 7, \"age\": 20}\n")?;
/// let kind = Kind::builtin("user")?;
/// let url = dir.path().display().to_string();
/// let plan = plan::plan_landing(&kind, &url, plan::Ask::default(), &source::Options::new())?;
/// let reader = TaskReader::new(kind, plan, clean::Options::default(), &source::Options::new())?;
/// assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TaskReader {
    from: Option<From>,
    cleaner: Cleaner,
    receipts: bool,
    chunk: ChunkBuffer,
    books: Books,
    ready: VecDeque<RecordBatch>,
}

impl TaskReader {
    /// Opens a task, or a whole plan. With the frame [`Frame::Run`], receipts come last.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a URL, an option or a placeholder that cannot be used.
    pub fn new(kind: Arc<Kind>, task: LandingPlan, clean: CleanOptions, options: &Options) -> Result<Self> {
        let receipts = clean.frame == Frame::Run;
        let cleaner = Cleaner::new(Arc::clone(&kind), clean)?;
        let store = Store::open(&task.url, options)?;
        let from = if task.layout == "log" {
            From::Log(Box::new(LogReader::new(store, task.parts, task.epoch)?))
        } else {
            From::Files(Box::new(FileReader::new(kind, store, task.files, task.epoch)))
        };
        Ok(Self {
            from: Some(from),
            cleaner,
            receipts,
            chunk: ChunkBuffer::default(),
            books: Books::default(),
            ready: VecDeque::new(),
        })
    }

    /// The columns it gives.
    #[must_use]
    pub fn schema(&self) -> &arrow::datatypes::SchemaRef {
        self.cleaner.schema()
    }

    /// Reads and cleans a chunk.
    fn step(&mut self) -> Result<()> {
        self.chunk.clear();
        self.books.start_chunk();
        let more = match &mut self.from {
            None => return Ok(()),
            Some(From::Log(log)) => log.fill(&mut self.chunk, &mut self.books)?,
            Some(From::Files(files)) => files.fill(&mut self.chunk, &mut self.books)?,
        };
        if !self.chunk.payloads.is_empty() {
            let cleaned = self.cleaner.clean(self.chunk.as_chunk())?;
            self.books.add(&cleaned.tallies);
            self.ready.extend(cleaned.batches);
        }
        if !more {
            self.from = None;
            if self.receipts {
                for receipts in self.books.receipts().chunks(BATCH_ROWS) {
                    self.ready.push_back(receipt_batch(self.cleaner.kind(), receipts)?);
                }
            }
        }
        Ok(())
    }
}

impl Iterator for TaskReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            self.from.as_ref()?;
            if let Err(error) = self.step() {
                // What failed once is not tried again: the rows behind it would be lost quietly.
                self.from = None;
                return Some(Err(error));
            }
        }
    }
}
