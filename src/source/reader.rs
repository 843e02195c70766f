//! A task at work: what a plan names, read, parsed and cleaned, with receipts.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::clean::{Cleaner, Options as CleanOptions, receipt_batch};
use crate::error::Result;
use crate::kind::Kind;
use crate::parse::{BATCH_ROWS, Chunk, ChunkBuffer, Cursor};
use crate::schema::Frame;

use super::books::Books;
use super::files::FileReader;
use super::fill::Fill;
use super::landing::LogReader;
use super::objects::{Given, GivenReader};
use super::plan::LandingPlan;
use super::{Options, Store};

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
    /// None once all was read.
    from: Option<Box<dyn Fill>>,
    cleaner: Cleaner,
    chunk: ChunkBuffer,
    /// How far the chunk was cleaned.
    cursor: Cursor,
    books: Books,
    /// Batches of receipts, once all was read.
    receipts: VecDeque<RecordBatch>,
}

impl TaskReader {
    /// Opens a task, or a whole plan. With the frame [`Frame::Run`], receipts come last.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a URL, an option or a placeholder that cannot be used.
    pub fn new(kind: Arc<Kind>, task: LandingPlan, clean: CleanOptions, options: &Options) -> Result<Self> {
        let from = filler(&kind, task, options)?;
        Self::of(kind, from, clean)
    }

    /// Takes whole objects whose bytes somebody else read; of the plan only layout and epoch matter.
    /// With the frame [`Frame::Run`] receipts come last, one an extent of these objects.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a placeholder that cannot be used. The reading itself gives
    /// [`crate::Error::Source`] for a name that is no object of a landing, or a file that is none of
    /// the kind.
    pub fn of_objects(
        kind: Arc<Kind>,
        landing: &LandingPlan,
        objects: Vec<Given>,
        clean: CleanOptions,
    ) -> Result<Self> {
        let reader = GivenReader::new(Arc::clone(&kind), landing.layout == "log", landing.epoch, objects);
        Self::of(kind, Box::new(reader), clean)
    }

    fn of(kind: Arc<Kind>, from: Box<dyn Fill>, clean: CleanOptions) -> Result<Self> {
        Ok(Self {
            from: Some(from),
            cleaner: Cleaner::new(kind, clean)?,
            chunk: ChunkBuffer::default(),
            cursor: Cursor::default(),
            books: Books::default(),
            receipts: VecDeque::new(),
        })
    }

    /// The columns it gives.
    #[must_use]
    pub fn schema(&self) -> &arrow::datatypes::SchemaRef {
        self.cleaner.schema()
    }

    /// The next batch of the chunk; none once it is used up.
    fn clean(&mut self) -> Result<Option<RecordBatch>> {
        let chunk = self.chunk.as_chunk();
        if self.cursor.is_done(chunk) {
            return Ok(None);
        }
        let cleaned = self.cleaner.clean(chunk, &mut self.cursor)?;
        self.books.add(&cleaned.tallies);
        Ok(Some(cleaned.batch))
    }

    /// Reads the next chunk.
    fn read(&mut self) -> Result<()> {
        self.chunk.clear();
        self.cursor = Cursor::default();
        self.books.start_chunk();
        let Some(from) = &mut self.from else { return Ok(()) };
        if !from.fill(&mut self.chunk, &mut self.books)? {
            self.from = None;
        }
        Ok(())
    }

    fn book(&mut self) -> Result<()> {
        for receipts in std::mem::take(&mut self.books).receipts().chunks(BATCH_ROWS) {
            self.receipts.push_back(receipt_batch(self.cleaner.kind(), receipts)?);
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            match self.clean()? {
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => return Ok(Some(batch)),
                None if self.from.is_some() => self.read()?,
                None => break,
            }
        }
        if self.cleaner.frame() == Frame::Run {
            self.book()?;
        }
        Ok(self.receipts.pop_front())
    }
}

/// What a task is read with.
fn filler(kind: &Arc<Kind>, task: LandingPlan, options: &Options) -> Result<Box<dyn Fill>> {
    let store = Store::open(&task.url, options)?;
    Ok(if task.layout == "log" {
        Box::new(LogReader::new(store, task.parts, task.epoch)?)
    } else {
        Box::new(FileReader::new(Arc::clone(kind), store, task.files, task.epoch)?)
    })
}

/// Reads a task's payloads as they stand, not parsed.
pub struct PayloadReader {
    /// None once all was read.
    from: Option<Box<dyn Fill>>,
    chunk: ChunkBuffer,
    books: Books,
}

impl PayloadReader {
    /// Opens a task, or a whole plan.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a URL or an option that cannot be used.
    pub fn new(kind: &Arc<Kind>, task: LandingPlan, options: &Options) -> Result<Self> {
        let from = Some(filler(kind, task, options)?);
        Ok(Self { from, chunk: ChunkBuffer::default(), books: Books::default() })
    }

    /// The next payloads; None at the end.
    ///
    /// # Errors
    /// Those of reading the source.
    pub fn read(&mut self) -> Result<Option<Chunk<'_>>> {
        let Some(from) = &mut self.from else {
            return Ok(None);
        };
        self.chunk.clear();
        self.books.start_chunk();
        if !from.fill(&mut self.chunk, &mut self.books)? {
            self.from = None;
        }
        Ok(Some(self.chunk.as_chunk()))
    }
}

impl Iterator for TaskReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            // What failed once is not tried again: the rows behind it would be lost quietly.
            (self.from, self.books) = (None, Books::default());
            self.chunk.clear();
        }
        step.transpose()
    }
}
