//! Files → one table, without Spark: counts balance, threads change nothing, the last version wins.

use std::path::Path;

use pinlake::flow::{CleanCounts, CleanFiles, Progress, clean_files};
use pinlake::kind::Kind;
use pinlake::sink::table::Format;

fn job(kind: &str, inputs: &[&Path], out: &Path, threads: usize) -> CleanFiles {
    let out = out.display().to_string();
    CleanFiles {
        kind: Kind::builtin(kind).unwrap(),
        inputs: inputs.iter().map(|path| path.display().to_string()).collect(),
        out: Some((out.clone().into(), Format::of(&out).unwrap())),
        quarantine: None,
        meta: false,
        invalid: pinlake::clean::Invalid::Report,
        threads: Some(threads),
        store: pinlake::source::Options::new(),
    }
}

/// Users 0..n, some repeated, some in two versions, some broken.
fn records(n: u32) -> String {
    let mut text = String::new();
    for ind in 0..n {
        text += &format!("{{\"ind\": {ind}, \"first_name\": \"A{ind}\", \"age\": {}}}\n", ind % 60);
        if ind % 10 == 0 {
            text += &format!("{{\"age\": {}, \"ind\": {ind}, \"first_name\": \"A{ind}\"}}\n", ind % 60);
        }
        if ind % 7 == 0 {
            text += &format!("{{\"ind\": {}, \"first_name\": \"new\", \"age\": \"x\"}}\n", ind / 2);
        }
        if ind % 11 == 0 {
            text += "{\"ind\": }\n";
        }
    }
    text
}

#[test]
fn every_record_is_accounted_for_and_threads_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.user.jsonl");
    std::fs::write(&input, records(40_000)).unwrap();
    let mut seen: Option<(CleanCounts, Vec<u8>)> = None;
    for threads in [1, 2, 8] {
        let out = dir.path().join("users.ndjson");
        let counts =
            clean_files(&job("user", &[&input], &out, threads), &Progress::default()).unwrap().counts;
        assert_eq!(counts.records, counts.rows + counts.duplicates + counts.superseded + counts.quarantined);
        assert_eq!(counts.rows, 40_000);
        assert_eq!(counts.quarantined, 40_000_u64.div_ceil(11));
        let bytes = std::fs::read(&out).unwrap();
        assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), 40_000);
        match &seen {
            Some(first) => assert!(*first == (counts, bytes), "{threads} threads differ"),
            None => seen = Some((counts, bytes)),
        }
    }
    let text = String::from_utf8(seen.unwrap().1).unwrap();
    // The later version won, with its bad age null.
    assert!(text.contains("{\"ind\":7,\"user_name\":\"new\",\"age\":null,\"date_joined\":null}"));
}

#[test]
fn the_quarantine_file_keeps_payloads() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.user.jsonl");
    std::fs::write(&input, b"{\"ind\": 1}\nnot json\n{\"ind\": \"\xff\"}\n").unwrap();
    let mut job = job("user", &[&input], &dir.path().join("users.parquet"), 1);
    job.quarantine = Some(dir.path().join("bad.ndjson"));
    let counts = clean_files(&job, &Progress::default()).unwrap().counts;
    assert_eq!((counts.rows, counts.quarantined), (1, 2));
    let lines = std::fs::read_to_string(dir.path().join("bad.ndjson")).unwrap();
    assert!(lines.contains("\"code\":\"not_json\"") && lines.contains("\"payload\":\"not json\""), "{lines}");
    assert!(lines.contains("\"code\":\"invalid_utf8\"") && lines.contains("payload_base64"), "{lines}");
}

#[test]
fn no_output_takes_the_place_of_an_input_or_of_another_output() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let input = folder.join("x.user.jsonl");
    let text = records(10);
    std::fs::write(&input, &text).unwrap();
    let link = dir.path().join("link.ndjson");
    std::os::unix::fs::symlink(&input, &link).unwrap();
    let part = dir.path().join("o.ndjson.part");
    std::fs::write(&part, &text).unwrap();
    let at = |name: &str| dir.path().join(name);
    for (inputs, out, quarantine) in [
        (&input, at("o.ndjson"), Some(input.clone())),
        (&input, at("o.ndjson"), Some(at("in/../link.ndjson"))),
        (&input, input.clone(), None),
        (&input, link.clone(), None),
        (&folder, at("in/o.parquet"), None),
        (&folder, at("o.ndjson"), Some(at("in/sub/bad.ndjson"))),
        (&input, at("o.ndjson"), Some(at("o.ndjson"))),
        (&input, at("o.ndjson"), Some(part.clone())),
        (&part, at("o.ndjson"), None),
    ] {
        let mut job = job("user", &[inputs], &out, 1);
        job.quarantine.clone_from(&quarantine);
        let error = clean_files(&job, &Progress::default()).unwrap_err();
        let shown = error.to_string();
        assert!(matches!(error, pinlake::Error::Config(_)), "{out:?} {quarantine:?}: {shown}");
        assert!(shown.contains("another place") || shown.contains("two names"), "{shown}");
    }
    assert_eq!(std::fs::read_to_string(&input).unwrap(), text);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_quarantine_appears_whole_or_not_at_all_and_a_device_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.user.jsonl");
    std::fs::write(&input, records(100)).unwrap();
    let bad = dir.path().join("bad.ndjson");
    std::fs::write(&bad, "of another run").unwrap();
    let mut job = job("user", &[&input], &dir.path().join("users.parquet"), 1);
    job.quarantine = Some(bad.clone());
    job.invalid = pinlake::clean::Invalid::Fail;
    clean_files(&job, &Progress::default()).unwrap_err();
    assert_eq!(std::fs::read_to_string(&bad).unwrap(), "of another run");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    job.invalid = pinlake::clean::Invalid::Report;
    clean_files(&job, &Progress::default()).unwrap();
    assert_eq!(std::fs::read_to_string(&bad).unwrap().lines().count(), 10);
    let device = dir.path().join("device");
    std::os::unix::fs::symlink("/dev/null", &device).unwrap();
    job.quarantine = Some(device.clone());
    clean_files(&job, &Progress::default()).unwrap();
    assert!(std::fs::symlink_metadata(&device).unwrap().is_symlink());
}

#[test]
fn a_stopped_or_failed_run_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.user.jsonl");
    std::fs::write(&input, records(1000)).unwrap();
    let out = dir.path().join("users.parquet");
    let progress = Progress::default();
    progress.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(clean_files(&job("user", &[&input], &out, 2), &progress).is_err());
    let mut failing = job("user", &[&input], &out, 2);
    failing.invalid = pinlake::clean::Invalid::Fail;
    let error = clean_files(&failing, &Progress::default()).unwrap_err();
    assert!(error.to_string().contains("invalid=\"fail\""), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_source_with_the_greatest_name_wins_whatever_the_order_given() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.user.jsonl"), dir.path().join("b.user.jsonl"));
    std::fs::write(&a, "{\"ind\": 1, \"first_name\": \"a\"}\n").unwrap();
    std::fs::write(&b, "{\"ind\": 1, \"first_name\": \"b\"}\n").unwrap();
    let out = dir.path().join("users.ndjson");
    for inputs in [[a.as_path(), b.as_path()], [b.as_path(), a.as_path()]] {
        clean_files(&job("user", &inputs, &out, 2), &Progress::default()).unwrap();
        assert!(std::fs::read_to_string(&out).unwrap().contains("\"user_name\":\"b\""));
    }
}

#[test]
fn names_that_are_passed_over_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    for name in ["x.user.jsonl", "x.geo.jsonl", "x.user.jsonl.bz2", "other.json", "_SUCCESS"] {
        std::fs::write(folder.join(name), records(1)).unwrap();
    }
    // A stream with a dot in its name, as Firehose writes it: content decides.
    std::fs::write(folder.join("129a.user-1-2024-01-01-00-00-00-x"), "{\"ind\": 99}").unwrap();
    let done = clean_files(&job("user", &[&folder], &dir.path().join("o.ndjson"), 1), &Progress::default());
    let done = done.unwrap();
    assert_eq!(done.counts.rows, 2);
    let names: Vec<&str> = done.skipped.iter().map(|one| one.name.rsplit('/').next().unwrap()).collect();
    assert_eq!((names, done.skipped_more), (vec!["other.json", "x.user.jsonl.bz2"], 0));
    assert!(done.skipped[0].name.starts_with(folder.to_str().unwrap()));
}
