//! One long line as a stream of records: the same rows as if it were read whole.
//!
//! Records are scanned one by one in a window that grows to the record in hand, so no more is kept
//! than one record (10 MiB), or one array (64 MiB), and a block. What does not parse ends the
//! line; if that rest is too long to keep, it is hashed on the way.

use std::io::{self, Read};

use memchr::memchr;

use crate::clean::too_large_text;
use crate::parse::{
    BATCH_BYTES, BATCH_ROWS, ChunkBuffer, Form, MAX_RECORD, MAX_STREAMED_ARRAY, Next, Refusal, RejectCode,
    Tag, fault, next_value,
};

use super::archive::Rest;
use super::block::{BLOCK, read_block};

/// Bytes of records that are handed on as one piece.
const PIECE: usize = 8 << 20;

/// A line in the middle of being read.
pub(super) struct LongLine {
    /// What is in hand of the line, then, once it has ended, what is behind it.
    window: Vec<u8>,
    /// End of the line in the window; `None` while it goes on.
    end: Option<usize>,
    /// Where the line goes on behind `end`: past its newline.
    next: usize,
    /// How far records were handed on.
    at: usize,
    /// Bytes dropped from the front of the window.
    dropped: u64,
    seq: u64,
    item: u32,
    form: Form,
    /// The first record is a `null` that was not handed on: alone, it is an empty payload.
    null: bool,
    /// Nothing is left but to hash.
    rest: Option<Box<Rest>>,
}

/// Records scanned and not handed on yet.
#[derive(Default)]
struct Piece {
    start: usize,
    end: usize,
    records: u32,
}

impl LongLine {
    /// A line that starts with `window`, which holds no newline.
    pub(super) fn new(window: Vec<u8>, seq: u64, form: Form) -> Self {
        Self { window, end: None, next: 0, at: 0, dropped: 0, seq, item: 0, form, null: false, rest: None }
    }

    /// Bytes of the line with its newline, and those behind it that were read.
    pub(super) fn finish(mut self) -> (u64, Vec<u8>) {
        let tail = self.window.split_off(self.next.min(self.window.len()));
        (self.dropped + self.window.len() as u64, tail)
    }

    /// Hands on a piece; `true` once the line has ended.
    pub(super) fn fill(
        &mut self,
        input: &mut impl Read,
        chunk: &mut ChunkBuffer,
        origin: u32,
    ) -> io::Result<bool> {
        if self.rest.is_some() {
            return self.hash_on(input, chunk, origin);
        }
        let mut piece = Piece { start: self.at, end: self.at, records: 0 };
        loop {
            let line = &self.window[..self.end.unwrap_or(self.window.len())];
            match next_value(line, self.at, self.end.is_none()) {
                Next::Blank if self.end.is_some() => {
                    if self.item == 0 && piece.records == 0 {
                        let alone: &[u8] = if self.null { b"null" } else { b"" };
                        chunk.push(alone, self.form, 0, origin, self.seq);
                    }
                    self.hand_on(&piece, chunk, origin);
                    return Ok(true);
                }
                Next::Value { end, tag: Tag::Null, .. }
                    if self.item == 0 && piece.records == 0 && !self.null =>
                {
                    (self.null, self.at) = (true, end);
                    piece = Piece { start: end, end, records: 0 };
                }
                Next::Value { start, end, tag } => match records(line, start, end, tag) {
                    Some(records) => {
                        self.pass_null(chunk, origin);
                        self.at = end;
                        piece.end = end;
                        piece.records += records;
                        let bytes = piece.end - piece.start;
                        let full = chunk.bytes.len() + bytes >= BATCH_BYTES;
                        if bytes >= PIECE || piece.records as usize >= BATCH_ROWS || full {
                            self.hand_on(&piece, chunk, origin);
                            return Ok(false);
                        }
                    }
                    None => return self.give_up(&piece, start, input, chunk, origin),
                },
                Next::Bad { start } => return self.give_up(&piece, start, input, chunk, origin),
                Next::Unfinished { start, array } => {
                    let limit = if array { MAX_STREAMED_ARRAY } else { MAX_RECORD };
                    if line.len() - start > limit {
                        return self.give_up(&piece, start, input, chunk, origin);
                    }
                    if piece.records > 0 {
                        self.hand_on(&piece, chunk, origin);
                        return Ok(false);
                    }
                    self.more(input)?;
                    piece = Piece { start: self.at, end: self.at, records: 0 };
                }
                Next::Blank => {
                    if piece.records > 0 {
                        self.hand_on(&piece, chunk, origin);
                        return Ok(false);
                    }
                    self.at = self.window.len();
                    self.more(input)?;
                    piece = Piece { start: self.at, end: self.at, records: 0 };
                }
            }
        }
    }

    /// The `null` that something follows is a record like any other.
    fn pass_null(&mut self, chunk: &mut ChunkBuffer, origin: u32) {
        if std::mem::take(&mut self.null) {
            chunk.push(b"null", Form::Piece, 0, origin, self.seq);
            self.item = 1;
        }
    }

    fn hand_on(&mut self, piece: &Piece, chunk: &mut ChunkBuffer, origin: u32) {
        if piece.records > 0 {
            let bytes = &self.window[piece.start..piece.end];
            chunk.push(bytes, Form::Piece, self.item, origin, self.seq);
            self.item += piece.records;
        }
    }

    /// Drops what was handed on and reads at least as much as is left, so that scanning a long
    /// record again and again costs no more than twice its length.
    fn more(&mut self, input: &mut impl Read) -> io::Result<()> {
        self.window.drain(..self.at);
        self.dropped += self.at as u64;
        self.at = 0;
        let from = self.window.len();
        let count = read_block(input, &mut self.window, BLOCK.max(from))?;
        if count == 0 {
            self.end = Some(from);
            self.next = from;
        } else if let Some(newline) = memchr(b'\n', &self.window[from..]) {
            self.end = Some(from + newline);
            self.next = from + newline + 1;
        }
        Ok(())
    }

    /// From `start` on nothing parses: the rest of the line is one record.
    fn give_up(
        &mut self,
        piece: &Piece,
        start: usize,
        input: &mut impl Read,
        chunk: &mut ChunkBuffer,
        origin: u32,
    ) -> io::Result<bool> {
        self.pass_null(chunk, origin);
        self.hand_on(piece, chunk, origin);
        self.at = start;
        while self.end.is_none() && self.window.len() - self.at <= MAX_RECORD {
            self.more(input)?;
        }
        match self.end {
            Some(end) if end - self.at <= MAX_RECORD => {
                // The parser finds the same fault and names it.
                chunk.push(&self.window[self.at..end], Form::Piece, self.item, origin, self.seq);
                self.at = end;
                Ok(true)
            }
            _ => {
                self.rest = Some(Box::default());
                self.hash_on(input, chunk, origin)
            }
        }
    }

    fn hash_on(&mut self, input: &mut impl Read, chunk: &mut ChunkBuffer, origin: u32) -> io::Result<bool> {
        let Some(mut rest) = self.rest.take() else { return Ok(true) };
        loop {
            let end = self.end.unwrap_or(self.window.len());
            rest.add(&self.window[self.at..end]);
            self.at = end;
            if self.end.is_some() {
                break;
            }
            self.more(input)?;
        }
        let refusal = Refusal {
            code: RejectCode::TooLarge,
            detail: too_large_text(rest.bytes, rest.hash128(), fault(&rest.kept)),
            hash: rest.hash64(),
        };
        chunk.refuse(&rest.kept, refusal, self.item, origin, self.seq);
        Ok(true)
    }
}

/// How many records a value holds; `None` if it is one that the parser refuses and ends at.
fn records(line: &[u8], start: usize, end: usize, tag: Tag) -> Option<u32> {
    let value = &line[start..end];
    if simdutf8::basic::from_utf8(value).is_err() {
        return None;
    }
    if tag != Tag::Array {
        return (value.len() <= MAX_RECORD).then_some(1);
    }
    if value.len() > MAX_STREAMED_ARRAY {
        return None;
    }
    // It parsed as a whole: its elements are values with a comma between them.
    let mut count = 0;
    let mut at = 1;
    while let Next::Value { start, end, .. } = next_value(&value[..value.len() - 1], at, false) {
        if end - start > MAX_RECORD {
            return None;
        }
        count += 1;
        at = memchr(b',', &value[end..]).map_or(value.len(), |comma| end + comma + 1);
    }
    Some(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::{Cleaner, Options};
    use crate::kind::Kind;
    use crate::parse::{Origin, trim_blanks};
    use proptest::prelude::*;
    use std::cell::RefCell;

    fn chunk() -> ChunkBuffer {
        let mut chunk = ChunkBuffer::default();
        chunk.origin(Origin { epoch: 0, name: "".into(), part: "".into(), arrived_at: None });
        chunk
    }

    fn cleaned(chunk: &ChunkBuffer) -> Vec<String> {
        thread_local! {
            static CLEANER: RefCell<Cleaner> =
                RefCell::new(Cleaner::new(Kind::builtin("user").unwrap(), Options::default()).unwrap());
        }
        let batches = CLEANER.with_borrow_mut(|cleaner| cleaner.clean_all(chunk.as_chunk()).unwrap());
        let mut rows = Vec::new();
        for batch in batches {
            let options = arrow::util::display::FormatOptions::default();
            for row in 0..batch.num_rows() {
                // Times with a zone have no text here, and are null anyway.
                let cells: Vec<String> = batch
                    .columns()
                    .iter()
                    .filter(|column| {
                        !matches!(column.data_type(), arrow::datatypes::DataType::Timestamp(_, Some(_)))
                    })
                    .map(|column| {
                        let cell = arrow::util::display::ArrayFormatter::try_new(column, &options).unwrap();
                        cell.value(row).to_string()
                    })
                    .collect();
                rows.push(cells.join("|"));
            }
        }
        rows
    }

    /// The rows of a line that is a stream from its `start`-th byte on, and what is behind it.
    fn streamed(line: &[u8], start: usize, behind: &[u8]) -> Vec<String> {
        let bytes = [line, behind].concat();
        let mut input = &bytes[start..];
        let mut long = LongLine::new(line[..start].to_vec(), 7, Form::Line);
        let mut rows = Vec::new();
        loop {
            let mut chunk = chunk();
            let ended = long.fill(&mut input, &mut chunk, 0).unwrap();
            rows.extend(cleaned(&chunk));
            if ended {
                let (taken, mut tail) = long.finish();
                tail.extend_from_slice(input);
                let newline = usize::from(!behind.is_empty());
                assert_eq!(taken as usize, line.len() + newline);
                assert_eq!(tail, behind[newline..]);
                return rows;
            }
        }
    }

    fn same(line: &[u8], start: usize) {
        let mut whole = chunk();
        whole.push(line, Form::Line, 0, 0, 7);
        let want = cleaned(&whole);
        for behind in [&b""[..], b"\n{\"ind\": 8}\nx"] {
            let got = streamed(line, start, behind);
            assert_eq!(got, want, "{} from {start}", String::from_utf8_lossy(line));
        }
    }

    const PARTS: [&[u8]; 22] = [
        b"{\"ind\": 1}",
        b"[{\"ind\": 1}, 7, {\"ind\": 2}]",
        b"[]",
        b" ",
        b"null",
        b"12",
        b"true",
        b"\"a\\\"b\"",
        b"{\"ind\": 3, \"first_name\": \"\xc3\xa9\"}",
        b"{\"ind\": 4, \"first_name\": \"\xff\"}",
        b"[[1], {\"ind\": 5}, \"x\"]",
        b"{\"ind\": ",
        b"}",
        b"]",
        b"[",
        b",",
        b"\\u12",
        b"\r",
        b"\xef\xbb\xbf",
        b"[ ]",
        b"[{\"ind\": 6},]",
        b"-",
    ];

    #[test]
    fn every_pair_of_parts_at_every_place() {
        for one in PARTS {
            for two in PARTS {
                // A line of blanks alone, or of one `null`, is no long line.
                let line = [b"{\"ind\": 0}", one, two].concat();
                for start in [1, 10, line.len()] {
                    same(&line, start);
                }
            }
        }
    }

    #[test]
    fn a_lone_null_among_blanks_is_an_empty_payload() {
        for line in
            [&b"  null "[..], b"null", b"null null", b" null{}", b"null[]", b"null x", b"null nul", b" "]
        {
            for start in 0..=line.len() {
                let mut whole = chunk();
                whole.push(trim_blanks(line), Form::Line, 0, 0, 7);
                let got = streamed(line, start, b"");
                assert_eq!(got, cleaned(&whole), "{} from {start}", String::from_utf8_lossy(line));
            }
        }
    }

    #[test]
    fn many_small_records_are_cut_and_counted_on() {
        let line = b"{\"ind\":1}[3,4]".repeat(8_000);
        same(&line, 5_000);
    }

    #[test]
    fn what_is_too_large_is_hashed_on_the_way() {
        let long = "y".repeat(MAX_RECORD);
        for line in [
            format!("{{\"ind\": 1}} {{\"ind\": 2, \"first_name\": \"{long}\"}} {{\"ind\": 9}} "),
            format!("{{\"ind\": 1}} [2, \"{long}\"] {{\"ind\": 9}}"),
            format!("{{\"ind\": 1}} ] {long}"),
        ] {
            same(line.as_bytes(), 20);
        }
    }

    proptest! {
        #[test]
        fn any_line_from_any_place(parts in prop::collection::vec(0..PARTS.len(), 0..8), start in any::<usize>()) {
            let mut line = b"7".to_vec();
            line.extend(parts.iter().flat_map(|part| PARTS[*part]));
            same(&line, start % (line.len() + 1));
        }
    }
}
