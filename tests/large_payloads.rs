//! Payloads that hold more records than a batch: read in pieces, with the result of one reading.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use pinlake::clean::{Cleaner, Options};
use pinlake::kind::Kind;
use pinlake::parse::{BATCH_ROWS, ChunkBuffer, Form, MAX_RECORD};

const NEIGHBOUR: &[u8] = b"{\"ind\": 1}";

/// What tells records apart: key, item, code.
type Seen = (Option<i64>, i32, Option<String>);

fn read(payloads: &[&[u8]]) -> Vec<Seen> {
    let mut cleaner = Cleaner::new(Kind::builtin("user").unwrap(), Options::default()).unwrap();
    let mut chunk = ChunkBuffer::default();
    for (row, payload) in payloads.iter().enumerate() {
        chunk.push(payload, Form::Message, 0, 0, row as u64);
    }
    let batches = cleaner.clean_all(chunk.as_chunk()).unwrap();
    assert!(batches.iter().all(|batch| batch.num_rows() <= BATCH_ROWS));
    batches.iter().flat_map(seen).collect()
}

fn seen(batch: &RecordBatch) -> Vec<Seen> {
    let structs = |name| batch.column_by_name(name).unwrap().as_struct();
    let keys = batch.column(0).as_primitive::<Int64Type>();
    let items = structs("_source").column_by_name("item").unwrap().as_primitive::<Int32Type>();
    let rejects = structs("_reject");
    let codes = rejects.column_by_name("code").unwrap().as_string::<i32>();
    let code = |row: usize| rejects.is_valid(row).then(|| codes.value(row).to_owned());
    (0..batch.num_rows())
        .map(|row| (keys.is_valid(row).then(|| keys.value(row)), items.value(row), code(row)))
        .collect()
}

fn rejected(item: i32, code: &str) -> Seen {
    (None, item, Some(code.to_owned()))
}

/// Records 0..n with a number each, as JSON texts.
fn records(n: usize) -> Vec<String> {
    (0..n).map(|ind| if ind % 3 == 0 { ind.to_string() } else { format!("{{\"ind\":{ind}}}") }).collect()
}

fn wanted(n: usize) -> Vec<Seen> {
    let item = |ind: usize| i32::try_from(ind).unwrap();
    (0..n)
        .map(|ind| match ind % 3 {
            0 => rejected(item(ind), "not_an_object"),
            _ => (Some(ind as i64), item(ind), None),
        })
        .collect()
}

#[test]
fn arrays_and_rows_of_records_of_any_length() {
    for n in [1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1, 2 * BATCH_ROWS, 3 * BATCH_ROWS + 7] {
        let records = records(n);
        for payload in [format!("[ {} ] ", records.join(" , ")), records.join("\n")] {
            let got = read(&[NEIGHBOUR, payload.as_bytes(), NEIGHBOUR]);
            let neighbour = [(Some(1), 0, None)];
            assert_eq!(got, [&neighbour[..], &wanted(n), &neighbour].concat(), "{n} records");
        }
    }
}

#[test]
fn several_arrays_in_one_payload() {
    let one = format!("[{}]", records(BATCH_ROWS - 1).join(","));
    let got = read(&[format!("{one}{one}[]").as_bytes()]);
    let mut want = wanted(BATCH_ROWS - 1);
    let second = wanted(BATCH_ROWS - 1).into_iter();
    want.extend(second.map(|(key, item, code)| (key, item + BATCH_ROWS as i32 - 1, code)));
    want.push(rejected(2 * (BATCH_ROWS as i32 - 1), "empty_payload"));
    assert_eq!(got, want);
}

#[test]
fn an_array_that_breaks_behind_the_first_batch_is_one_record() {
    let n = 2 * BATCH_ROWS + 5;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = format!("\"{}\"", "y".repeat(MAX_RECORD));
    let cases: [(&[u8], &str); 5] = [
        (b"", "not_json"),
        (b",]", "not_json"),
        (b",\"\xff\"]", "invalid_utf8"),
        (&[b",", deep.as_bytes(), b"]"].concat(), "too_deep"),
        (&[b",", long.as_bytes(), b"]"].concat(), "too_large"),
    ];
    let records = records(n).join(",");
    for (end, code) in cases {
        let payload = [b"{\"ind\": 7}[", records.as_bytes(), end, b"{\"ind\": 8}"].concat();
        let got = read(&[NEIGHBOUR, &payload, NEIGHBOUR]);
        let want = [(Some(1), 0, None), (Some(7), 0, None), rejected(1, code), (Some(1), 0, None)];
        assert_eq!(got, want, "{code}");
    }
}

#[test]
fn an_element_as_large_as_a_record_may_be_is_one() {
    let long = format!("{{\"ind\":5,\"x\":\"{}\"}}", "y".repeat(MAX_RECORD - 16));
    assert_eq!(long.len(), MAX_RECORD);
    let payload = format!("[{},{long}]", records(BATCH_ROWS).join(","));
    let got = read(&[payload.as_bytes()]);
    assert_eq!(got.len(), BATCH_ROWS + 1);
    assert_eq!(got.last(), Some(&(Some(5), BATCH_ROWS as i32, None)));
}
