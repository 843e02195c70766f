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
#[cfg(feature = "s3")]
use super::landing::SMALL;
use super::lines::{Filled, Lines, Numbers};
use super::parquet::Parquet;
use super::plan::FilePlan;
#[cfg(feature = "s3")]
use super::s3_ranged::Ranged;
#[cfg(feature = "s3")]
use super::s3_read::Fetch;

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

/// Reads the files of a task: of a bucket's small ones many at once.
pub(crate) struct FileReader {
    kind: Arc<Kind>,
    store: Store,
    #[cfg(feature = "s3")]
    fetch: Option<Fetch>,
    files: std::vec::IntoIter<FilePlan>,
    epoch: i32,
    open: Option<(Opened, FilePlan, usize, Origin)>,
}

impl FileReader {
    pub(crate) fn new(kind: Arc<Kind>, store: Store, files: Vec<FilePlan>, epoch: i32) -> Result<Self> {
        #[cfg(feature = "s3")]
        let fetch = match store.bucket() {
            Some(bucket) => Some(bucket.fetch(ahead(&store, &files))?),
            None => None,
        };
        Ok(Self {
            kind,
            store,
            #[cfg(feature = "s3")]
            fetch,
            files: files.into_iter(),
            epoch,
            open: None,
        })
    }

    fn opened(&mut self, file: &FilePlan) -> Result<Opened> {
        #[cfg(feature = "s3")]
        if let Some(fetch) = self.fetch.as_mut().filter(|_| is_ahead(&self.store, file)) {
            let url = self.store.location().url_of(&file.name);
            let ended = || Error::Source(format!("{url}: reading ended early"));
            let from: Bytes = Box::new(fetch.next().ok_or_else(ended)??.body);
            let numbers = Numbers::Bytes { start: 0, end: u64::MAX };
            return Ok(Opened::Lines(Box::new(Lines::new(&url, from, numbers)?)));
        }
        Opened::open(&self.kind, &self.store, file)
    }

    fn open(&mut self, file: FilePlan, books: &mut Books) -> Result<()> {
        let opened = self.opened(&file)?;
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

/// Whether a file is read before its turn: a large one would wait in the middle, and its connection end.
#[cfg(feature = "s3")]
fn is_ahead(store: &Store, file: &FilePlan) -> bool {
    let whole = file.start == 0 && file.end >= file.size;
    whole && file.size <= SMALL && form_of(&store.location().url_of(&file.name)) == Form::Lines
}

/// Names of the files that are read before their turn, in order.
#[cfg(feature = "s3")]
fn ahead(store: &Store, files: &[FilePlan]) -> impl Iterator<Item = String> + Send + use<> {
    let ahead = files.iter().filter(|file| is_ahead(store, file));
    ahead.map(|file| file.name.clone()).collect::<Vec<_>>().into_iter()
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
