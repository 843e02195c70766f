//! Files one after the other: lines, CSV, Parquet.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::parse::{ChunkBuffer, Origin};

use super::Store;
use super::archive::Archive;
use super::books::Books;
use super::csv::Csv;
use super::fill::Fill;
use super::form::{Form, form_of};
use super::lines::{Filled, Lines, Numbers};
use super::parquet::Parquet;
use super::plan::FilePlan;
#[cfg(feature = "s3")]
use super::s3_ranged::Ranged;

type Bytes = Box<dyn Read + Send>;

/// A file in the middle of being read.
pub(crate) enum Opened {
    Lines(Box<Lines<Bytes>>),
    Csv(Box<Csv<Bytes>>),
    Parquet(Box<Parquet>),
    /// Another range reads it.
    Nothing,
}

impl Opened {
    /// Opens a file, or the lines that start in a range of its bytes.
    pub(crate) fn open(kind: &Kind, store: &Store, file: &FilePlan) -> Result<Self> {
        let url = store.location().url_of(&file.name);
        match form_of(&url) {
            Form::Parquet => Ok(Self::Parquet(Box::new(open_parquet(kind, store, file, &url)?))),
            Form::Csv => {
                let from = store.reader(&file.name, 0)?;
                Ok(Self::Csv(Box::new(Csv::new(kind, &url, from)?)))
            }
            Form::Lines => {
                if file.start > 0 && is_packed(store, file, &url)? {
                    return Ok(Self::Nothing);
                }
                let whole = file.start == 0 && file.end >= file.size;
                // An archive unpacks to more than its size; a plain file may have grown since.
                let end = if whole { u64::MAX } else { file.end };
                let from = store.reader(&file.name, file.start.saturating_sub(1))?;
                let end =
                    if file.start == 0 && !whole && is_packed(store, file, &url)? { u64::MAX } else { end };
                let numbers = Numbers::Bytes { start: file.start, end };
                Ok(Self::Lines(Box::new(Lines::new(&url, from, numbers)?)))
            }
        }
    }

    pub(crate) fn fill(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<Filled> {
        match self {
            Self::Lines(lines) => lines.fill(chunk, origin),
            Self::Csv(csv) => csv.fill(chunk, origin),
            Self::Parquet(parquet) => parquet.fill(chunk, origin),
            Self::Nothing => Ok(Filled { lines: 0, done: true }),
        }
    }
}

/// An archive that its name does not tell cannot be cut: the first range reads it all.
fn is_packed(store: &Store, file: &FilePlan, url: &str) -> Result<bool> {
    let mut head = Vec::new();
    store.reader(&file.name, 0)?.take(4).read_to_end(&mut head).map_err(|error| Error::io(url, error))?;
    Ok(Archive::detect(url, &head) != Archive::Plain)
}

fn open_parquet(kind: &Kind, store: &Store, file: &FilePlan, url: &str) -> Result<Parquet> {
    if let Some(path) = store.local_path(&file.name) {
        let from = File::open(&path).map_err(|error| Error::io(&path, error))?;
        return Parquet::new(kind, url, from);
    }
    #[cfg(feature = "s3")]
    if let Some(bucket) = store.bucket() {
        return Parquet::new(kind, url, Ranged::new(bucket.clone(), &file.name, file.size));
    }
    Err(Error::Source(format!("{url}: this store has no Parquet reader")))
}

/// Reads the files of a task.
pub(crate) struct FileReader {
    kind: Arc<Kind>,
    store: Store,
    files: std::vec::IntoIter<FilePlan>,
    epoch: i32,
    open: Option<(Opened, FilePlan, usize, Origin)>,
}

impl FileReader {
    pub(crate) fn new(kind: Arc<Kind>, store: Store, files: Vec<FilePlan>, epoch: i32) -> Self {
        Self { kind, store, files: files.into_iter(), epoch, open: None }
    }

    fn open(&mut self, file: FilePlan, books: &mut Books) -> Result<()> {
        let opened = Opened::open(&self.kind, &self.store, &file)?;
        let url = self.store.location().url_of(&file.name);
        let origin = Origin {
            epoch: self.epoch,
            name: Arc::from(format!("file:{url}")),
            part: Arc::from(""),
            arrived_at: Some(file.modified).filter(|modified| *modified != 0),
        };
        let receipt = books.open_file(&origin.name, file.start);
        self.open = Some((opened, file, receipt, origin));
        Ok(())
    }
}

impl Fill for FileReader {
    fn fill(&mut self, chunk: &mut ChunkBuffer, books: &mut Books) -> Result<bool> {
        while !chunk.is_full() {
            if self.open.is_none() {
                let Some(file) = self.files.next() else {
                    return Ok(false);
                };
                self.open(file, books)?;
            }
            let Some((opened, file, receipt, origin)) = &mut self.open else {
                continue;
            };
            let at = books.origin(chunk, *receipt, origin);
            let Filled { lines, done } = opened.fill(chunk, at)?;
            books.lines(*receipt, lines, file.end);
            if done {
                self.open = None;
            }
        }
        Ok(true)
    }
}
