//! Writing a ledger: events gather, a commit puts them on the disk.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Header;
use super::event::{self, Event, Intents};
use super::frame::{self, MAX_FRAME};
use super::outcome::Outcome;
use super::reader::Reader;
use crate::error::{Error, Result};

/// What gathers without a commit is written, and is on the disk, when it is so large.
const GROUP: usize = 8 << 20;

/// Intents of one event: a group stays below a frame's limit.
const INTENTS: usize = GROUP / 32;

/// Outcomes of one event; a refusal may have a long reason.
const OUTCOMES: usize = 8_192;

/// Letters of a reason that are kept.
const REASON: usize = 500;

/// A ledger that is written. One process at a time: the file is locked.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    pending: Vec<u8>,
    contents: bool,
    records: u64,
    places: HashMap<String, u32>,
}

impl Ledger {
    /// Begins a ledger in a new file.
    ///
    /// # Errors
    /// [`Error::Sink`] if the file is there already (go on with it by [`Ledger::resume`]), or cannot
    /// be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self> {
        let file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(Error::Sink(format!(
                    "{}: is there already; --resume goes on with it, or name another file",
                    path.display()
                )));
            }
            Err(error) => return Err(Error::cannot_write(path, &error)),
        };
        locked(&file, path)?;
        let mut ledger = Self::of(path, file, header);
        let header = serde_json::to_vec(header).map_err(|error| Error::Config(error.to_string()))?;
        ledger.put(&frame::put(&header))?;
        // The file's name is on the disk with its folder only.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| Error::cannot_write(folder, &e))?;
        Ok(ledger)
    }

    /// Goes on with a ledger of the same emulation: a torn end is cut off. `seen` is given every
    /// event that it holds.
    ///
    /// # Errors
    /// [`Error::Config`] if it is of another emulation, named by what differs; [`Error::Sink`] if
    /// another process writes it or it cannot be written; those of [`Reader`].
    pub fn resume(path: &Path, header: &Header, mut seen: impl FnMut(Event)) -> Result<Self> {
        let file = OpenOptions::new().write(true).open(path).map_err(|error| Error::io(path, error))?;
        locked(&file, path)?;
        let mut reader = Reader::open(path)?;
        if let Some(what) = reader.header().differs(header) {
            return Err(Error::Config(format!(
                "{}: the ledger of another run: its {what} differs; name another file",
                path.display()
            )));
        }
        let mut ledger = Self::of(path, file, reader.header());
        while let Some(event) = reader.next().transpose()? {
            match &event {
                Event::Intents(intents) => {
                    ledger.records = intents.first + intents.records.len() as u64;
                }
                Event::Place(number, name) => {
                    ledger.places.insert(name.clone(), *number);
                }
                Event::Resends(_) | Event::Outcomes(_) | Event::End(_) => {}
            }
            seen(event);
        }
        let cut = |error| Error::cannot_write(path, &error);
        ledger.file.set_len(reader.good()).map_err(cut)?;
        ledger.file.seek(SeekFrom::End(0)).map_err(cut)?;
        ledger.file.sync_all().map_err(cut)?;
        Ok(ledger)
    }

    fn of(path: &Path, file: File, header: &Header) -> Self {
        Self {
            path: path.to_owned(),
            file,
            pending: Vec::new(),
            contents: header.keeps_contents(),
            records: 0,
            places: HashMap::new(),
        }
    }

    /// Whether it keeps what its records are once they are cleaned.
    #[must_use]
    pub const fn keeps_contents(&self) -> bool {
        self.contents
    }

    /// Records that have an intent: the number of the next one.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Says that records are about to be sent: of `intents` all but `first` counts, which is given.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn intend(&mut self, intents: &Intents) -> Result<u64> {
        let first = self.records;
        let mut withheld = intents.withheld;
        // Slots that send nothing are told as well: a resumed run begins behind them.
        let mut chunks = intents.records.chunks(INTENTS);
        // None of a form that has none.
        let kept = if self.contents { &intents.contents[..] } else { &[] };
        let mut contents = kept.chunks(INTENTS);
        let mut next = Some(chunks.next().unwrap_or_default());
        while let Some(records) = next {
            self.add(&Event::Intents(Intents {
                first: self.records,
                slots: intents.slots.clone(),
                emissions: intents.emissions.clone(),
                withheld: std::mem::take(&mut withheld),
                records: records.to_vec(),
                contents: contents.next().unwrap_or_default().to_vec(),
            }))?;
            self.records += records.len() as u64;
            next = chunks.next();
        }
        Ok(first)
    }

    /// Says that records are about to be sent again.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn resend(&mut self, records: &[u64]) -> Result<()> {
        records.chunks(INTENTS).try_for_each(|records| self.add(&Event::Resends(records.to_vec())))
    }

    /// The number of a partition or a shard, by its name.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn place(&mut self, name: &str) -> Result<u32> {
        if let Some(number) = self.places.get(name) {
            return Ok(*number);
        }
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.add(&Event::Place(number, name.to_owned()))?;
        self.places.insert(name.to_owned(), number);
        Ok(number)
    }

    /// Says what became of records. Long reasons are cut.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn settle(&mut self, outcomes: &[Outcome]) -> Result<()> {
        for outcomes in outcomes.chunks(OUTCOMES) {
            self.add(&Event::Outcomes(outcomes.iter().cloned().map(short).collect()))?;
        }
        Ok(())
    }

    /// Says that the emulation ended by itself.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn end(&mut self, reason: &str) -> Result<()> {
        self.add(&Event::End(reason.to_owned()))?;
        self.commit()
    }

    /// Puts on the disk what was said; returns once it is there.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn commit(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let payload = std::mem::take(&mut self.pending);
        self.put(&frame::put(&payload))?;
        self.pending = payload;
        self.pending.clear();
        Ok(())
    }

    fn add(&mut self, event: &Event) -> Result<()> {
        event::encode(&mut self.pending, event);
        debug_assert!(self.pending.len() <= MAX_FRAME, "events are cut before they are so large");
        if self.pending.len() >= GROUP { self.commit() } else { Ok(()) }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.map_err(|error| Error::cannot_write(&self.path, &error))
    }
}

fn short(mut outcome: Outcome) -> Outcome {
    use super::outcome::Status::{Acked, Failed, Unknown};
    match &mut outcome.status {
        Acked { .. } => {}
        Failed(reason) | Unknown(reason) => {
            if let Some((at, _)) = reason.char_indices().nth(REASON) {
                reason.truncate(at);
            }
        }
    }
    outcome
}

fn locked(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::Sink(format!(
            "{}: another process writes this ledger; wait for its end, or name another file",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::cannot_write(path, &error)),
    }
}
