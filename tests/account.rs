//! An emulation with a ledger: killed anywhere and gone on with, every record is explained.

use std::path::Path;

use pinlake::emulate::{
    Emulation, Faults, Journal, OrderName, PostKind, Progress, RunOptions, Settings, Synthetic,
};
use pinlake::error::{Error, Result};
use pinlake::ledger::Outcome;
use pinlake::ledger::verify::{Verdict, verify};
use pinlake::sink::{Batch, Landing, Sink, SinkOptions, Written};
use pinlake::source::Options;
use proptest::prelude::*;

const SHARES: [(&str, f64); 13] = [
    ("duplicate", 0.05),
    ("late", 0.05),
    ("reorder", 0.05),
    ("drop", 0.02),
    ("corrupt", 0.01),
    ("invalid_utf8", 0.01),
    ("oversize", 0.002),
    ("new_field", 0.02),
    ("renamed_field", 0.01),
    ("retyped_field", 0.01),
    ("missing_field", 0.01),
    ("null_value", 0.01),
    ("orphan", 0.02),
];

fn emulation(count: Option<u64>, order: OrderName, shares: &[(&str, f64)]) -> Emulation {
    let faults = Faults::new(shares.iter().copied()).unwrap().with_oversize_bytes(20_000);
    let settings = Settings { faults, count, order, ..Settings::default() };
    Emulation::new(Box::new(Synthetic::new(settings.seed)), &settings)
}

/// A landing whose process dies in the middle of a call, before or after it has written.
struct Dying {
    landing: Landing,
    calls: u32,
    before: bool,
}

impl Sink for Dying {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        let dead = || Error::Sink("dead".into());
        match self.calls.checked_sub(1) {
            None if self.before => return Err(dead()),
            // Its objects are there, and nobody was told.
            None => return self.landing.write(batch).and(Err(dead())),
            Some(left) => self.calls = left,
        }
        self.landing.write(batch)
    }
    fn finish(&mut self) -> Result<Written> {
        self.landing.finish()
    }
    fn settled(&mut self, outcomes: &mut Vec<Outcome>) {
        self.landing.settled(outcomes);
    }
    fn tells(&self) -> bool {
        true
    }
    fn place_name(&self, place: u32) -> String {
        self.landing.place_name(place)
    }
    fn place(&self) -> String {
        self.landing.place()
    }
}

fn landing(dir: &Path) -> Landing {
    let options = SinkOptions {
        flush_size: 700,
        partitions: 3,
        durable: true,
        outcomes: true,
        ..SinkOptions::default()
    };
    let topics = ["pin", "geo", "user"].map(|kind| format!("demo.{kind}"));
    Landing::open(dir.join("landing").to_str().unwrap(), &topics, &options).unwrap()
}

/// Runs, from where the ledger stands; with `dies`, the process dies in that call.
fn run(emulation: &Emulation, dir: &Path, threads: usize, dies: Option<(u32, bool)>) -> Result<Progress> {
    let landing = landing(dir);
    let header = emulation.header("demo", &landing.place());
    let path = dir.join("ledger");
    let mut journal =
        if path.exists() { Journal::resume(&path, &header)? } else { Journal::create(&path, &header)? };
    let options = RunOptions { threads: Some(threads), ..RunOptions::default() };
    let (calls, before) = dies.unwrap_or((u32::MAX, false));
    let mut sink = Dying { landing, calls, before };
    Ok(emulation.run(&mut sink, &options, Some(&mut journal))?.progress)
}

fn judged(dir: &Path) -> Verdict {
    let url = format!("landing:{}", dir.join("landing").display());
    let verdict = verify(&dir.join("ledger"), &url, &Options::new()).unwrap();
    let wrong = verdict.missing.count + verdict.altered.count;
    assert_eq!(verdict.sent, verdict.arrived + wrong + verdict.unsettled + verdict.failed, "{verdict:?}");
    let there = verdict.arrived + verdict.repeats + verdict.doubled.count + verdict.unexpected.count;
    assert_eq!(verdict.seen, there, "{verdict:?}");
    verdict
}

#[test]
fn an_undisturbed_run_is_explained_whatever_goes_wrong_on_purpose() {
    for (order, shares) in
        [(OrderName::Permuted, &SHARES[..]), (OrderName::Seed100, &SHARES), (OrderName::Permuted, &[])]
    {
        let dir = tempfile::tempdir().unwrap();
        let progress = run(&emulation(Some(5_000), order, shares), dir.path(), 2, None).unwrap();
        let verdict = judged(dir.path());
        assert_eq!(verdict.unexplained(), 0, "{verdict:?}");
        assert_eq!((verdict.sent, verdict.arrived, verdict.repeats), (progress.written, progress.written, 0));
        let withheld: u64 = ["drop", "orphan"].iter().filter_map(|name| progress.faults.get(name)).sum();
        assert_eq!(verdict.withheld, withheld);
        assert_eq!(verdict.orphans > 0, !shares.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3) })]

    #[test]
    fn killed_anywhere_and_gone_on_with_nothing_is_lost(
        deaths in prop::collection::vec((0..3u32, any::<bool>()), 1..4), threads in 1..3usize,
        plain: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let emulation = emulation(Some(9_000), OrderName::Permuted, if plain { &[] } else { &SHARES });
        for death in &deaths {
            // A later one may come to its end before it dies.
            let died = run(&emulation, dir.path(), threads, Some(*death)).is_err();
            if died && dir.path().join("landing").exists() {
                prop_assert_eq!(judged(dir.path()).unexplained(), 0);
            }
        }
        run(&emulation, dir.path(), threads, None).unwrap();
        let verdict = judged(dir.path());
        prop_assert_eq!(verdict.unexplained(), 0, "{:?}", verdict);
        prop_assert_eq!((verdict.unsettled, verdict.failed), (0, 0));
        // The same emissions as in one run, if not in the same slots.
        let whole = tempfile::tempdir().unwrap();
        let once = run(&emulation, whole.path(), threads, None).unwrap();
        prop_assert_eq!(verdict.sent, once.written);
        // Nothing is left to do.
        let again = run(&emulation, dir.path(), threads, None).unwrap();
        prop_assert_eq!((again.posts, again.written), (0, 0));
    }
}

#[test]
fn a_stopped_run_goes_on_with_later_emissions() {
    let dir = tempfile::tempdir().unwrap();
    let endless = emulation(None, OrderName::Permuted, &SHARES);
    let options = RunOptions {
        duration: Some(std::time::Duration::from_millis(200)),
        threads: Some(2),
        ..RunOptions::default()
    };
    let mut sink = landing(dir.path());
    let header = endless.header("demo", &sink.place());
    let path = dir.path().join("ledger");
    let mut journal = Journal::create(&path, &header).unwrap();
    let first = endless.run(&mut sink, &options, Some(&mut journal)).unwrap().progress;
    drop(journal);
    let longer = emulation(Some(first.posts + 5_000), OrderName::Permuted, &SHARES);
    let second = run(&longer, dir.path(), 1, None).unwrap();
    assert_eq!(second.posts, 5_000);
    let verdict = judged(dir.path());
    assert_eq!((verdict.unexplained(), verdict.sent), (0, first.written + second.written), "{verdict:?}");
}

#[test]
fn what_is_wrong_with_a_landing_is_found() {
    let dir = tempfile::tempdir().unwrap();
    run(&emulation(Some(3_000), OrderName::Permuted, &[]), dir.path(), 1, None).unwrap();
    let folder = dir.path().join("landing/topics/demo.geo/partition=1");
    let mut objects: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    objects.sort();
    let text = std::fs::read_to_string(&objects[0]).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let other = lines[3].replacen("\"ind\": ", "\"ind\": 9", 1);
    (lines[3], lines[5]) = (&other, lines[4]);
    std::fs::write(&objects[0], lines.join("\n")).unwrap();
    std::fs::remove_file(&objects[1]).unwrap();
    let verdict = judged(dir.path());
    let counts = [&verdict.missing, &verdict.altered, &verdict.doubled, &verdict.unexpected].map(|f| f.count);
    let lost = verdict.missing.count;
    assert_eq!(counts, [lost, 2, 1, 1], "{verdict:?}");
    assert!((200..=700).contains(&lost), "{lost}");
    let altered = &verdict.altered.shown[0];
    assert_eq!(altered.kind.as_deref(), Some("geo"));
    assert_eq!(verdict.unexpected.shown[0].at.as_deref(), Some("demo.geo/1/3"));
    assert_eq!(verdict.unexplained(), lost + 4);
}

#[test]
fn a_source_that_was_changed_is_no_resumed_source() {
    let dir = tempfile::tempdir().unwrap();
    let first = emulation(Some(100), OrderName::Permuted, &[]);
    run(&first, dir.path(), 1, Some((0, true))).unwrap_err();
    let other = Settings { count: Some(100), seed: 3, kinds: PostKind::ALL.to_vec(), ..Settings::default() };
    let other = Emulation::new(Box::new(Synthetic::new(3)), &other);
    let error = run(&other, dir.path(), 1, None).unwrap_err();
    assert!(error.to_string().contains("its seed differs"), "{error}");
}
