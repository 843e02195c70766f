//! Properties of the row work, over arbitrary bytes and arbitrary JSON.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use pinlake::clean::{Cleaned, Cleaner, Options};
use pinlake::kind::Kind;
use pinlake::parse::{Chunk, ChunkBuffer, Cursor, Form, Next, next_value};
use proptest::prelude::*;
use serde_json::{Value, json};

fn chunk(payloads: &[Vec<u8>]) -> ChunkBuffer {
    let mut chunk = ChunkBuffer::default();
    for (row, payload) in payloads.iter().enumerate() {
        chunk.push(payload, Form::Message, 0, 0, row as u64);
    }
    chunk
}

fn clean(kind: &str, chunks: &[ChunkBuffer]) -> RecordBatch {
    let mut cleaner = Cleaner::new(Kind::builtin(kind).unwrap(), Options::default()).unwrap();
    let mut batches = Vec::new();
    for chunk in chunks {
        let chunk: Chunk<'_> = chunk.as_chunk();
        let mut cursor = Cursor::default();
        while !cursor.is_done(chunk) {
            let Cleaned { batch, tallies } = cleaner.clean(chunk, &mut cursor).unwrap();
            assert_eq!(batch.num_rows() as u64, tallies.iter().map(|tally| tally.records).sum::<u64>());
            batches.push(batch);
        }
    }
    concat_batches(cleaner.schema(), &batches).unwrap()
}

/// JSON values, with what the rules look for among the leaves.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{1,4}(,[0-9]{3})?(\\.[0-9])?[kMb]?".prop_map(Value::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]".prop_map(Value::from),
        Just(json!("No Title Data Available")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "index",
            "ind",
            "title",
            "follower_count",
            "downloaded",
            "save_location",
            "age",
            "first_name",
            "last_name",
            "date_joined",
            "timestamp",
            "latitude",
            "longitude",
            "country",
            "value",
            "records",
        ])
        .prop_map(String::from),
        "[a-z]{1,4}",
    ];
    prop::collection::vec((name, any_json()), 0..10).prop_map(|members| {
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("{}: {value}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", members.join(", ")).into_bytes()
    })
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        any_record(),
        any_json().prop_map(|value| value.to_string().into_bytes()),
        (any_record(), any_record()).prop_map(|(a, b)| [a, b].concat()),
        (any_record(), any_record()).prop_map(|(a, b)| [b"[", &*a, b",", &*b, b"]"].concat()),
        (any_record(), any::<u8>(), any::<prop::sample::Index>()).prop_map(|(mut record, byte, at)| {
            let at = at.index(record.len());
            record[at] = byte;
            record
        }),
        (any_record(), any::<prop::sample::Index>()).prop_map(|(mut record, at)| {
            record.truncate(at.index(record.len()));
            record
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_becomes_rows_and_every_message_leaves_one(payloads in prop::collection::vec(any_payload(), 0..8)) {
        for kind in ["pin", "geo", "user"] {
            let batch = clean(kind, &[chunk(&payloads)]);
            prop_assert!(batch.num_rows() >= payloads.len());
        }
    }

    #[test]
    fn splitting_a_batch_changes_nothing(payloads in prop::collection::vec(any_payload(), 1..8), at in any::<prop::sample::Index>()) {
        let at = at.index(payloads.len());
        let whole = clean("pin", &[chunk(&payloads)]);
        let mut tail = ChunkBuffer::default();
        for (row, payload) in payloads.iter().enumerate().skip(at) {
            tail.push(payload, Form::Message, 0, 0, row as u64);
        }
        let parts = clean("pin", &[chunk(&payloads[..at]), tail]);
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn what_came_before_changes_nothing(before in any_record(), record in any_record()) {
        // The record before teaches the reader what to expect; the result must not depend on it.
        let alone = clean("geo", &[chunk(std::slice::from_ref(&record))]);
        let mut both = ChunkBuffer::default();
        both.push(&before, Form::Line, 0, 0, 1);
        both.push(&record, Form::Message, 0, 0, 0);
        let both = clean("geo", &[both]);
        let rows = alone.num_rows();
        prop_assert_eq!(both.slice(both.num_rows() - rows, rows), alone);
    }

    #[test]
    fn the_scanner_takes_what_serde_json_takes(text in prop_oneof![
        any_json().prop_map(|value| value.to_string().into_bytes()),
        any_record(),
        prop::collection::vec(prop::sample::select(b"{}[]\",:\\u0129dD8.eE+-truefalsn \n\t\x01\x7f\xc3\xa9".to_vec()), 0..12),
        any_payload(),
    ]) {
        let theirs = serde_json::from_slice::<Value>(&text);
        let ours = matches!(next_value(&text, 0, false), Next::Value { end, .. } if text[end..].iter().all(|&b| pinlake::parse::is_blank(b)));
        let ours = ours && std::str::from_utf8(&text).is_ok();
        // serde_json refuses numbers beyond the range of f64, which are JSON all the same.
        let beyond = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        prop_assert!(ours == theirs.is_ok() || beyond, "{:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn canonical_json_is_a_fixed_point_and_means_the_same(value in any_json()) {
        let mut once = Vec::new();
        pinlake::parse::canonical(value.to_string().as_bytes(), &mut once);
        let mut twice = Vec::new();
        pinlake::parse::canonical(&once, &mut twice);
        prop_assert_eq!(&once, &twice);
        // Both by way of the same reader: serde_json's is not exact to the last bit of a float.
        let source: Value = serde_json::from_str(&value.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&once).unwrap(), source);
    }
}
