//! Writing a ledger: events gather, a commit puts them on the disk.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Header;
use super::event::{self, Event, Intents};
use super::frame::{self, MAX_FRAME};
use super::outcome::Outcome;
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::hidden;

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
    /// Bytes that are on the disk as whole frames.
    good: u64,
    /// Why a commit failed: none follows it.
    broken: Option<String>,
    /// In tests: the disk is full behind so many bytes.
    #[cfg(test)]
    room: Option<u64>,
}

impl Ledger {
    /// Begins a ledger in a new file, which appears with a whole header.
    ///
    /// # Errors
    /// [`Error::Sink`] if the file is there already (go on with it by [`Ledger::resume`]), or cannot
    /// be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(there_already(path));
        }
        let frame = serde_json::to_vec(header).map_err(|error| Error::Config(error.to_string()))?;
        let frame = frame::put(&frame);
        let file = begun(path, &frame)?;
        // The file's name is on the disk with its folder only.
        let folder = folder_of(path);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| Error::cannot_write(folder, &e))?;
        Ok(Self::of(path, file, header, frame.len() as u64))
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
        let mut ledger = Self::of(path, file, reader.header(), 0);
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
        ledger.good = reader.good();
        ledger.file.set_len(ledger.good).map_err(cut)?;
        ledger.file.seek(SeekFrom::End(0)).map_err(cut)?;
        ledger.file.sync_all().map_err(cut)?;
        Ok(ledger)
    }

    fn of(path: &Path, file: File, header: &Header, good: u64) -> Self {
        Self {
            path: path.to_owned(),
            file,
            pending: Vec::new(),
            contents: header.keeps_contents(),
            records: 0,
            places: HashMap::new(),
            good,
            broken: None,
            #[cfg(test)]
            room: None,
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

    /// Puts on the disk what was said; returns once it is there. A commit that fails is the last: what
    /// follows would tell of records whose intents are lost.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written, and ever after.
    pub fn commit(&mut self) -> Result<()> {
        self.whole()?;
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
        self.whole()?;
        event::encode(&mut self.pending, event);
        debug_assert!(self.pending.len() <= MAX_FRAME, "events are cut before they are so large");
        if self.pending.len() >= GROUP { self.commit() } else { Ok(()) }
    }

    /// The error of the commit that failed, again.
    fn whole(&self) -> Result<()> {
        self.broken.as_ref().map_or(Ok(()), |why| Err(Error::Sink(why.clone())))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if let Err(error) = self.write(bytes) {
            // Half a frame is a torn end, which `resume` cuts as well: that it stays is no harm.
            let _ = self.file.set_len(self.good).and_then(|()| self.file.sync_all());
            let why = Error::cannot_write(&self.path, &error);
            self.broken = Some(why.to_string());
            return Err(why);
        }
        self.good += bytes.len() as u64;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if let Some(room) = self.room {
            let room = usize::try_from(room.saturating_sub(self.good)).unwrap_or(usize::MAX);
            if room < bytes.len() {
                self.file.write_all(&bytes[..room])?;
                return Err(ErrorKind::StorageFull.into());
            }
        }
        self.file.write_all(bytes).and_then(|()| self.file.sync_data())
    }
}

/// A file that stands where a ledger is to begin. One that cannot be gone on with is told as `resume`
/// tells it.
fn there_already(path: &Path) -> Error {
    match Reader::open(path) {
        Err(error @ Error::Source(_)) => error,
        _ => Error::Sink(format!(
            "{}: is there already; --resume goes on with it, or name another file",
            path.display()
        )),
    }
}

/// A new file that holds a header. It is written under a hidden name first, so that no crash and no
/// full disk leaves a part of it under the ledger's own.
fn begun(path: &Path, frame: &[u8]) -> Result<File> {
    let hidden = hidden::beside(path);
    let file = written(&hidden, frame, path)?;
    // Unlike a rename it replaces nothing that appeared meanwhile.
    let linked = fs::hard_link(&hidden, path);
    // What may be left of it is hidden, and nothing depends on it.
    let _ = fs::remove_file(&hidden);
    match linked {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(there_already(path)),
        // A file system without second names: there a crash may leave a part, which readers tell.
        Err(_) => written(path, frame, path),
    }
}

/// A new file `at` some place, locked, with a frame on the disk; errors speak of `path`.
fn written(at: &Path, frame: &[u8], path: &Path) -> Result<File> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => there_already(path),
        _ => Error::cannot_write(path, &error),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(at).map_err(failed)?;
    let put = |file: &mut File| file.write_all(frame).and_then(|()| file.sync_all());
    match locked(&file, path).and_then(|()| put(&mut file).map_err(failed)) {
        Ok(()) => Ok(file),
        Err(error) => {
            // Nothing stands in it.
            let _ = fs::remove_file(at);
            Err(error)
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

#[cfg(test)]
mod tests {
    use super::super::FORMAT;
    use super::super::outcome::{Position, Status};
    use super::*;

    fn header() -> Header {
        Header {
            format: FORMAT,
            version: "0.1.0".into(),
            source: "synthetic-1".into(),
            seed: 7,
            order: "permuted".into(),
            kinds: vec!["pin".into()],
            faults: Vec::new(),
            count: None,
            user_id: "u1".into(),
            target: "landing:x".into(),
        }
    }

    fn acked(record: u64) -> Outcome {
        let status = Status::Acked { place: 0, position: Position::Offset(record) };
        Outcome { record, attempts: 1, sent_at: 1, known_at: 2, status }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_ledger_appears_with_its_header_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        drop(Ledger::create(&path, &header()).unwrap());
        assert_eq!(names(folder.path()), ["l"]);
        assert_eq!(*Reader::open(&path).unwrap().header(), header());
        let whole = fs::read(&path).unwrap();
        Ledger::create(&path, &header()).unwrap_err();
        assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (vec!["l".into()], whole));
        // One that appears as another is written is left as it is, too.
        let error = begun(&path, b"other").unwrap_err().to_string();
        assert!(error.contains("is there already; --resume"), "{error}");
        assert_eq!(names(folder.path()), ["l"]);
        let error = Ledger::create(&folder.path().join("none/l"), &header()).unwrap_err().to_string();
        assert!(error.contains("none/l: cannot write"), "{error}");
    }

    /// Room for so many bytes of the second commit, and again for more after it has failed.
    fn disk_was_full(room: u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let mut ledger = Ledger::create(&path, &header()).unwrap();
        ledger.place("u1.pin/0").unwrap();
        ledger.commit().unwrap();
        let good = ledger.good;
        assert_eq!(fs::metadata(&path).unwrap().len(), good);
        ledger.room = Some(good + room);
        ledger.settle(&[acked(0)]).unwrap();
        let first = ledger.commit().unwrap_err().to_string();
        assert!(first.contains("make room there"), "{first}");
        ledger.room = None;
        for again in [
            ledger.commit(),
            ledger.settle(&[acked(1)]),
            ledger.resend(&[1]),
            ledger.place("u1.pin/1").map(drop),
            ledger.end("count"),
        ] {
            assert_eq!(again.unwrap_err().to_string(), first);
        }
        drop(ledger);
        assert_eq!(fs::metadata(&path).unwrap().len(), good);
        let mut ledger = Ledger::resume(&path, &header(), |_| ()).unwrap();
        ledger.end("count").unwrap();
        let events: Vec<_> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(events, [Event::Place(0, "u1.pin/0".into()), Event::End("count".into())]);
    }

    #[test]
    fn nothing_follows_a_commit_that_failed() {
        for room in [0, 1, 5, 11] {
            disk_was_full(room);
        }
    }
}
