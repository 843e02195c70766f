//! Reading a ledger, frame by frame: nothing of it stays in memory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::event::{self, Event};
use super::frame::{self, BEFORE, BEHIND, MAX_FRAME};
use super::{FORMAT, Header};
use crate::error::{Error, Result};

/// What the payload of each header begins with.
const HEADER: &[u8] = b"{\"format\":";

/// Reads a ledger; an iterator over its events, in the order in which they were written.
///
/// A torn end, which a crash leaves, ends it quietly: [`Reader::torn`]. Damage in the middle is an
/// error that names the byte.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    header: Header,
    good: u64,
    torn: u64,
    ended: bool,
    events: std::vec::IntoIter<Event>,
}

impl Reader {
    /// Opens a ledger and reads its header.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Source`] if the file is no ledger or one of a
    /// later form, [`Error::Io`] if it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|error| Error::io(path, error))?;
        let none = || Error::Source(format!("{}: no ledger of pinlake", path.display()));
        let payload = match next(&mut file, path, 0)? {
            Next::Frame(payload) => payload,
            Next::End => return Err(unbegun(path)),
            Next::Torn(bytes) if begins_header(&bytes) => return Err(unbegun(path)),
            Next::Torn(_) => return Err(none()),
        };
        let value: serde_json::Value = serde_json::from_slice(&payload).map_err(|_| none())?;
        let format = value.get("format").and_then(serde_json::Value::as_u64).ok_or_else(none)?;
        if format > u64::from(FORMAT) {
            return Err(Error::Source(format!(
                "{}: a ledger of form {format}; this version reads up to {FORMAT}, take a later one",
                path.display()
            )));
        }
        let header = serde_json::from_value(value).map_err(|_| none())?;
        let good = (BEFORE + payload.len() + BEHIND) as u64;
        let events = Vec::new().into_iter();
        Ok(Self { path: path.to_owned(), file, header, good, torn: 0, ended: false, events })
    }

    /// Which emulation it is of.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes up to the end of the last whole frame that was read.
    #[must_use]
    pub const fn good(&self) -> u64 {
        self.good
    }

    /// Bytes of a torn end; known once all events are read.
    #[must_use]
    pub const fn torn(&self) -> u64 {
        self.torn
    }

    fn more(&mut self) -> Result<bool> {
        let payload = match next(&mut self.file, &self.path, self.good)? {
            Next::Frame(payload) => payload,
            Next::End => return Ok(false),
            Next::Torn(bytes) => {
                self.torn = bytes.len() as u64;
                return Ok(false);
            }
        };
        let events = event::decode(&payload).ok_or_else(|| damaged(&self.path, self.good))?;
        self.good += (BEFORE + payload.len() + BEHIND) as u64;
        self.events = events.into_iter();
        Ok(true)
    }
}

impl Iterator for Reader {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.events.next() {
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            match self.more() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

enum Next {
    Frame(Vec<u8>),
    End,
    /// Bytes that are no whole frame, and nothing behind them.
    Torn(Vec<u8>),
}

/// The payload of the frame at the file's place, which is byte `at`.
fn next(file: &mut File, path: &Path, at: u64) -> Result<Next> {
    let fault = |error| Error::io(path, error);
    let mut bytes = Vec::new();
    file.take(BEFORE as u64).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.is_empty() {
        return Ok(Next::End);
    }
    let length = bytes.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    if length <= MAX_FRAME {
        file.take((length + BEHIND) as u64).read_to_end(&mut bytes).map_err(fault)?;
        if frame::take(&bytes).is_some() {
            bytes.truncate(BEFORE + length);
            bytes.drain(..BEFORE);
            return Ok(Next::Frame(bytes));
        }
    }
    file.read_to_end(&mut bytes).map_err(fault)?;
    if frame::goes_on(&bytes) {
        return Err(damaged(path, at));
    }
    Ok(Next::Torn(bytes))
}

/// Whether a file may be a ledger that was cut within its header: a crash may leave zeros behind that.
fn begins_header(bytes: &[u8]) -> bool {
    let kept = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let kept = &bytes[..kept];
    let mut length = [0; BEFORE];
    let known = kept.len().min(BEFORE);
    length[..known].copy_from_slice(&kept[..known]);
    let length = u32::from_le_bytes(length) as usize;
    let payload = &kept[known..];
    let compared = payload.len().min(HEADER.len());
    length <= MAX_FRAME && payload.len() <= length + BEHIND && payload[..compared] == HEADER[..compared]
}

fn unbegun(path: &Path) -> Error {
    Error::Source(format!(
        "{}: no ledger of pinlake, or one that ended within its header, so that it says nothing; delete \
         it, or name another file",
        path.display()
    ))
}

fn damaged(path: &Path, at: u64) -> Error {
    Error::Source(format!(
        "{}: damaged at byte {at}, with whole entries behind it; restore the file from a copy",
        path.display()
    ))
}
