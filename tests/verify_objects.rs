//! `verify` against objects: records known by their content alone, however they stand in files.

use std::io::Write as _;
use std::path::Path;

use pinlake::ledger::record_hash;
use pinlake::ledger::verify::{Verdict, verify};
use pinlake::source::Options;

use super::by_hand::{self, End, Sent};

const PIN: &[u8] = br#"{"index": 1, "title": "a"}"#;
const GEO: &[u8] = br#"{"ind": 1, "country": "Peru"}"#;
const USER: &[u8] = br#"{"ind": 1, "age": 20}"#;
const CORRUPT: &[u8] = br#"{'ind": 2, "country": "Chad"}"#;
const NOT_UTF8: &[u8] = b"{\"ind\": 3, \"country\": \"\xff\"}";

/// A ledger of these records; none has a position.
fn ledger(path: &Path, records: &[(u8, u64, &[u8], End)]) {
    let sent = |(kind, key, value, end): &(u8, u64, &[u8], End)| Sent {
        kind: *kind,
        key: *key,
        hash: record_hash(value),
        content: 1,
        end: *end,
    };
    by_hand::ledger(path, &records.iter().map(sent).collect::<Vec<_>>());
}

fn put(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join("objects").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn judged(dir: &Path) -> Verdict {
    let against = format!("objects:{}", dir.join("objects").display());
    let verdict = verify(&dir.join("ledger"), &against, &Options::new()).unwrap();
    assert_eq!(verdict.sent, verdict.arrived + verdict.missing.count + verdict.unsettled + verdict.failed);
    let there = verdict.arrived + verdict.repeats + verdict.doubled.count + verdict.unexpected.count;
    assert_eq!(verdict.seen, there, "{verdict:?}");
    verdict
}

fn five(dir: &Path) {
    let records: [(u8, u64, &[u8], End); 5] = [
        (0, 1, PIN, End::Nowhere(1)),
        (1, 1, GEO, End::Nowhere(1)),
        (2, 1, USER, End::Nowhere(1)),
        (1, 2, CORRUPT, End::Nowhere(1)),
        (1, 3, NOT_UTF8, End::Nowhere(1)),
    ];
    ledger(&dir.join("ledger"), &records);
}

#[test]
fn records_are_found_however_they_stand() {
    // Keys in another order and numbers in another form make no other record.
    let spelled: &[u8] = br#"{"country":"Peru","ind":1.0}"#;
    let lines = [PIN, CORRUPT, b"", NOT_UTF8, b" ", GEO, USER].join(&b"\n"[..]);
    for (how, files) in [
        ("concatenated", vec![("posts/2024/01/02/03/p-1", [PIN, GEO, NOT_UTF8, USER, CORRUPT].concat())]),
        ("lines", vec![("a.jsonl", lines.clone())]),
        ("lines with their ends", vec![("a.json", [&lines[..], b"\r\n"].concat())]),
        ("packed", vec![("2024/01/02/03/p-1.gz", gzip(&lines))]),
        ("packed without an ending", vec![("2024/01/02/03/p-1", gzip(&lines))]),
        (
            "in a place a kind",
            vec![
                ("pin/2024/x", PIN.to_vec()),
                ("geo/2024/x", [spelled, NOT_UTF8, CORRUPT].concat()),
                ("user/2024/x.gz", gzip(USER)),
            ],
        ),
        (
            "the corrupt one last in its line",
            vec![("a", [&[GEO, CORRUPT].concat()[..], &[PIN, NOT_UTF8].concat(), USER].join(&b"\n"[..]))],
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        five(dir.path());
        for (name, bytes) in files {
            put(dir.path(), name, &bytes);
        }
        let verdict = judged(dir.path());
        assert_eq!((verdict.unexplained(), verdict.arrived, verdict.seen), (0, 5, 5), "{how}: {verdict:?}");
        // The corrupt ones are of posts whose pins were not sent.
        assert_eq!(verdict.orphans, 2);
    }
}

#[test]
fn without_a_newline_a_corrupt_record_swallows_what_follows() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path());
    put(dir.path(), "a", &[PIN, CORRUPT, GEO, USER, NOT_UTF8].concat());
    let verdict = judged(dir.path());
    assert_eq!((verdict.arrived, verdict.missing.count, verdict.unexpected.count), (1, 4, 1));
    let at = verdict.unexpected.shown[0].at.as_deref().unwrap();
    assert!(at.ends_with("/objects/a, line at byte 0"), "{at}");
}

#[test]
fn an_object_that_is_lost_or_there_twice_is_found() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path());
    put(dir.path(), "a", &[PIN, GEO].concat());
    put(dir.path(), "b", &[PIN, GEO].concat());
    put(dir.path(), "c", br#"{"index": 9, "title": "of somebody else"}"#);
    let verdict = judged(dir.path());
    let counts = [&verdict.missing, &verdict.doubled, &verdict.unexpected].map(|found| found.count);
    assert_eq!(counts, [3, 2, 1], "{verdict:?}");
    assert_eq!(verdict.missing.shown[0].key, Some(1));
    assert!(verdict.doubled.shown[0].at.as_deref().unwrap().contains("/objects/b"));
    assert_eq!(verdict.unexpected.shown[0].key, Some(9));
}

#[test]
fn of_one_content_those_are_explained_first_that_have_to_be_there() {
    let cases: [(&str, Vec<End>, usize, [u64; 6]); 8] = [
        // arrived, unsettled of these, repeats, unsettled, refused, doubled
        ("one of two may be lost", vec![End::Open, End::Nowhere(1)], 1, [1, 0, 0, 1, 0, 0]),
        ("both arrived", vec![End::Open, End::Nowhere(1)], 2, [2, 1, 0, 0, 0, 0]),
        ("one too many", vec![End::Open, End::Nowhere(1)], 3, [2, 1, 0, 0, 0, 1]),
        ("sent again", vec![End::Nowhere(3), End::Nowhere(1)], 4, [2, 0, 2, 0, 0, 0]),
        ("sent again, and one more", vec![End::Nowhere(3), End::Nowhere(1)], 5, [2, 0, 2, 0, 0, 1]),
        ("refused and not there", vec![End::Failed, End::Nowhere(2)], 2, [1, 0, 1, 0, 0, 0]),
        ("refused and there", vec![End::Failed, End::Nowhere(1)], 2, [2, 0, 0, 0, 1, 0]),
        ("nobody knows", vec![End::Open], 0, [0, 0, 0, 1, 0, 0]),
    ];
    for (what, ends, times, wanted) in cases {
        let dir = tempfile::tempdir().unwrap();
        let records: Vec<_> = ends.into_iter().map(|end| (1, 1, GEO, end)).collect();
        ledger(&dir.path().join("ledger"), &records);
        put(dir.path(), "a", &GEO.repeat(times));
        let v = judged(dir.path());
        let found =
            [v.arrived, v.arrived_unsettled, v.repeats, v.unsettled, v.refused.count, v.doubled.count];
        assert_eq!(found, wanted, "{what}: {v:?}");
        assert_eq!(v.missing.count, 0, "{what}");
    }
}

#[test]
fn positions_of_a_ledger_say_nothing_in_objects() {
    let dir = tempfile::tempdir().unwrap();
    let end = End::Sequence("streaming-u1-geo/shardId-000000000000", 49);
    ledger(&dir.path().join("ledger"), &[(1, 1, GEO, end)]);
    put(dir.path(), "a", GEO);
    assert_eq!((judged(dir.path()).unexplained(), judged(dir.path()).arrived), (0, 1));
}

#[test]
fn what_is_too_long_for_readers_is_known_by_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let long = [br#"{"ind": 4, "x": ""#.to_vec(), vec![b'y'; 11 << 20], b"\"}".to_vec()].concat();
    let records: [(u8, u64, &[u8], End); 3] =
        [(1, 1, GEO, End::Nowhere(1)), (2, 1, USER, End::Nowhere(1)), (1, 4, &long, End::Nowhere(1))];
    ledger(&dir.path().join("ledger"), &records);
    // One line of above 16 MiB is read as a stream.
    let blanks = vec![b' '; 7 << 20];
    put(dir.path(), "a", &[GEO, &blanks, USER, &long].concat());
    assert_eq!((judged(dir.path()).unexplained(), judged(dir.path()).arrived), (0, 3));
}

#[test]
fn what_cannot_be_read_is_said_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path());
    let said = |name: &str| {
        let against = format!("objects:{}", dir.path().join(name).display());
        verify(&dir.path().join("ledger"), &against, &Options::new()).unwrap_err().to_string()
    };
    assert!(said("none").ends_with("none: no such file or folder"), "{}", said("none"));
    put(dir.path(), "pins.parquet", b"PAR1");
    assert!(said("objects").contains("pins.parquet: a table, no object of JSON records"));
    std::fs::remove_file(dir.path().join("objects/pins.parquet")).unwrap();
    put(dir.path(), "notes.md", b"# none of ours");
    let verdict = judged(dir.path());
    assert_eq!((verdict.seen, verdict.missing.count), (0, 5));
}
