//! Lines of a file or object as payloads, in bounded memory.
//!
//! Lines end at `\n`; a last line without one counts. A line that is longer than a window (a file
//! without newlines is one line) is read as a stream of its records, see [`super::long`].

use std::io::{self, BufReader, Read};

use memchr::{memchr, memchr_iter};

use crate::error::{Error, Result};
use crate::parse::{ChunkBuffer, Form, Refusal, RejectCode, trim_blanks};

use super::archive::{Archive, Inflate};
use super::block::{BLOCK, read_block};
use super::long::LongLine;

/// The longest line that is kept whole.
const WINDOW: usize = 16 << 20;

/// Item of the record that stands for the unreadable rest of an archive: behind whatever the line
/// that it breaks off in holds.
const REST_ITEM: u32 = i32::MAX as u32;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What lines are counted by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numbers {
    /// The byte at which the payload starts, in the unpacked file; the lines that start in a
    /// range of bytes. A blank line is no record.
    Bytes {
        /// First byte of the range.
        start: u64,
        /// One past the last byte; lines that start before it are read to their end.
        end: u64,
    },
    /// A log's offsets: every line is one, also a blank one; an empty object is one empty line.
    Offsets {
        /// Offset of the first line.
        first: u64,
    },
}

/// How far a chunk got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// Lines that ended.
    pub(crate) lines: u64,
    /// Whether nothing is left.
    pub(crate) done: bool,
}

/// Bytes as they come, unpacked, with what the archive could not give.
pub(super) type Input<R> = Inflate<BufReader<Chained<R>>>;
type Chained<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// Opens bytes that may be packed: their head decides.
pub(super) fn unpack<R: Read>(name: &str, mut from: R) -> io::Result<(Input<R>, Archive)> {
    let mut head = Vec::with_capacity(4);
    (&mut from).take(4).read_to_end(&mut head)?;
    let archive = Archive::detect(name, &head);
    let input = BufReader::with_capacity(1 << 16, io::Cursor::new(head).chain(from));
    Ok((Inflate::new(input, archive), archive))
}

/// Reads lines.
pub(crate) struct Lines<R: Read> {
    input: Input<R>,
    /// For errors and details.
    url: String,
    numbers: Numbers,
    /// Bytes behind the last line handed out, and where they start in the file.
    tail: Vec<u8>,
    position: u64,
    /// Lines that ended so far.
    count: u64,
    long: Option<LongLine>,
    started: bool,
    done: bool,
}

impl<R: Read> Lines<R> {
    /// Reads `from`, which is packed or not. With a range that does not start at 0, `from` starts
    /// one byte before it.
    ///
    /// # Errors
    /// Where the first bytes cannot be read.
    pub(crate) fn new(url: &str, from: R, numbers: Numbers) -> Result<Self> {
        let wrong = |error| Error::io(url, error);
        let mut position = 0;
        let input = match numbers {
            Numbers::Bytes { start, .. } if start > 0 => {
                // In the middle of a file the bytes are what they are.
                position = start - 1;
                let input = BufReader::with_capacity(1 << 16, io::Cursor::new(Vec::new()).chain(from));
                Inflate::new(input, Archive::Plain)
            }
            _ => unpack(url, from).map_err(wrong)?.0,
        };
        Ok(Self {
            input,
            url: url.into(),
            numbers,
            tail: Vec::new(),
            position,
            count: 0,
            long: None,
            started: false,
            done: false,
        })
    }

    /// The number of the line that starts at a position of the file.
    fn number(&self, position: u64) -> u64 {
        match self.numbers {
            Numbers::Bytes { .. } => position,
            Numbers::Offsets { first } => first + self.count,
        }
    }

    fn form(&self) -> Form {
        match self.numbers {
            Numbers::Bytes { .. } => Form::Line,
            Numbers::Offsets { .. } => Form::Message,
        }
    }

    /// Whether a line that starts there belongs to another range.
    fn is_behind(&self, position: u64) -> bool {
        matches!(self.numbers, Numbers::Bytes { end, .. } if position >= end)
    }

    fn block(&mut self, to: &mut Vec<u8>, want: usize) -> Result<usize> {
        read_block(&mut self.input, to, want).map_err(|error| Error::io(&self.url, error))
    }

    /// Adds lines to a chunk until it is full or nothing is left.
    pub(crate) fn fill(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<Filled> {
        let before = self.count;
        if !self.started {
            self.started = true;
            self.start()?;
        }
        while !self.done && !chunk.is_full() {
            if self.long.is_some() {
                self.fill_long(chunk, origin)?;
            } else {
                self.fill_short(chunk, origin)?;
            }
        }
        Ok(Filled { lines: self.count - before, done: self.done })
    }

    /// Drops a byte order mark, or what belongs to the range before.
    fn start(&mut self) -> Result<()> {
        let mut block = Vec::new();
        if let Numbers::Bytes { start, .. } = self.numbers
            && start > 0
        {
            loop {
                block.clear();
                if self.is_behind(self.position + 1) || self.block(&mut block, BLOCK)? == 0 {
                    self.done = true;
                    return Ok(());
                }
                if let Some(at) = memchr(b'\n', &block) {
                    self.position += at as u64 + 1;
                    self.tail = block.split_off(at + 1);
                    self.done = self.is_behind(self.position);
                    return Ok(());
                }
                self.position += block.len() as u64;
            }
        }
        if self.is_behind(0) {
            self.done = true;
            return Ok(());
        }
        self.block(&mut block, BLOCK)?;
        if block.starts_with(BOM) {
            block.drain(..BOM.len());
            self.position += BOM.len() as u64;
        }
        self.tail = block;
        Ok(())
    }

    fn fill_short(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<()> {
        let base = chunk.bytes.len();
        chunk.bytes.append(&mut self.tail);
        let mut line = base;
        let mut looked = base;
        loop {
            let (next, full) = self.split(chunk, origin, base, line, looked);
            line = next;
            if full || self.done {
                break;
            }
            looked = chunk.bytes.len();
            if looked - line > WINDOW {
                let seq = self.number(self.position + (line - base) as u64);
                let window = chunk.bytes.split_off(line);
                self.position += (line - base) as u64;
                self.long = Some(LongLine::new(window, seq, self.form()));
                return Ok(());
            }
            if self.block(&mut chunk.bytes, BLOCK)? == 0 {
                self.end(chunk, origin, base, line);
                return Ok(());
            }
        }
        self.tail.extend_from_slice(&chunk.bytes[line..]);
        chunk.bytes.truncate(line);
        self.position += (line - base) as u64;
        Ok(())
    }

    /// Hands out the lines that end behind `looked`; gives the start of the first that does not,
    /// and whether the chunk is full.
    fn split(
        &mut self,
        chunk: &mut ChunkBuffer,
        origin: u32,
        base: usize,
        mut line: usize,
        looked: usize,
    ) -> (usize, bool) {
        let bytes = std::mem::take(&mut chunk.bytes);
        let mut full = false;
        for at in memchr_iter(b'\n', &bytes[looked..]) {
            let end = looked + at;
            self.line(chunk, &bytes, origin, base, line, end);
            line = end + 1;
            if self.is_behind(self.position + (line - base) as u64) {
                self.done = true;
                break;
            }
            // Bytes are no reason to stop here: they are in the chunk already.
            if chunk.payloads.len() >= crate::parse::BATCH_ROWS {
                full = true;
                break;
            }
        }
        chunk.bytes = bytes;
        (line, full || chunk.is_full() && line > base)
    }

    /// A line that ended.
    fn line(
        &mut self,
        chunk: &mut ChunkBuffer,
        bytes: &[u8],
        origin: u32,
        base: usize,
        start: usize,
        end: usize,
    ) {
        let form = self.form();
        if form == Form::Message || !is_blank_line(&bytes[start..end]) {
            let seq = self.number(self.position + (start - base) as u64);
            chunk.push_range(start, end, form, 0, origin, seq);
        }
        self.count += 1;
    }

    /// Nothing more comes: the last line, and what an archive could not give.
    fn end(&mut self, chunk: &mut ChunkBuffer, origin: u32, base: usize, line: usize) {
        self.done = true;
        let broken = self.input.broken();
        let here = self.position + (line - base) as u64;
        let seq = self.number(here);
        let empty_object = self.form() == Form::Message && self.count == 0 && broken.is_none();
        if line < chunk.bytes.len() || empty_object {
            let bytes = std::mem::take(&mut chunk.bytes);
            self.line(chunk, &bytes, origin, base, line, bytes.len());
            chunk.bytes = bytes;
        }
        let Some(broken) = broken else { return };
        // A log's offset belongs to the line that breaks off; if none does, to the next one.
        let seq = match self.numbers {
            Numbers::Offsets { .. } => seq,
            Numbers::Bytes { .. } => self.position + (chunk.bytes.len() - base) as u64,
        };
        if self.form() == Form::Message {
            // Whatever is in it, an object covers the offset in its name.
            self.count = self.count.max(1);
        }
        let refusal = Refusal {
            code: RejectCode::CorruptArchive,
            detail: broken.detail(&self.url),
            hash: broken.hash64,
        };
        chunk.refuse(&broken.kept, refusal, REST_ITEM, origin, seq);
    }

    fn fill_long(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<()> {
        let Some(long) = &mut self.long else { return Ok(()) };
        let ended = long.fill(&mut self.input, chunk, origin).map_err(|error| Error::io(&self.url, error))?;
        if ended {
            let (taken, tail) = self.long.take().map(LongLine::finish).unwrap_or_default();
            self.position += taken;
            self.tail = tail;
            self.count += 1;
            self.done = self.is_behind(self.position);
        }
        Ok(())
    }
}

fn is_blank_line(line: &[u8]) -> bool {
    line.first().is_none_or(|byte| crate::parse::is_blank(*byte)) && trim_blanks(line).is_empty()
}

/// Splits bytes that stand at the chunk's end, from `start`, into a log's lines; gives their
/// number. The same as [`Lines`] for an object that is there as a whole.
pub(crate) fn split_object(chunk: &mut ChunkBuffer, start: usize, origin: u32, first: u64) -> u64 {
    let bytes = std::mem::take(&mut chunk.bytes);
    let body = start + if bytes[start..].starts_with(BOM) { BOM.len() } else { 0 };
    let (mut line, mut seq) = (body, first);
    for at in memchr_iter(b'\n', &bytes[body..]) {
        chunk.push_range(line, body + at, Form::Message, 0, origin, seq);
        line = body + at + 1;
        seq += 1;
    }
    if line < bytes.len() || seq == first {
        chunk.push_range(line, bytes.len(), Form::Message, 0, origin, seq);
        seq += 1;
    }
    chunk.bytes = bytes;
    seq - first
}
