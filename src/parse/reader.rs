//! Payloads, read record by record.

use super::chunk::{Chunk, Form, Payload};
use super::code::RejectCode;
use super::layout::Layout;
use super::record::{Extra, Record};
use super::records::Records;
use super::scan::{Scanner, Span, Stop, Tag};
use super::text::unescape;
use super::{MAX_RECORD, trim_blanks};

/// How far a chunk was read: where the next [`Records::read`] goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    payload: usize,
    /// Where in that payload, if its reading was broken off.
    inside: Option<Inside>,
    /// Whether the chunk's bytes are UTF-8; looked at once.
    all_utf8: Option<bool>,
}

impl Cursor {
    /// Whether all of the chunk was read.
    #[must_use]
    pub const fn is_done(&self, chunk: Chunk<'_>) -> bool {
        self.payload >= chunk.payloads.len()
    }
}

impl Records {
    /// Reads a chunk on from `cursor`, [`super::BATCH_ROWS`] records at most; those read before are
    /// forgotten. A payload may hold any number of them: ten million in an array of 20 MB.
    pub fn read(&mut self, layout: &Layout, chunk: Chunk<'_>, cursor: &mut Cursor) {
        self.rows.clear();
        self.slots.clear();
        self.extras.clear();
        self.width = layout.width();
        // One check for all: a record starts and ends at ASCII brackets, so if the whole chunk is
        // UTF-8 then so is each record in it.
        let all_utf8 =
            *cursor.all_utf8.get_or_insert_with(|| simdutf8::basic::from_utf8(chunk.bytes).is_ok());
        while let Some(payload) = chunk.payloads.get(cursor.payload)
            && !self.is_full()
        {
            #[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 payloads")]
            let mut reader = Reader {
                records: self,
                layout,
                bytes: chunk.bytes.get(..payload.end as usize).unwrap_or_default(),
                payload: cursor.payload as u32,
                item: payload.first_item,
                all_utf8,
            };
            cursor.inside = reader.payload(payload, chunk, cursor.inside);
            cursor.payload += usize::from(cursor.inside.is_none());
        }
    }
}

/// Where in a payload reading was broken off.
#[derive(Debug, Clone, Copy)]
struct Inside {
    at: usize,
    item: u32,
    /// Between two elements of an array that is known to be whole.
    array: bool,
}

/// What was read of a top-level value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Whole,
    /// Elements of an array, as many as the batch takes.
    Part,
}

/// Reads one payload.
struct Reader<'a> {
    records: &'a mut Records,
    layout: &'a Layout,
    /// The chunk up to the payload's end.
    bytes: &'a [u8],
    payload: u32,
    item: u32,
    all_utf8: bool,
}

#[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 bytes")]
impl Reader<'_> {
    /// Reads a payload, or on in it; where it was broken off, if the batch is full.
    fn payload(&mut self, payload: &Payload, chunk: Chunk<'_>, inside: Option<Inside>) -> Option<Inside> {
        let end = payload.end as usize;
        let (mut scanner, mut array) = match inside {
            Some(Inside { at, item, array }) => {
                self.item = item;
                (Scanner::new(self.bytes, at, usize::from(array)), array)
            }
            None if self.holds_none(payload, chunk) => return None,
            None => (Scanner::new(self.bytes, payload.start as usize, 0), false),
        };
        loop {
            scanner.skip_blanks();
            let at = scanner.at;
            if at >= end {
                return None;
            }
            if self.records.is_full() {
                return Some(Inside { at, item: self.item, array });
            }
            let before = (self.records.rows.len(), self.records.extras.len(), self.item);
            match if array { self.elements(&mut scanner, true) } else { self.top(&mut scanner) } {
                Ok(read) => array = read == Read::Part,
                Err(stop) => {
                    self.forget(before);
                    self.reject(at, end, self.rest_code(at, end, scanner.at, stop));
                    return None;
                }
            }
        }
    }

    /// Whether there is nothing to parse: then what stands for the payload was added.
    fn holds_none(&mut self, payload: &Payload, chunk: Chunk<'_>) -> bool {
        let (start, end) = (payload.start as usize, payload.end as usize);
        let content = trim_blanks(self.bytes.get(start..).unwrap_or_default());
        let code = match payload.form {
            Form::Refused(refusal) => {
                chunk.refusals.get(refusal as usize).map_or(RejectCode::NotJson, |refusal| refusal.code)
            }
            Form::Null => RejectCode::EmptyPayload,
            Form::Line | Form::Piece if content.is_empty() => return true,
            Form::Message if content.is_empty() => RejectCode::EmptyPayload,
            Form::Message | Form::Line if content == b"null" => RejectCode::EmptyPayload,
            Form::Message | Form::Line | Form::Piece => return false,
        };
        self.reject(start, end, code);
        true
    }

    /// A top-level value: a record, an array of records, or something else.
    fn top(&mut self, scanner: &mut Scanner<'_>) -> Result<Read, Bad> {
        if scanner.peek() != Some(b'[') {
            return self.record(scanner).map(|()| Read::Whole);
        }
        let start = scanner.at;
        scanner.take(b'[');
        scanner.open()?;
        scanner.skip_blanks();
        if scanner.take(b']') {
            scanner.close();
            self.reject(start, scanner.at, RejectCode::EmptyPayload);
            return Ok(Read::Whole);
        }
        self.elements(scanner, false)
    }

    /// Elements of an array, until it ends or the batch is full. `whole`: that it ends well is known.
    fn elements(&mut self, scanner: &mut Scanner<'_>, whole: bool) -> Result<Read, Bad> {
        loop {
            if self.records.is_full() {
                // None of its records counts unless all parse, so the rest is looked at first.
                if !whole {
                    self.check_elements(scanner)?;
                }
                return Ok(Read::Part);
            }
            self.record(scanner)?;
            if !next_element(scanner)? {
                return Ok(Read::Whole);
            }
        }
    }

    /// Whether elements up to the array's end are what [`Self::record`] takes; stays where it is.
    fn check_elements(&self, scanner: &mut Scanner<'_>) -> Result<(), Bad> {
        let (at, depth) = (scanner.at, scanner.depth());
        loop {
            let start = scanner.at;
            scanner.value()?;
            self.check_text(start, scanner.at)?;
            if !next_element(scanner)? {
                scanner.rewind(at, depth);
                return Ok(());
            }
        }
    }

    fn check_text(&self, start: usize, end: usize) -> Result<(), Bad> {
        if end - start > MAX_RECORD {
            return Err(Bad::TooLarge);
        }
        let text = self.bytes.get(start..end).unwrap_or_default();
        if !self.all_utf8 && simdutf8::basic::from_utf8(text).is_err() {
            return Err(Bad::Stop(Stop::Syntax));
        }
        Ok(())
    }

    /// One record, which should be an object.
    fn record(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Bad> {
        let start = scanner.at;
        let row = self.records.rows.len();
        if scanner.peek() == Some(b'{') {
            self.object(scanner, row)?;
        } else {
            scanner.value()?;
        }
        let end = scanner.at;
        self.check_text(start, end)?;
        if self.bytes.get(start) != Some(&b'{') {
            self.reject(start, end, RejectCode::NotAnObject);
            return Ok(());
        }
        match self.records.verdict(self.layout, self.bytes, row) {
            Ok(key) => {
                self.records.rows.push(Record {
                    payload: self.payload,
                    item: self.item,
                    start: start as u32,
                    end: end as u32,
                    key,
                    reject: None,
                });
                self.item += 1;
            }
            Err(code) => {
                self.records.slots.truncate(row * self.records.width);
                while self.records.extras.last().is_some_and(|extra| extra.row as usize == row) {
                    self.records.extras.pop();
                }
                self.reject(start, end, code);
            }
        }
        Ok(())
    }

    /// Fields of an object into the slots of row `row`.
    fn object(&mut self, scanner: &mut Scanner<'_>, row: usize) -> Result<(), Bad> {
        let records = &mut *self.records;
        let base = row * records.width;
        records.slots.resize(base + records.width, Span::default());
        let start = scanner.at;
        let extras = records.extras.len();
        if records.template.is_known() {
            let depth = scanner.depth();
            scanner.open()?;
            let slots = &mut records.slots[base..];
            let hit = records.template.read(scanner, slots, &mut records.extras, row as u32);
            if hit {
                scanner.close();
                return Ok(());
            }
            scanner.rewind(start, depth);
            slots.fill(Span::default());
            records.extras.truncate(extras);
        }
        let hit = self.members(scanner, row, base);
        if hit.is_err() {
            self.records.template.forget();
        }
        hit
    }

    /// The general way: any members in any order. Teaches the template what to expect next.
    fn members(&mut self, scanner: &mut Scanner<'_>, row: usize, base: usize) -> Result<(), Bad> {
        let records = &mut *self.records;
        records.template.forget();
        let mut repeated = false;
        let mut literal = scanner.at;
        scanner.take(b'{');
        scanner.open()?;
        scanner.skip_blanks();
        if !scanner.take(b'}') {
            loop {
                let key = scanner.key()?;
                let value_at = scanner.at;
                let value = scanner.value()?;
                let name = unescape(key.of(self.bytes));
                let slot = self.layout.slot(&name);
                records.template.push(&self.bytes[literal..value_at], slot, literal, key);
                literal = scanner.at;
                match slot {
                    Some(slot) => {
                        let place = &mut records.slots[base + slot];
                        repeated |= place.tag != Tag::Absent;
                        *place = value;
                    }
                    None => records.extras.push(Extra { row: row as u32, key, value }),
                }
                scanner.skip_blanks();
                if scanner.take(b'}') {
                    break;
                }
                if !scanner.take(b',') {
                    return Err(scanner.wrong().into());
                }
                scanner.skip_blanks();
            }
        }
        scanner.close();
        records.template.finish(&self.bytes[literal..scanner.at], !repeated);
        Ok(())
    }

    /// Why the rest from `start` is no record; reading it stopped at `stopped`.
    fn rest_code(&self, start: usize, end: usize, stopped: usize, bad: Bad) -> RejectCode {
        if end - start > MAX_RECORD {
            return RejectCode::TooLarge;
        }
        let is_utf8 =
            |end| simdutf8::basic::from_utf8(self.bytes.get(start..end).unwrap_or_default()).is_ok();
        match bad {
            Bad::TooLarge => RejectCode::TooLarge,
            // The scanner does not look at UTF-8: a bad byte before the depth came first.
            Bad::Stop(Stop::TooDeep) if is_utf8(stopped) => RejectCode::TooDeep,
            Bad::Stop(_) => {
                if is_utf8(end) {
                    RejectCode::NotJson
                } else {
                    RejectCode::InvalidUtf8
                }
            }
        }
    }

    /// Adds a record that is no row; its slots stay absent.
    fn reject(&mut self, start: usize, end: usize, code: RejectCode) {
        let records = &mut *self.records;
        records.rows.push(Record {
            payload: self.payload,
            item: self.item,
            start: start as u32,
            end: end as u32,
            key: 0,
            reject: Some(code),
        });
        records.slots.resize(records.rows.len() * records.width, Span::default());
        self.item += 1;
    }

    /// Takes back what was added since.
    fn forget(&mut self, (rows, extras, item): (usize, usize, u32)) {
        self.records.rows.truncate(rows);
        self.records.slots.truncate(rows * self.records.width);
        self.records.extras.truncate(extras);
        self.item = item;
    }
}

/// What ends a payload early.
#[derive(Debug, Clone, Copy)]
enum Bad {
    Stop(Stop),
    TooLarge,
}

impl From<Stop> for Bad {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Goes to an array's next element; `false` if it ended.
fn next_element(scanner: &mut Scanner<'_>) -> Result<bool, Stop> {
    scanner.skip_blanks();
    if scanner.take(b',') {
        scanner.skip_blanks();
        return Ok(true);
    }
    if scanner.take(b']') {
        scanner.close();
        return Ok(false);
    }
    Err(scanner.wrong())
}
