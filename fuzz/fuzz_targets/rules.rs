//! Arbitrary field values through the rules: the record stays a row, a bad field becomes null and
//! is named, what stands in a column keeps the rule's promise.
#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use libfuzzer_sys::fuzz_target;
use pinlake::clean::{Cleaner, ERROR_CODES, Invalid, Options, follower_count, timestamp};
use pinlake::kind::Kind;
use pinlake::parse::{ChunkBuffer, Form, Origin};
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, values)) = data.split_first() else { return };
    scalars(values);
    let name = ["pin", "geo", "user"][usize::from(choice) % 3];
    let kind = Kind::builtin(name).expect("a built-in kind");
    let record = record(&kind, values);
    let batch = clean(&kind, &record, Invalid::Report);
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), 5, "the key");
    assert!(column(&batch, "_reject").is_null(0), "a bad field lost its record");
    let named = named(&batch);
    for plan in &kind.columns {
        let value = column(&batch, &plan.name);
        assert!(value.is_null(0) || !named.contains(plan.name.as_str()) || plan.fields.len() > 1);
    }
    promises(&batch);
    let strict = clean(&kind, &record, Invalid::Quarantine);
    assert_eq!(column(&strict, "_reject").is_null(0), named.is_empty());
});

/// An object with the key 5 and each of the kind's other fields: JSON as it came, or a string.
fn record(kind: &Kind, values: &[u8]) -> Vec<u8> {
    let mut record = format!("{{{}:5", quoted(&kind.key));
    let fields = kind.columns.iter().flat_map(|column| &column.fields);
    for (field, value) in fields.zip(values.split(|&byte| byte == 0xff)) {
        let json = match serde_json::from_slice::<Box<RawValue>>(value) {
            Ok(json) if depth(value) < 100 && decodes(value) => json.get().to_owned(),
            _ => quoted(&String::from_utf8_lossy(value)),
        };
        record.push_str(&format!(",{}:{json}", quoted(field)));
    }
    record.push('}');
    record.into_bytes()
}

/// Whether strings decode: serde_json skips over lone surrogates without a word. Numbers of any size
/// are JSON, though not all of them are values of serde_json.
fn decodes(value: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(value) {
        Ok(_) => true,
        Err(error) => error.to_string().starts_with("number out of range"),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

/// At least the brackets that are open at once.
fn depth(value: &[u8]) -> usize {
    value.iter().filter(|&&byte| byte == b'[' || byte == b'{').count()
}

fn clean(kind: &Arc<Kind>, record: &[u8], invalid: Invalid) -> RecordBatch {
    let options = Options { invalid, ..Options::default() };
    let mut cleaner = Cleaner::new(Arc::clone(kind), options).expect("a cleaner");
    let mut chunk = ChunkBuffer::default();
    let origin = chunk.origin(Origin { epoch: 0, name: "fuzz".into(), part: "".into(), arrived_at: None });
    chunk.push(record, Form::Message, 0, origin, 0);
    let mut batches = cleaner.clean_all(chunk.as_chunk()).expect("bad input is a row, not an error");
    batches.pop().expect("a batch")
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a dyn Array {
    batch.column_by_name(name).expect("a column of the plan").as_ref()
}

/// The columns that `_errors` names, each with a known code.
fn named(batch: &RecordBatch) -> HashSet<String> {
    let errors = column(batch, "_errors").as_list::<i32>().value(0);
    let errors = errors.as_struct();
    let codes: HashSet<&str> = ERROR_CODES.iter().map(|code| code.as_str()).collect();
    for code in errors.column(1).as_string::<i32>().iter().flatten() {
        assert!(codes.contains(code), "{code} is no code");
    }
    for value in errors.column(2).as_string::<i32>().iter().flatten() {
        assert!(value.chars().count() <= 1000, "a value longer than 1,000 characters");
    }
    errors.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect()
}

/// What a reader of the tables may rely on.
fn promises(batch: &RecordBatch) {
    if let Some(followers) = batch.column_by_name("follower_count") {
        assert!(followers.as_primitive::<Int64Type>().iter().flatten().all(|count| count >= 0));
    }
    if let Some(age) = batch.column_by_name("age") {
        assert!(age.as_primitive::<Int32Type>().iter().flatten().all(|age| (0..=150).contains(&age)));
    }
    if let Some(pair) = batch.column_by_name("coordinates") {
        let pair = pair.as_list::<i32>();
        if pair.is_valid(0) {
            let pair = pair.value(0);
            let pair = pair.as_primitive::<Float64Type>();
            assert_eq!((pair.len(), pair.null_count()), (2, 0));
            let within = |at: usize, limit: f64| (-limit..=limit).contains(&pair.value(at));
            assert!(within(0, 90.0) && within(1, 180.0), "latitude, longitude");
        }
    }
}

/// The rules that are functions of their own, on text as it comes.
fn scalars(text: &[u8]) {
    assert_eq!(follower_count(text), slow_count(text), "{:?}", String::from_utf8_lossy(text));
    if let Some(micros) = timestamp(text) {
        // 0001-01-01 to 9999-12-31.
        assert!((-62_135_596_800_000_000..=253_402_300_799_999_999).contains(&micros));
    }
}

/// `1`, `12,345`, `1.5k`, in whole numbers of ten's powers, slow and plain.
fn slow_count(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim_matches([' ', '\t', '\n', '\r']);
    let (body, zeros) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 3),
        'm' | 'M' => (&text[..text.len() - 1], 6),
        'b' | 'B' => (&text[..text.len() - 1], 9),
        _ => (text, 0),
    };
    let (whole, fraction) = body.split_once('.').map_or((body, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !fraction.is_none_or(digits) {
        return None;
    }
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped =
        groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    if !grouped || !groups.iter().all(|group| digits(group)) {
        return None;
    }
    let fraction = fraction.unwrap_or("").trim_end_matches('0');
    if fraction.len() > zeros {
        return None;
    }
    let mut all = groups.concat();
    all.push_str(fraction);
    all.push_str(&"0".repeat(zeros - fraction.len()));
    let all = all.trim_start_matches('0');
    if all.is_empty() { Some(0) } else { all.parse().ok() }
}
