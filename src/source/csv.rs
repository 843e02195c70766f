//! CSV (RFC 4180) with a header, row by row: each becomes a JSON object.
//!
//! Cells beyond the header's come under `_extra_<n>`, absent ones are absent. A quote that is
//! never closed, or a row above the limit of a record, ends the file: the rest is one
//! quarantined record.

use std::io::Read;

use memchr::{memchr, memchr3};

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::parse::{ChunkBuffer, Form, MAX_RECORD, Refusal, RejectCode};

use super::archive::Rest;
use super::block::{BLOCK, read_block};
use super::json::{Cell, string};
use super::lines::{Filled, Input, unpack};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Rows of a CSV file.
pub(crate) struct Csv<R: Read> {
    input: Input<R>,
    url: String,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// A column each: its name as a JSON string with the colon, and what its cells hold.
    header: Vec<(Vec<u8>, Cell)>,
    row: u64,
    cells: Cells,
    done: bool,
}

/// The cells of one row, unquoted, end to end.
#[derive(Debug, Default)]
struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.bytes[from..end];
            from = end;
            cell
        })
    }
}

/// How reading a row ended.
enum Row {
    /// It ends there.
    At(usize),
    /// The bytes end inside it.
    Open,
}

impl<R: Read> Csv<R> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`Error::Source`] if no column of the header is a field of the kind.
    pub(crate) fn new(kind: &Kind, url: &str, from: R) -> Result<Self> {
        let wrong = |error| Error::io(url, error);
        let mut csv = Self {
            input: unpack(url, from).map_err(wrong)?.0,
            url: url.into(),
            buffer: Vec::new(),
            at: 0,
            ended: false,
            header: Vec::new(),
            row: 0,
            cells: Cells::default(),
            done: false,
        };
        csv.more()?;
        if csv.buffer.starts_with(BOM) {
            csv.at = BOM.len();
        }
        if !csv.read_row()? {
            csv.done = csv.ended && csv.at >= csv.buffer.len();
            return Ok(csv);
        }
        csv.check_header(kind)?;
        for name in csv.cells.iter() {
            let mut key = Vec::new();
            string(name, &mut key);
            key.push(b':');
            let cell = std::str::from_utf8(name).map_or(Cell::Text, |name| Cell::of(kind, name));
            csv.header.push((key, cell));
        }
        Ok(csv)
    }

    fn check_header(&self, kind: &Kind) -> Result<()> {
        let known = |name: &[u8]| {
            let fields = kind.raw_fields().chain([kind.key.as_str()]);
            fields.chain(crate::kind::KEY_NAMES).any(|field| field.as_bytes() == name)
        };
        if self.cells.iter().any(known) {
            return Ok(());
        }
        let fields: Vec<&str> = kind.raw_fields().collect();
        Err(Error::Source(format!(
            "{}: its first line names no field of kind {:?}; a CSV file needs a header, here with {}, {}",
            self.url,
            kind.name,
            kind.key,
            fields.join(", ")
        )))
    }

    fn more(&mut self) -> Result<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let want = BLOCK.max(self.buffer.len());
        let count = read_block(&mut self.input, &mut self.buffer, want)
            .map_err(|error| Error::io(&self.url, error))?;
        self.ended = count == 0;
        Ok(())
    }

    /// Reads a row into `cells`; `false` if none is left, or none that can be read.
    fn read_row(&mut self) -> Result<bool> {
        loop {
            match parse_row(&self.buffer, self.at, self.ended, &mut self.cells) {
                Row::At(end) => {
                    self.at = end;
                    return Ok(true);
                }
                Row::Open => {
                    if self.ended || self.buffer.len() - self.at > MAX_RECORD {
                        return Ok(false);
                    }
                    self.more()?;
                }
            }
        }
    }

    /// Adds rows to a chunk until it is full or nothing is left.
    pub(crate) fn fill(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<Filled> {
        let before = self.row;
        while !self.done && !chunk.is_full() {
            if !self.read_row()? {
                self.end(chunk, origin)?;
                break;
            }
            // A blank line is one empty cell.
            if !(self.cells.ends.len() == 1 && self.cells.bytes.is_empty() && self.header.len() > 1) {
                let start = chunk.bytes.len();
                self.write(&mut chunk.bytes);
                chunk.push_range(start, chunk.bytes.len(), Form::Line, 0, origin, self.row);
                self.row += 1;
            }
        }
        Ok(Filled { lines: self.row - before, done: self.done })
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.push(b'{');
        for (at, text) in self.cells.iter().enumerate() {
            if at > 0 {
                to.push(b',');
            }
            if let Some((key, cell)) = self.header.get(at) {
                to.extend_from_slice(key);
                cell.write(text, to);
            } else {
                to.extend_from_slice(format!("\"_extra_{}\":", at - self.header.len()).as_bytes());
                string(text, to);
            }
        }
        to.push(b'}');
    }

    /// What is left, if anything, is no row.
    fn end(&mut self, chunk: &mut ChunkBuffer, origin: u32) -> Result<()> {
        self.done = true;
        let mut rest = Rest::default();
        loop {
            rest.add(&self.buffer[self.at..]);
            self.at = self.buffer.len();
            if self.ended {
                break;
            }
            self.more()?;
        }
        if rest.bytes > 0 {
            let large = rest.bytes > MAX_RECORD as u64;
            let refusal = Refusal {
                code: if large { RejectCode::TooLarge } else { RejectCode::NotJson },
                detail: if large {
                    crate::clean::too_large_text(rest.bytes, rest.hash128(), None)
                } else {
                    "CSV: a quote that is never closed".into()
                },
                hash: rest.hash64(),
            };
            chunk.refuse(&rest.kept, refusal, 0, origin, self.row);
            self.row += 1;
        }
        if let Some(broken) = self.input.broken() {
            let refusal = Refusal {
                code: RejectCode::CorruptArchive,
                detail: broken.detail(&self.url),
                hash: broken.hash64,
            };
            chunk.refuse(&broken.kept, refusal, 0, origin, self.row);
            self.row += 1;
        }
        Ok(())
    }
}

/// Reads the row that starts at `at` into `cells`.
fn parse_row(bytes: &[u8], at: usize, ended: bool, cells: &mut Cells) -> Row {
    cells.clear();
    let mut at = at;
    if at >= bytes.len() {
        return Row::Open;
    }
    loop {
        if bytes.get(at) == Some(&b'"') {
            match quoted(bytes, at + 1, ended, &mut cells.bytes) {
                Some(end) => at = end,
                None => return Row::Open,
            }
        }
        // A bare cell, or what rubbish follows a closing quote.
        let rest = &bytes[at..];
        let Some(stop) = memchr3(b',', b'\n', b'\r', rest).map(|stop| at + stop) else {
            if !ended {
                return Row::Open;
            }
            cells.bytes.extend_from_slice(rest);
            cells.ends.push(cells.bytes.len());
            return Row::At(bytes.len());
        };
        cells.bytes.extend_from_slice(&bytes[at..stop]);
        if bytes[stop] == b'\r' {
            match bytes.get(stop + 1) {
                Some(b'\n') => {}
                None if !ended => return Row::Open,
                // A lone CR is part of the cell.
                _ => {
                    cells.bytes.push(b'\r');
                    at = stop + 1;
                    if at < bytes.len() {
                        continue;
                    }
                    cells.ends.push(cells.bytes.len());
                    return Row::At(at);
                }
            }
        }
        cells.ends.push(cells.bytes.len());
        match bytes[stop] {
            b',' => {
                at = stop + 1;
                if at >= bytes.len() {
                    if !ended {
                        return Row::Open;
                    }
                    cells.ends.push(cells.bytes.len());
                    return Row::At(at);
                }
            }
            b'\n' => return Row::At(stop + 1),
            _ => return Row::At(stop + 2),
        }
    }
}

/// Unquotes a cell that starts behind its quote; gives where it ends, `None` if the bytes do first.
fn quoted(bytes: &[u8], at: usize, ended: bool, to: &mut Vec<u8>) -> Option<usize> {
    let mut at = at;
    loop {
        let quote = at + memchr(b'"', bytes.get(at..)?)?;
        to.extend_from_slice(&bytes[at..quote]);
        match bytes.get(quote + 1) {
            Some(b'"') => {
                to.push(b'"');
                at = quote + 2;
            }
            None if !ended => return None,
            _ => return Some(quote + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<String> {
        let kind = Kind::builtin("user").unwrap();
        let mut csv = Csv::new(&kind, "x.csv", text).unwrap();
        let mut chunk = ChunkBuffer::default();
        while !csv.fill(&mut chunk, 0).unwrap().done {}
        let payloads = chunk.payloads.iter();
        payloads
            .map(|at| String::from_utf8_lossy(&chunk.bytes[at.start as usize..at.end as usize]).into_owned())
            .collect()
    }

    #[test]
    fn quotes_newlines_and_typed_cells() {
        let text = b"\xef\xbb\xbfind,first_name,age\r\n1,\"a \"\"b\"\",\nc\",20\r\n\r\n2,,x\n3,z";
        assert_eq!(
            rows(text),
            [
                r#"{"ind":1,"first_name":"a \"b\",\nc","age":20}"#,
                r#"{"ind":2,"first_name":"","age":"x"}"#,
                r#"{"ind":3,"first_name":"z"}"#,
            ]
        );
        assert_eq!(rows(b"ind\n1,x,y\n")[0], r#"{"ind":1,"_extra_0":"x","_extra_1":"y"}"#);
        assert_eq!(rows(b"ind,age\n1,")[0], r#"{"ind":1,"age":""}"#);
        assert!(rows(b"").is_empty() && rows(b"ind\n").is_empty());
    }

    #[test]
    fn an_open_quote_ends_the_file() {
        let rows = rows(b"ind,first_name\n1,a\n2,\"b\n3,c\n");
        assert_eq!(rows, [r#"{"ind":1,"first_name":"a"}"#, "2,\"b\n3,c\n"]);
    }

    #[test]
    fn a_file_without_header_is_refused() {
        let kind = Kind::builtin("user").unwrap();
        let error = Csv::new(&kind, "x.csv", &b"1,a,b\n"[..]).err().unwrap();
        assert!(error.to_string().contains("first_name"), "{error}");
    }
}
