//! Records of a chunk: spans of every raw field, or the code of a refusal.

use super::chunk::{Chunk, Form, Payload};
use super::code::RejectCode;
use super::layout::Layout;
use super::scan::{Scanner, Span, Stop, Tag};
use super::text::unescape;
use super::{MAX_RECORD, trim_blanks};

/// One record: where it stands and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Index of its payload in the chunk.
    pub payload: u32,
    /// Its place in the payload, from 0.
    pub item: u32,
    /// First byte in the chunk.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Its key; 0 if it was rejected.
    pub key: i64,
    /// Why it is no row.
    pub reject: Option<RejectCode>,
}

/// A field that the plan does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extra {
    pub(crate) row: u32,
    /// The name's text; [`Tag::Absent`] means the layout's slot `start`, a key name that lost.
    pub(crate) key: Span,
    pub(crate) value: Span,
}

/// The records of a chunk. Kept between chunks: the first touch of memory costs more than parsing.
#[derive(Debug, Default)]
pub struct Records {
    pub(crate) rows: Vec<Record>,
    slots: Vec<Span>,
    width: usize,
    pub(crate) extras: Vec<Extra>,
    template: Template,
}

impl Records {
    /// The records in reading order.
    #[must_use]
    pub fn rows(&self) -> &[Record] {
        &self.rows
    }

    /// The span of a record's slot.
    #[inline]
    #[must_use]
    pub(crate) fn span(&self, row: usize, slot: usize) -> Span {
        self.slots.get(row * self.width + slot).copied().unwrap_or_default()
    }

    /// Reads a chunk's payloads; what was read before is forgotten.
    pub fn read(&mut self, layout: &Layout, chunk: Chunk<'_>) {
        self.rows.clear();
        self.slots.clear();
        self.extras.clear();
        self.width = layout.width();
        // One check for all: a record starts and ends at ASCII brackets, so if the whole chunk is
        // UTF-8 then so is each record in it.
        let all_utf8 = simdutf8::basic::from_utf8(chunk.bytes).is_ok();
        for (index, payload) in chunk.payloads.iter().enumerate() {
            #[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 payloads")]
            let mut reader = Reader {
                records: self,
                layout,
                bytes: chunk.bytes.get(..payload.end as usize).unwrap_or_default(),
                payload: index as u32,
                item: payload.first_item,
                all_utf8,
            };
            reader.payload(payload, chunk);
        }
    }
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
    fn payload(&mut self, payload: &Payload, chunk: Chunk<'_>) {
        let (start, end) = (payload.start as usize, payload.end as usize);
        match payload.form {
            Form::Refused(refusal) => {
                let code =
                    chunk.refusals.get(refusal as usize).map_or(RejectCode::NotJson, |refusal| refusal.code);
                return self.reject(start, end, code);
            }
            Form::Null => return self.reject(start, end, RejectCode::EmptyPayload),
            Form::Message | Form::Line | Form::Piece => {}
        }
        let content = trim_blanks(self.bytes.get(start..).unwrap_or_default());
        if content.is_empty() {
            if payload.form == Form::Message {
                self.reject(start, end, RejectCode::EmptyPayload);
            }
            return;
        }
        if content == b"null" && payload.form != Form::Piece {
            return self.reject(start, end, RejectCode::EmptyPayload);
        }
        let mut scanner = Scanner::new(self.bytes, start, 0);
        loop {
            scanner.skip_blanks();
            let at = scanner.at;
            if at >= end {
                return;
            }
            let before = (self.records.rows.len(), self.records.extras.len(), self.item);
            if let Err(stop) = self.top(&mut scanner) {
                self.forget(before);
                return self.reject(at, end, self.rest_code(at, end, scanner.at, stop));
            }
        }
    }

    /// A top-level value: a record, an array of records, or something else.
    fn top(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Bad> {
        if scanner.peek() != Some(b'[') {
            return self.record(scanner);
        }
        let start = scanner.at;
        scanner.take(b'[');
        scanner.open()?;
        scanner.skip_blanks();
        if scanner.take(b']') {
            scanner.close();
            self.reject(start, scanner.at, RejectCode::EmptyPayload);
            return Ok(());
        }
        loop {
            self.record(scanner)?;
            scanner.skip_blanks();
            if scanner.take(b',') {
                scanner.skip_blanks();
            } else if scanner.take(b']') {
                scanner.close();
                return Ok(());
            } else {
                return Err(scanner.wrong().into());
            }
        }
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
        if end - start > MAX_RECORD {
            return Err(Bad::TooLarge);
        }
        let text = self.bytes.get(start..end).unwrap_or_default();
        if !self.all_utf8 && simdutf8::basic::from_utf8(text).is_err() {
            return Err(Bad::Stop(Stop::Syntax));
        }
        if text.first() != Some(&b'{') {
            self.reject(start, end, RejectCode::NotAnObject);
            return Ok(());
        }
        match self.verdict(row) {
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

    /// The record's key, or why it is no row; tested in the contract's order.
    fn verdict(&mut self, row: usize) -> Result<i64, RejectCode> {
        let records = &mut *self.records;
        let base = row * records.width;
        let slots = &records.slots[base..];
        let (keys, fields) = slots.split_at(self.layout.keys());
        let mut found = keys.iter().enumerate().filter(|(_, span)| span.tag != Tag::Absent);
        let Some((slot, &key)) = found.next() else {
            return Err(if self.is_wrapped(row) {
                RejectCode::WrappedRecord
            } else {
                RejectCode::MissingKey
            });
        };
        let losers: Vec<(usize, Span)> = found.map(|(slot, &span)| (slot, span)).collect();
        if key.tag == Tag::Object && losers.is_empty() {
            // `index` and `ind` are wrappers' names too; a kind's own name is not.
            if crate::kind::KEY_NAMES.iter().any(|name| name.as_bytes() == self.layout.name(slot)) {
                return Err(RejectCode::WrappedRecord);
            }
        }
        let value = match key.tag {
            Tag::Null => return Err(RejectCode::MissingKey),
            Tag::Integer => crate::clean::whole_number(key.of(self.bytes)),
            Tag::Text => crate::clean::digits(key.of(self.bytes)),
            Tag::Escaped => crate::clean::digits(&unescape(key.of(self.bytes))),
            _ => None,
        };
        let value = value.ok_or(RejectCode::InvalidKey)?;
        if fields.iter().all(|span| span.tag == Tag::Absent) && self.is_foreign(row) {
            return Err(RejectCode::ForeignRecord);
        }
        for (slot, value) in losers {
            self.records.extras.push(Extra {
                row: row as u32,
                key: Span { start: slot as u32, end: slot as u32, tag: Tag::Absent },
                value,
            });
        }
        Ok(value)
    }

    fn extras(&self, row: usize) -> impl Iterator<Item = &Extra> {
        self.records.extras.iter().rev().take_while(move |extra| extra.row as usize == row)
    }

    /// Whether a record without key sits in a known wrapper.
    fn is_wrapped(&self, row: usize) -> bool {
        // Walked from the last: of a repeated key the last counts.
        let last = |name: &[u8]| {
            self.extras(row)
                .find(|extra| *unescape(extra.key.of(self.bytes)) == *name)
                .map(|extra| extra.value.tag)
        };
        last(b"records") == Some(Tag::Array) || last(b"value") == Some(Tag::Object)
    }

    fn is_foreign(&self, row: usize) -> bool {
        self.extras(row).any(|extra| self.layout.is_foreign(&unescape(extra.key.of(self.bytes))))
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

/// What the next record is expected to look like: the text between the values of the last one.
/// Records of one writer have the same keys in the same order, so comparing that text replaces
/// reading keys. Any difference sends the record the general way, with the same result.
#[derive(Debug, Default)]
struct Template {
    known: bool,
    text: Vec<u8>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// End of the literal in `text`; it starts where the one before ends.
    end: usize,
    /// Slot of the value behind it.
    slot: Option<usize>,
    /// Where in the literal the key's text stands, for fields that the plan does not know.
    key: Span,
}

impl Template {
    const fn is_known(&self) -> bool {
        self.known
    }

    fn forget(&mut self) {
        self.known = false;
        self.text.clear();
        self.steps.clear();
    }

    #[allow(clippy::cast_possible_truncation, reason = "literals lie within a chunk")]
    fn push(&mut self, literal: &[u8], slot: Option<usize>, literal_at: usize, key: Span) {
        self.text.extend_from_slice(literal);
        self.steps.push(Step {
            end: self.text.len(),
            slot,
            key: Span {
                start: key.start - literal_at as u32,
                end: key.end - literal_at as u32,
                tag: key.tag,
            },
        });
    }

    fn finish(&mut self, literal: &[u8], usable: bool) {
        self.text.extend_from_slice(literal);
        self.known = usable && !self.steps.is_empty();
    }

    /// Reads an object that looks as expected; false, with slots half filled, if it does not.
    #[inline]
    fn read(&self, scanner: &mut Scanner<'_>, slots: &mut [Span], extras: &mut Vec<Extra>, row: u32) -> bool {
        let mut from = 0;
        for step in &self.steps {
            let at = scanner.at;
            if !scanner.take_all(&self.text[from..step.end]) {
                return false;
            }
            let Ok(value) = scanner.value() else {
                return false;
            };
            match step.slot {
                Some(slot) => slots[slot] = value,
                #[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 bytes")]
                None => extras.push(Extra {
                    row,
                    key: Span {
                        start: at as u32 + step.key.start,
                        end: at as u32 + step.key.end,
                        tag: step.key.tag,
                    },
                    value,
                }),
            }
            from = step.end;
        }
        scanner.take_all(&self.text[from..])
    }
}
