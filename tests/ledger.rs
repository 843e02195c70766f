//! The ledger as a file: what is committed is there after a crash at any byte.

use std::fs;
use std::path::Path;

use pinlake::Error;
use pinlake::ledger::{
    Event, FORMAT, Header, Intent, Intents, Ledger, Outcome, Position, Reader, Status, record_hash,
};

fn header() -> Header {
    Header {
        format: FORMAT,
        version: "0.1.0".into(),
        source: "synthetic-1".into(),
        seed: 7,
        order: "permuted".into(),
        kinds: vec!["pin".into(), "geo".into(), "user".into()],
        faults: vec![("duplicate".into(), "0.02".into())],
        count: Some(100),
        user_id: "u1".into(),
        target: "kafka://127.0.0.1:9092".into(),
    }
}

fn intent(n: u64) -> Intent {
    Intent { kind: (n % 3) as u8, key: n / 3, hash: u128::from(n).to_le_bytes() }
}

/// Intents of one slot.
fn intents(first: u64, slot: u64, records: &[u64]) -> Event {
    Event::Intents(Intents { first, ..of_slot(slot, records) })
}

fn of_slot(slot: u64, records: &[u64]) -> Intents {
    let contents = records.iter().map(|n| n * 7).collect();
    let records = records.iter().map(|n| intent(*n)).collect();
    Intents { first: 0, slots: slot..slot + 1, emissions: 0..100, withheld: slot, records, contents }
}

fn acked(record: u64, place: u32) -> Outcome {
    let status = Status::Acked { place, position: Position::Offset(record / 3) };
    Outcome { record, attempts: 1, sent_at: 1_000 + record, known_at: 2_000 + record, status }
}

/// Ten groups of three records each; the file's length after every commit, and what was said.
fn written(path: &Path) -> (Vec<u64>, Vec<Event>) {
    let mut ledger = Ledger::create(path, &header()).unwrap();
    let mut ends = vec![fs::metadata(path).unwrap().len()];
    for group in 0..10 {
        let records: Vec<_> = (group * 3..group * 3 + 3).collect();
        let first = ledger.intend(&of_slot(group, &records)).unwrap();
        assert_eq!(first, group * 3);
        let place = ledger.place(&format!("u1.pin/{}", group % 2)).unwrap();
        ledger.settle(&[acked(first, place), acked(first + 1, place)]).unwrap();
        let unknown = Status::Unknown("timeout".into());
        ledger.settle(&[Outcome { status: unknown, attempts: 4, ..acked(first + 2, place) }]).unwrap();
        ledger.commit().unwrap();
        ends.push(fs::metadata(path).unwrap().len());
    }
    drop(ledger);
    let events = Reader::open(path).unwrap().map(Result::unwrap).collect();
    (ends, events)
}

#[test]
fn a_records_hash_is_of_its_value_not_of_its_spelling() {
    let same = [
        &br#"{"a": "\u00e9", "n": [1, -0.5, 1e3, 12345678901234567890], "z": null}"#[..],
        "{\"n\":[1.0,-5E-1,1000,12345678901234567890],\"z\":null,\"a\":\"é\"}".as_bytes(),
    ];
    assert_eq!(record_hash(same[0]), record_hash(same[1]));
    let others = [
        &br#"{"n": 1}"#[..],
        br#"{"n": "1"}"#,
        br#"{"n": 1.5}"#,
        br#"{"n": -1}"#,
        br#"{"n": [1]}"#,
        b"1",
        b"null",
        b"",
        b"{",
        b"{} {}",
        br#"{"n": 9007199254740993}"#,
        br#"{"n": 9007199254740992}"#,
        br#"{"n": 123456789012345678901}"#,
        br#"{"n": 123456789012345678902}"#,
        b"\xff",
    ];
    let hashes: std::collections::HashSet<_> = others.iter().map(|value| record_hash(value)).collect();
    assert_eq!(hashes.len(), others.len());
}

fn said(error: &Error) -> String {
    error.to_string()
}

#[test]
fn what_was_said_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (_, events) = written(&folder.path().join("l"));
    assert_eq!(events[0], intents(0, 0, &[0, 1, 2]));
    assert_eq!(events[1], Event::Place(0, "u1.pin/0".into()));
    assert_eq!(events[2], Event::Outcomes(vec![acked(0, 0), acked(1, 0)]));
    let places = events.iter().filter(|event| matches!(event, Event::Place(..))).count();
    assert_eq!((places, events.len()), (2, 32));
}

#[test]
fn a_file_cut_at_any_byte_holds_every_commit_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let (ends, events) = written(&path);
    let whole = fs::read(&path).unwrap();
    let cut = folder.path().join("cut");
    for length in 0..=whole.len() as u64 {
        // A file system may leave zeros behind what it lost.
        let zeros = if length % 2 == 0 { 40 } else { 0 };
        let mut bytes = whole[..usize::try_from(length).unwrap()].to_vec();
        bytes.resize(bytes.len() + zeros, 0);
        fs::write(&cut, &bytes).unwrap();
        if length < ends[0] {
            says_nothing(&cut);
            continue;
        }
        let mut reader = Reader::open(&cut).unwrap();
        let kept: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        let last = *ends.iter().rfind(|end| **end <= length).unwrap();
        assert_eq!((reader.good(), reader.torn()), (last, bytes.len() as u64 - last), "{length}");
        assert_eq!(kept, events[..kept.len()]);
        // It goes on behind the last commit.
        let mut seen = 0;
        let mut ledger = Ledger::resume(&cut, &header(), |_| seen += 1).unwrap();
        assert_eq!(seen, kept.len());
        let first = ledger.intend(&of_slot(99, &[99])).unwrap();
        ledger.resend(&[7, 3]).unwrap();
        ledger.end("count").unwrap();
        drop(ledger);
        let again: Vec<_> = Reader::open(&cut).unwrap().map(Result::unwrap).collect();
        assert_eq!(again[..kept.len()], kept);
        assert_eq!(again[kept.len()], intents(first, 99, &[99]));
        assert_eq!(again[kept.len() + 1..], [Event::Resends(vec![7, 3]), Event::End("count".into())]);
    }
}

/// A ledger that was cut within its header: one line, whoever asks, and a new one once it is gone.
fn says_nothing(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let line = said(&Reader::open(path).unwrap_err());
    assert!(line.contains("ended within its header") && line.contains("delete it"), "{line}");
    assert_eq!(said(&Ledger::create(path, &header()).unwrap_err()), line);
    assert_eq!(said(&Ledger::resume(path, &header(), |_| ()).unwrap_err()), line);
    assert!(fs::read(path).unwrap() == bytes, "it is left as it is");
    fs::remove_file(path).unwrap();
    drop(Ledger::create(path, &header()).unwrap());
}

#[test]
fn a_ledger_of_the_first_form_is_gone_on_with_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let first = Header { format: 1, ..header() };
    assert!(!first.keeps_contents() && header().keeps_contents());
    drop(Ledger::create(&path, &first).unwrap());
    for slot in 0..2 {
        let mut ledger = Ledger::resume(&path, &header(), |_| ()).unwrap();
        assert!(!ledger.keeps_contents());
        ledger.intend(&of_slot(slot, &[slot])).unwrap();
        ledger.commit().unwrap();
    }
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.header().format, 1);
    let without = |slot| Intents { contents: Vec::new(), first: slot, ..of_slot(slot, &[slot]) };
    let wanted = [0, 1].map(|slot| Event::Intents(without(slot)));
    assert_eq!(reader.by_ref().map(Result::unwrap).collect::<Vec<_>>(), wanted);
}

#[test]
fn damage_before_the_end_is_no_torn_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let (ends, _) = written(&path);
    let whole = fs::read(&path).unwrap();
    for at in (ends[0]..ends[9]).step_by(7) {
        let mut bytes = whole.clone();
        bytes[usize::try_from(at).unwrap()] ^= 0x20;
        fs::write(&path, &bytes).unwrap();
        let error = Reader::open(&path).unwrap().find_map(Result::err).unwrap();
        let begin = ends.iter().rfind(|end| **end <= at).unwrap();
        assert!(said(&error).contains(&format!("damaged at byte {begin},")), "{error}");
        let error = Ledger::resume(&path, &header(), |_| ()).unwrap_err();
        assert!(said(&error).contains("damaged"), "{error}");
        assert!(fs::read(&path).unwrap() == bytes, "a damaged file is left as it is");
    }
}

#[test]
fn a_ledger_is_of_one_run_and_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let first = Ledger::create(&path, &header()).unwrap();
    let error = Ledger::resume(&path, &header(), |_| ()).unwrap_err();
    assert!(said(&error).contains("another process writes this ledger"), "{error}");
    drop(first);
    let error = Ledger::create(&path, &header()).unwrap_err();
    assert!(said(&error).contains("is there already; --resume"), "{error}");
    let other = Header { seed: 8, ..header() };
    let error = Ledger::resume(&path, &other, |_| ()).unwrap_err();
    assert!(said(&error).contains("the ledger of another run: its seed differs"), "{error}");
    // More posts of the same run are the same run.
    Ledger::resume(&path, &Header { count: None, ..header() }, |_| ()).unwrap();
}

#[test]
fn what_is_no_ledger_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l");
    let open = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        said(&Reader::open(&path).unwrap_err())
    };
    for bytes in [&b""[..], b"x", b"{\"seed\": 1}", &[0; 100], &[0xff; 100]] {
        assert!(open(bytes).contains("no ledger of pinlake"));
        // `--resume` would not go on with it.
        let error = Ledger::create(&path, &header()).unwrap_err();
        assert!(said(&error).contains("no ledger of pinlake"), "{error}");
    }
    drop(fs::remove_file(&path));
    let later = Header { format: FORMAT + 1, ..header() };
    drop(Ledger::create(&path, &later).unwrap());
    let error = Reader::open(&path).unwrap_err();
    assert!(said(&error).contains("take a later one"), "{error}");
    let error = Reader::open(&folder.path().join("none")).unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error}");
}
