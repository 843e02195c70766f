//! Arbitrary bytes through chunk → clean: never a panic, never a lost byte, the same verdict as
//! serde_json on each value, the same rows alone and between other payloads.
#![no_main]

use std::sync::Arc;

use arrow::array::Array;
use libfuzzer_sys::fuzz_target;
use pinlake::clean::{Cleaned, Cleaner, Options};
use pinlake::kind::Kind;
use pinlake::parse::{
    ChunkBuffer, Cursor, Form, Layout, Origin, Record, Records, RejectCode, is_blank, trim_blanks,
};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

const NEIGHBOUR: &[u8] = br#"{"index": 7, "ind": 7, "title": "a\u00e9", "age": "20", "country": "Peru"} {}"#;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, payload)) = data.split_first() else { return };
    let name = ["pin", "geo", "user"][usize::from(choice) % 3];
    let form = [Form::Message, Form::Line, Form::Piece][usize::from(choice / 3) % 3];
    let kind = Kind::builtin(name).expect("a built-in kind");

    let alone = chunk(&[payload], form);
    let mut records = Records::default();
    let mut cursor = Cursor::default();
    records.read(&Layout::new(&kind), alone.as_chunk(), &mut cursor);
    // Payloads here are too short to fill a batch.
    assert!(cursor.is_done(alone.as_chunk()), "records were left");
    complete(payload, form, records.rows());
    for record in records.rows() {
        agrees_with_serde(payload, record);
    }

    let mut cleaner = Cleaner::new(Arc::clone(&kind), Options::default()).expect("a cleaner");
    let cleaned = clean(&mut cleaner, &alone);
    accounts(&cleaned, records.rows());

    // Between others, by a cleaner that remembers what it read before.
    let before = clean(&mut cleaner, &chunk(&[NEIGHBOUR], form)).batch;
    let among = clean(&mut cleaner, &chunk(&[NEIGHBOUR, payload, NEIGHBOUR], form)).batch;
    let mine = cleaned.batch;
    assert_eq!(among.num_rows(), mine.num_rows() + 2 * before.num_rows(), "the neighbours changed");
    assert_eq!(among.slice(before.num_rows(), mine.num_rows()), mine, "the neighbours changed the rows");
});

fn chunk(payloads: &[&[u8]], form: Form) -> ChunkBuffer {
    let mut chunk = ChunkBuffer::default();
    let origin = chunk.origin(Origin { epoch: 0, name: "fuzz".into(), part: "".into(), arrived_at: None });
    for payload in payloads {
        chunk.push(payload, form, 0, origin, 1);
    }
    chunk
}

fn clean(cleaner: &mut Cleaner, chunk: &ChunkBuffer) -> Cleaned {
    cleaner.clean(chunk.as_chunk(), &mut Cursor::default()).expect("bad input is a row, not an error")
}

/// Every byte of a payload is in a record, or between records and insignificant.
fn complete(payload: &[u8], form: Form, records: &[Record]) {
    if records.is_empty() {
        assert!(form != Form::Message, "a message without a record");
        assert!(trim_blanks(payload).is_empty(), "a payload without a record");
        return;
    }
    let mut at = 0;
    for (item, record) in records.iter().enumerate() {
        let (start, end) = (record.start as usize, record.end as usize);
        assert_eq!(record.item as usize, item);
        assert!(at <= start && start <= end && end <= payload.len(), "records overlap");
        assert!(payload[at..start].iter().all(|&byte| insignificant(byte)), "a byte was lost");
        at = end;
    }
    assert!(payload[at..].iter().all(|&byte| insignificant(byte)), "a byte was lost");
}

/// Blanks, and what holds an array together.
fn insignificant(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'[' | b']' | b',')
}

fn agrees_with_serde(payload: &[u8], record: &Record) {
    let bytes = &payload[record.start as usize..record.end as usize];
    match record.reject {
        // `[]`, `null` or nothing.
        Some(RejectCode::EmptyPayload) => {
            let text: Vec<u8> = bytes.iter().copied().filter(|&byte| !is_blank(byte)).collect();
            assert!(matches!(text.as_slice(), b"" | b"[]" | b"null"));
        }
        // Beyond our limits: serde_json's skipping has none.
        Some(RejectCode::TooDeep | RejectCode::TooLarge) => {}
        Some(RejectCode::NotJson | RejectCode::InvalidUtf8) => {
            // Values, for what serde_json merely skips it does not check: lone surrogates pass.
            let first = Deserializer::from_slice(bytes).into_iter::<Value>().next();
            assert!(!matches!(first, Some(Ok(_))), "serde_json reads what we refuse");
        }
        None | Some(_) => {
            let value =
                serde_json::from_slice::<Box<RawValue>>(bytes).expect("serde_json refuses what we read");
            let object = value.get().starts_with('{');
            assert_eq!(object, record.reject != Some(RejectCode::NotAnObject));
        }
    }
}

/// The sums and the frame tell the same as the records.
fn accounts(cleaned: &Cleaned, records: &[Record]) {
    let reject = cleaned.batch.column_by_name("_reject").expect("_reject");
    let rejected = records.iter().filter(|record| record.reject.is_some()).count();
    let marked = reject.len() - reject.null_count();
    let tally = cleaned.tallies.first().copied().unwrap_or_default();
    assert_eq!(reject.len(), records.len());
    assert_eq!(marked, rejected);
    assert_eq!((tally.records, tally.rejected), (records.len() as u64, rejected as u64));
}
