//! `verify` against tables: which record of an `ind` has to be its row, and what is found if it is not.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use pinlake::ledger::verify::{Tables, TablesJudge, quarantine_hashes};
use pinlake::ledger::{Header, Intent, Intents, Ledger, record_hash};
use proptest::prelude::*;

use super::by_hand::{self, End, Sent};

/// Kind, key, content (0: rejected), end.
type Record = (u8, u64, u64, End);
/// Kind, key, content.
type Row = (u8, u64, u64);

const KINDS: [&str; 3] = ["pin", "geo", "user"];

/// The bytes of a rejected record: those of one key are the same.
fn bytes(key: u64) -> Vec<u8> {
    format!("{{'ind\": {key}").into_bytes()
}

fn rows(rows: &[(u64, u64, bool)]) -> RecordBatch {
    let keys: Int64Array = rows.iter().map(|row| Some(row.0.cast_signed())).collect();
    let content = |row: &(u64, u64, bool)| [row.1.to_be_bytes(), [7; 8]].concat();
    let contents: BinaryArray = rows.iter().map(|row| Some(content(row))).collect();
    let replayed: BooleanArray = rows.iter().map(|row| Some(row.2)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("ind", Arc::new(keys)), ("_fingerprint", Arc::new(contents)), ("replayed", Arc::new(replayed))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn quarantine(rows: &[(u8, Option<Vec<u8>>)]) -> RecordBatch {
    let text = |values: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let payloads: BinaryArray = rows.iter().map(|row| row.1.as_deref()).collect();
    let columns: [(&str, ArrayRef); 5] = [
        ("kind", text(rows.iter().map(|row| KINDS[usize::from(row.0)]).collect())),
        ("code", text(vec!["not_json"; rows.len()])),
        ("payload", Arc::new(payloads)),
        ("_hash", Arc::new(Int64Array::from(vec![0; rows.len()]))),
        ("at", text(vec!["kafka:u1.geo/0000000000/7"; rows.len()])),
    ];
    quarantine_hashes(&RecordBatch::try_from_iter(columns).unwrap()).unwrap()
}

fn judge(records: &[Record]) -> TablesJudge {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let sent = |&(kind, key, content, end): &Record| Sent {
        kind,
        key,
        // Those of one content are told apart by nothing else.
        hash: if content == 0 { record_hash(&bytes(key)) } else { u128::from(content).to_le_bytes() },
        content,
        end,
    };
    by_hand::ledger(&path, &records.iter().map(sent).collect::<Vec<_>>());
    TablesJudge::open(&path).unwrap()
}

fn judged(records: &[Record], held: &[Row], rejected: &[(u8, u64)]) -> Tables {
    let mut judge = judge(records);
    for (number, kind) in (0..).zip(KINDS) {
        let of_kind: Vec<_> =
            held.iter().filter(|row| row.0 == number).map(|row| (row.1, row.2, false)).collect();
        judge.rows(kind, &rows(&of_kind)).unwrap();
    }
    let rejected: Vec<_> = rejected.iter().map(|(kind, key)| (*kind, Some(bytes(*key)))).collect();
    judge.quarantined(&quarantine(&rejected)).unwrap();
    let tables = judge.verdict("lake".into());
    balance(&tables);
    assert_eq!(tables.verdict.sent, records.len() as u64);
    assert_eq!(tables.verdict.seen, (held.len() + rejected.len()) as u64);
    tables
}

fn balance(t: &Tables) {
    let v = &t.verdict;
    assert_eq!(v.arrived, t.winners + t.duplicates + t.superseded + t.quarantined, "{t:?}");
    let lost = v.missing.count + v.altered.count;
    assert_eq!(v.sent, v.arrived + lost + v.unsettled + v.failed, "{t:?}");
    let wrong = v.altered.count + v.doubled.count + v.unexpected.count;
    assert_eq!(v.seen, t.winners + t.quarantined + v.repeats + t.replayed + wrong, "{t:?}");
}

/// The counts that are not 0, by name.
fn counts(t: &Tables) -> Vec<(&'static str, u64)> {
    let v = &t.verdict;
    let all = [
        ("winners", t.winners),
        ("duplicates", t.duplicates),
        ("superseded", t.superseded),
        ("quarantined", t.quarantined),
        ("without an end", v.arrived_unsettled),
        ("repeats", v.repeats),
        ("unsettled", v.unsettled),
        ("failed", v.failed),
        ("missing", v.missing.count),
        ("altered", v.altered.count),
        ("doubled", v.doubled.count),
        ("refused", v.refused.count),
        ("unexpected", v.unexpected.count),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

const P0: &str = "u1.geo/0";

#[test]
fn the_row_of_an_ind_is_the_record_at_the_greatest_position() {
    let at = |content, offset| (1, 5, content, End::At(P0, offset));
    let open = |content| (1, 5, content, End::Open);
    let failed = |content| (1, 5, content, End::Failed);
    let nowhere = |content| (1, 5, content, End::Nowhere(1));
    let again = |content, offset| (1, 5, content, End::Again(P0, offset));
    let place = |content, place, offset| (1, 5, content, End::At(place, offset));
    let shard = |content, number| (1, 5, content, End::Sequence("s/shardId-000000000000", number));
    let row = |content| vec![(1, 5, content)];
    type Case = (&'static str, Vec<Record>, Vec<Row>, &'static [(&'static str, u64)]);
    let cases: Vec<Case> = vec![
        ("one", vec![at(1, 0)], row(1), &[("winners", 1)]),
        ("duplicates", vec![at(1, 0), at(1, 3)], row(1), &[("winners", 1), ("duplicates", 1)]),
        ("the later one", vec![at(2, 9), at(1, 10)], row(1), &[("winners", 1), ("superseded", 1)]),
        ("however it was sent", vec![at(1, 10), at(2, 9)], row(1), &[("winners", 1), ("superseded", 1)]),
        ("the earlier one", vec![at(2, 9), at(1, 10)], row(2), &[("superseded", 1), ("altered", 1)]),
        (
            "between equals",
            vec![at(1, 0), at(2, 1), at(1, 2)],
            row(1),
            &[("winners", 1), ("duplicates", 1), ("superseded", 1)],
        ),
        ("sequence numbers", vec![shard(2, 9), shard(1, 10)], row(1), &[("winners", 1), ("superseded", 1)]),
        (
            "the greater partition",
            vec![place(2, "u1.geo/9", 7), place(1, "u1.geo/10", 0)],
            row(1),
            &[("winners", 1), ("superseded", 1)],
        ),
        ("an end unknown, not there", vec![at(1, 0), open(2)], row(1), &[("winners", 1), ("unsettled", 1)]),
        (
            "an end unknown, there",
            vec![at(1, 0), open(2)],
            row(2),
            &[("winners", 1), ("superseded", 1), ("without an end", 1)],
        ),
        ("nothing but such", vec![open(1), open(2)], vec![], &[("unsettled", 2)]),
        (
            "one of them",
            vec![open(1), open(2)],
            row(1),
            &[("winners", 1), ("without an end", 1), ("unsettled", 1)],
        ),
        ("none of them", vec![open(1)], row(9), &[("unsettled", 1), ("unexpected", 1)]),
        ("no place", vec![nowhere(1), nowhere(2)], row(1), &[("winners", 1), ("superseded", 1)]),
        ("no place, the other", vec![nowhere(1), nowhere(2)], row(2), &[("winners", 1), ("superseded", 1)]),
        (
            "sent twice, and the first came late",
            vec![again(2, 0), at(1, 1)],
            row(2),
            &[("winners", 1), ("superseded", 1)],
        ),
        ("lost", vec![at(1, 0), at(2, 1)], vec![], &[("superseded", 1), ("missing", 1)]),
        ("changed", vec![at(1, 0)], row(9), &[("altered", 1)]),
        ("twice", vec![at(1, 0)], vec![(1, 5, 1), (1, 5, 1)], &[("winners", 1), ("doubled", 1)]),
        ("refused", vec![failed(1)], vec![], &[("failed", 1)]),
        ("refused, and there", vec![failed(1)], row(1), &[("winners", 1), ("refused", 1)]),
        ("refused, instead", vec![at(1, 0), failed(2)], row(2), &[("failed", 1), ("altered", 1)]),
        ("another ind", vec![at(1, 0)], vec![(1, 5, 1), (1, 6, 1)], &[("winners", 1), ("unexpected", 1)]),
        ("another kind", vec![at(1, 0)], vec![(2, 5, 1)], &[("missing", 1), ("unexpected", 1)]),
        (
            "two strangers of one ind",
            vec![],
            vec![(2, 5, 1), (2, 5, 1)],
            &[("doubled", 1), ("unexpected", 1)],
        ),
    ];
    for (what, records, held, wanted) in cases {
        let tables = judged(&records, &held, &[]);
        assert_eq!(counts(&tables), wanted, "{what}: {tables:?}");
    }
    let stale = judged(&[at(2, 9), at(1, 10)], &row(2), &[]).verdict.altered.shown.remove(0);
    assert_eq!((stale.record, stale.key), (Some(1), Some(5)));
    assert_eq!(stale.why.as_deref(), Some("holds record 0, which is superseded"));
}

#[test]
fn a_rejected_record_is_in_the_quarantine_by_its_bytes() {
    let at = |kind, key, offset| (kind, key, 0, End::At(P0, offset));
    type Case<'a> = (&'a str, Vec<Record>, Vec<(u8, u64)>, &'a [(&'a str, u64)]);
    let cases: Vec<Case<'_>> = vec![
        ("one", vec![at(1, 5, 0)], vec![(1, 5)], &[("quarantined", 1)]),
        ("two of a content", vec![at(1, 5, 0), at(1, 5, 1)], vec![(1, 5), (1, 5)], &[("quarantined", 2)]),
        ("one is lost", vec![at(1, 5, 0), at(1, 5, 1)], vec![(1, 5)], &[("quarantined", 1), ("missing", 1)]),
        ("another kind's", vec![at(1, 5, 0)], vec![(2, 5)], &[("missing", 1), ("unexpected", 1)]),
        ("once more", vec![at(1, 5, 0)], vec![(1, 5); 2], &[("quarantined", 1), ("doubled", 1)]),
        (
            "sent again",
            vec![(1, 5, 0, End::Again(P0, 3))],
            vec![(1, 5); 2],
            &[("quarantined", 1), ("repeats", 1)],
        ),
        ("an end unknown", vec![(1, 5, 0, End::Open)], vec![], &[("unsettled", 1)]),
        ("refused", vec![(1, 5, 0, End::Failed)], vec![(1, 5)], &[("quarantined", 1), ("refused", 1)]),
    ];
    for (what, records, held, wanted) in cases {
        let tables = judged(&records, &[], &held);
        assert_eq!(counts(&tables), wanted, "{what}: {tables:?}");
    }
    // An `ind` may have both, and the numbers are those of the ledger.
    let mixed = [(1, 4, 1, End::At(P0, 0)), at(1, 5, 1), (1, 5, 1, End::At(P0, 2))];
    let tables = judged(&mixed, &[(1, 4, 1), (1, 5, 1)], &[]);
    assert_eq!(counts(&tables), [("winners", 2), ("missing", 1)]);
    assert_eq!(tables.verdict.missing.shown[0].record, Some(1));
}

#[test]
fn null_and_cut_payloads_are_known() {
    let long = [b"{\"ind\": 5, \"x\": \"".to_vec(), vec![b'y'; 11 << 20], b"\"}".to_vec()].concat();
    let columns: [(&str, ArrayRef); 5] = [
        ("kind", Arc::new(StringArray::from(vec!["geo"; 3]))),
        ("code", Arc::new(StringArray::from(vec!["empty_payload", "empty_payload", "too_large"]))),
        ("payload", Arc::new(BinaryArray::from(vec![None, Some(&b"null"[..]), None]))),
        ("_hash", Arc::new(Int64Array::from(vec![1, 2, xxhash_rust::xxh3::xxh3_64(&long).cast_signed()]))),
        ("at", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
    ];
    let found = quarantine_hashes(&RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    let hashes = found.column_by_name("hash").unwrap();
    let hashes = hashes.as_any().downcast_ref::<BinaryArray>().unwrap();
    let wanted = [record_hash(b"null"), record_hash(b"null"), record_hash(&long)];
    assert!(hashes.iter().map(Option::unwrap).eq(wanted.iter().map(<[u8; 16]>::as_slice)));
}

#[test]
fn what_a_replay_has_brought_is_not_judged() {
    let mut judge = judge(&[(1, 5, 1, End::At(P0, 0)), (1, 6, 0, End::At(P0, 1))]);
    judge.rows("geo", &rows(&[(5, 9, true), (6, 9, true), (7, 9, true)])).unwrap();
    judge.quarantined(&quarantine(&[(1, Some(bytes(6)))])).unwrap();
    let tables = judge.verdict("lake".into());
    balance(&tables);
    assert_eq!((tables.replayed, tables.superseded, tables.quarantined), (3, 1, 1));
    assert_eq!(tables.unexplained(), 0);
}

#[test]
fn posts_whose_pin_was_not_sent_are_orphans() {
    let sent = |kind, key, content| (kind, key, content, End::At(P0, u64::from(kind) + 3 * key));
    // 1 has a pin, 2 one that is rejected, 3 and 4 none.
    let records = [
        sent(0, 1, 1),
        sent(1, 1, 1),
        sent(0, 2, 0),
        sent(1, 2, 1),
        sent(1, 3, 1),
        sent(2, 3, 1),
        sent(2, 4, 1),
    ];
    let held: Vec<Row> = records.iter().filter(|r| r.2 > 0).map(|r| (r.0, r.1, r.2)).collect();
    let tables = judged(&records, &held, &[(0, 2)]);
    assert_eq!((tables.unexplained(), tables.verdict.orphans), (0, 2));
}

#[test]
fn a_ledger_without_fingerprints_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let mut ledger = Ledger::create(&path, &Header { format: 1, ..by_hand::header() }).unwrap();
    let records = vec![Intent { kind: 1, key: 1, hash: [1; 16] }];
    let intents = Intents { slots: 0..1, emissions: 0..1, records, contents: vec![3], ..Intents::default() };
    ledger.intend(&intents).unwrap();
    ledger.commit().unwrap();
    let error = TablesJudge::open(&path).unwrap_err().to_string();
    assert!(error.contains("(form 1) that kept no fingerprints"), "{error}");
    assert!(pinlake::ledger::verify::Judge::open(&path).is_ok());
}

/// Records with a place of their own each, and whether what nobody knows of them arrived.
fn sent() -> impl Strategy<Value = Vec<(Record, bool)>> {
    let record = (0..3u8, 0..6u64, 0..3u64, 0..5u8, any::<bool>());
    prop::collection::vec(record, 0..60).prop_map(|records| {
        let placed = |(offset, (kind, key, content, end, arrived)): (u64, _)| {
            // The first sending of one that was sent twice stands behind the second, if it arrived.
            let offset = offset * 7919 % 1_000 * 2;
            let end = match end {
                0 => End::Open,
                1 => End::Failed,
                2 => End::Again(P0, offset),
                _ => End::At(P0, offset),
            };
            ((kind, key, content, end), arrived)
        };
        (0..).zip(records).map(placed).collect()
    })
}

/// What tables hold of records: rows, and rejected ones.
fn tables(sent: &[(Record, bool)]) -> (Vec<Row>, Vec<(u8, u64)>) {
    let mut there: Vec<(u64, Row)> = Vec::new();
    for ((kind, key, content, end), arrived) in sent {
        let mut add = |offset| there.push((offset, (*kind, *key, *content)));
        match *end {
            End::At(_, offset) => add(offset),
            End::Again(_, offset) => {
                add(offset);
                (0..u64::from(*arrived)).for_each(|_| add(offset + 1));
            }
            End::Open if *arrived => add(2_001),
            _ => {}
        }
    }
    there.sort();
    let mut rows = std::collections::BTreeMap::new();
    let mut rejected = Vec::new();
    for (_, (kind, key, content)) in there {
        if content == 0 {
            rejected.push((kind, key));
        } else {
            rows.insert((kind, key), content);
        }
    }
    (rows.into_iter().map(|((kind, key), content)| (kind, key, content)).collect(), rejected)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn true_tables_are_explained_and_any_tables_balance(
        sent in sent(),
        others in prop::collection::vec((0..3u8, 0..8u64, 0..4u64), 0..20),
        bad in prop::collection::vec((0..3u8, 0..8u64), 0..20),
    ) {
        let records: Vec<Record> = sent.iter().map(|(record, _)| *record).collect();
        let (rows, rejected) = tables(&sent);
        let found = judged(&records, &rows, &rejected);
        prop_assert_eq!(found.unexplained(), 0, "{:?}", found);
        // `judged` looks whether the books balance.
        judged(&records, &others, &bad);
        let missing = judged(&records, &rows[rows.len().min(1)..], &rejected);
        let acked = |row: &Row| records.iter().any(|record| {
            (record.0, record.1) == (row.0, row.1) && record.2 > 0 && !matches!(record.3, End::Open | End::Failed)
        });
        prop_assert_eq!(missing.verdict.missing.count, u64::from(rows.first().is_some_and(acked)));
    }
}
