//! Planning and marks: whatever appears in whatever order, everything is read, and once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pinlake::Error;
use pinlake::kind::Kind;
use pinlake::source::Options;
use pinlake::source::marks::{Extent, MAX_GAPS, Marks, MarksReport, advance_marks};
use pinlake::source::plan::{Ask, LandingPlan, plan_landing};
use proptest::prelude::*;

const PATIENCE: f64 = 100.0;

fn plan(dir: &Path, marks: Option<&Marks>, full: bool) -> Result<LandingPlan, Error> {
    let kind = Kind::builtin("pin").unwrap();
    let ask = Ask { marks, full, epoch: 0 };
    let plan = plan_landing(&kind, &dir.display().to_string(), ask, &Options::new())?;
    // What crosses to another process is JSON.
    LandingPlan::from_json(&plan.to_json())
}

/// Writes an object of so many lines.
fn put(dir: &Path, part: u64, offset: u64, lines: u64) {
    let folder = dir.join(format!("topics/a.pin/partition={part}"));
    std::fs::create_dir_all(&folder).unwrap();
    let text: Vec<String> = (0..lines).map(|line| format!("{{\"index\": {}}}", offset + line)).collect();
    std::fs::write(folder.join(format!("a.pin+{part}+{offset:010}.json")), text.join("\n")).unwrap();
}

/// The objects a plan names: partition, offset.
fn named(plan: &LandingPlan) -> Vec<(u64, u64)> {
    plan.parts
        .iter()
        .flat_map(|part| {
            part.ranges.iter().flat_map(|range| range.objects()).map(|object| (part.part, object.offset))
        })
        .collect()
}

/// The extents that reading a plan's objects gives.
fn extents(dir: &Path, plan: &LandingPlan) -> Vec<Extent> {
    named(plan)
        .into_iter()
        .map(|(part, offset)| {
            let name = format!("topics/a.pin/partition={part}/a.pin+{part}+{offset:010}.json");
            let lines = std::fs::read_to_string(dir.join(name)).unwrap().lines().count() as u64;
            Extent {
                source: "kafka:a.pin".into(),
                part: format!("{part:010}"),
                first: offset,
                last: offset + lines.max(1) - 1,
            }
        })
        .collect()
}

fn advance(dir: &Path, marks: Option<&Marks>, plan: &LandingPlan, seconds: i64) -> (Marks, MarksReport) {
    let (marks, report) =
        advance_marks(marks, plan, &extents(dir, plan), seconds * 1_000_000, PATIENCE).unwrap();
    (Marks::from_json(&marks.to_json()).unwrap(), report)
}

#[test]
fn a_gap_is_waited_for_filled_or_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for offset in [0, 10, 30, 50] {
        put(dir, 0, offset, 10);
    }
    let first = plan(dir, None, false).unwrap();
    assert_eq!(named(&first), [(0, 0), (0, 10), (0, 30), (0, 50)]);
    let (marks, report) = advance(dir, None, &first, 0);
    let part = &marks.parts["a.pin/0"];
    assert_eq!((part.mark, &part.beyond), (20, &vec![(30, 40), (50, 60)]));
    assert_eq!(report.parts["a.pin/0"].open, 2);

    // Nothing new: nothing to read, and marks stay.
    let nothing = plan(dir, Some(&marks), false).unwrap();
    assert_eq!(nothing.objects, 0);
    assert_eq!(advance(dir, Some(&marks), &nothing, 50).0, marks);

    // One gap is filled, another one is half filled, something new comes.
    for (offset, lines) in [(20, 10), (45, 5), (60, 1)] {
        put(dir, 0, offset, lines);
    }
    let second = plan(dir, Some(&marks), false).unwrap();
    assert_eq!(named(&second), [(0, 20), (0, 45), (0, 60)]);
    let (marks, report) = advance(dir, Some(&marks), &second, 60);
    let part = &marks.parts["a.pin/0"];
    assert_eq!((part.mark, &part.beyond), (40, &vec![(45, 61)]));
    assert_eq!((part.gaps[0].from, part.gaps[0].to, part.gaps[0].first_seen), (40, 45, 0));
    assert_eq!(report.parts["a.pin/0"].filled, 15);

    // The rest is given up after the patience, and what comes there later only --full finds.
    let nothing = plan(dir, Some(&marks), false).unwrap();
    let (marks, report) = advance(dir, Some(&marks), &nothing, 101);
    assert_eq!((marks.parts["a.pin/0"].mark, marks.parts["a.pin/0"].gaps.len()), (61, 0));
    assert_eq!(report.parts["a.pin/0"].closed[0].why, "patience");
    put(dir, 0, 40, 5);
    assert_eq!(plan(dir, Some(&marks), false).unwrap().objects, 0);
    let full = plan(dir, Some(&marks), true).unwrap();
    assert_eq!(full.objects, 8);
    let (marks, _) = advance(dir, Some(&marks), &full, 102);
    assert_eq!((marks.parts["a.pin/0"].mark, marks.parts["a.pin/0"].gaps.len()), (61, 0));
}

#[test]
fn too_many_gaps_close_oldest_first() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for offset in 0..=MAX_GAPS as u64 + 5 {
        put(dir, 0, offset * 2, 1);
    }
    let first = plan(dir, None, false).unwrap();
    // Equal steps are one range, however many objects.
    assert_eq!(first.parts[0].ranges.len(), 1);
    let (marks, report) = advance(dir, None, &first, 0);
    let part = &marks.parts["a.pin/0"];
    assert_eq!((part.gaps.len(), part.mark), (MAX_GAPS, 11));
    assert_eq!(report.parts["a.pin/0"].closed.len(), 5);
    assert_eq!(report.parts["a.pin/0"].closed[0].why, "too_many");
}

#[test]
fn a_landing_made_anew_stops_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    put(dir, 0, 0, 3);
    put(dir, 0, 3, 3);
    let (marks, _) = advance(dir, None, &plan(dir, None, false).unwrap(), 0);
    // The same bytes again are the same object.
    put(dir, 0, 3, 3);
    assert_eq!(plan(dir, Some(&marks), false).unwrap().objects, 0);
    let check = |marks: &Marks| {
        let error = plan(dir, Some(marks), false).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, Error::Source(_)) && text.contains("--full") && text.contains("epoch"),
            "{text}"
        );
    };
    put(dir, 0, 3, 2);
    check(&marks);
    std::fs::remove_file(dir.join("topics/a.pin/partition=0/a.pin+0+0000000003.json")).unwrap();
    check(&marks);
    // A full listing takes what is there now: what follows is found again.
    let full = plan(dir, Some(&marks), true).unwrap();
    let (marks, _) = advance(dir, Some(&marks), &full, 1);
    assert_eq!(marks.parts["a.pin/0"].high(), 3);
    put(dir, 0, 3, 1);
    assert_eq!(named(&plan(dir, Some(&marks), false).unwrap()), [(0, 3)]);
}

#[test]
fn a_partition_or_topic_that_is_gone_stops_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    put(dir, 0, 0, 3);
    put(dir, 1, 0, 3);
    std::fs::create_dir_all(dir.join("topics/a.geo/partition=0")).unwrap();
    let (marks, _) = advance(dir, None, &plan(dir, None, false).unwrap(), 0);
    let lost = |below: &str, part: &str| {
        std::fs::remove_dir_all(dir.join(below)).unwrap();
        let text = plan(dir, Some(&marks), false).unwrap_err().to_string();
        assert!(text.contains(part) && text.contains("--full") && text.contains("epoch"), "{text}");
        let kind = Kind::builtin("pin").unwrap();
        let ask = Ask { marks: Some(&marks), full: false, epoch: 1 };
        plan_landing(&kind, &dir.display().to_string(), ask, &Options::new()).map(|plan| plan.objects)
    };
    assert_eq!(lost("topics/a.pin/partition=1", "a.pin/1 (topic/partition)").unwrap(), 1);
    assert!(lost("topics/a.pin", "a.pin/0 and others").is_err());
    // Another layout is no way round.
    std::fs::create_dir(dir.join("other")).unwrap();
    std::fs::write(dir.join("other/x.pin.jsonl"), "{}").unwrap();
    assert_eq!(lost("topics", "a.pin/0 and others").unwrap(), 1);
    // Who asks for everything has what is there; what was read once is forgotten.
    put(dir, 1, 0, 1);
    let full = plan(dir, Some(&marks), true).unwrap();
    let (marks, _) = advance(dir, Some(&marks), &full, 1);
    assert_eq!(marks.parts.keys().collect::<Vec<_>>(), ["a.pin/1"]);
    // All of it may be gone, which leaves nothing to remember.
    for below in ["topics/a.pin/partition=1", "topics/a.pin"] {
        std::fs::remove_dir_all(dir.join(below)).unwrap();
        std::fs::create_dir_all(dir.join("topics/a.geo")).unwrap();
        let full = plan(dir, Some(&marks), true).unwrap();
        assert!(advance(dir, Some(&marks), &full, 1).0.parts.is_empty());
    }
    put(dir, 1, 0, 1);
    assert_eq!(plan(dir, Some(&marks), false).unwrap().objects, 0);
}

#[test]
fn an_epoch_starts_anew_and_never_goes_back() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), 0, 0, 3);
    let (marks, _) = advance(dir.path(), None, &plan(dir.path(), None, false).unwrap(), 0);
    let kind = Kind::builtin("pin").unwrap();
    let url = dir.path().display().to_string();
    let ask = |marks, epoch| {
        plan_landing(&kind, &url, Ask { marks: Some(marks), full: false, epoch }, &Options::new())
    };
    let anew = ask(&marks, 1).unwrap();
    assert_eq!((anew.epoch, anew.objects), (1, 1));
    let (marks, _) = advance(dir.path(), Some(&marks), &anew, 1);
    assert_eq!(marks.epoch, 1);
    assert!(matches!(ask(&marks, 0), Err(Error::Config(_))));
}

#[test]
fn layouts_and_what_they_lack() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let at = |below: &str| dir.join(below);
    assert!(matches!(plan(&at("missing"), None, false), Err(Error::NotFound(_))));
    std::fs::create_dir_all(at("empty")).unwrap();
    assert!(matches!(plan(&at("empty"), None, false), Err(Error::Source(_))));
    put(&at("l"), 0, 0, 1);
    for below in ["l", "l/topics", "l/topics/a.pin"] {
        assert_eq!(plan(&at(below), None, false).unwrap().objects, 1, "{below}");
    }
    let kind = Kind::builtin("geo").unwrap();
    for below in ["l", "l/topics/a.pin"] {
        let url = at(below).display().to_string();
        let error = plan_landing(&kind, &url, Ask::default(), &Options::new()).unwrap_err();
        assert!(matches!(&error, Error::Source(text) if text.contains("a.pin")), "{error}");
    }
    // New topics and partitions are found later.
    let (marks, _) = advance(&at("l"), None, &plan(&at("l"), None, false).unwrap(), 0);
    put(&at("l"), 7, 5, 1);
    assert_eq!(named(&plan(&at("l"), Some(&marks), false).unwrap()), [(7, 5)]);
    // Names that are none of the partition's, and two objects of one offset.
    let folder = at("l/topics/a.pin/partition=0");
    for name in ["a.pin+0+00000000000000000000.json", "a.pin+0+0000000000.json.gz", "b.pin+0+0000000001.json"]
    {
        std::fs::write(folder.join(name), b"{}").unwrap();
    }
    std::fs::write(folder.join(".a.pin+0+0000000001.json.tmp"), b"{").unwrap();
    let plan = plan(&at("l"), None, false).unwrap();
    assert_eq!((plan.objects, plan.skipped.len()), (2, 3));
}

#[test]
fn topics_without_partitions_are_read_as_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let write = |name: &str| {
        std::fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.join(name), b"{}").unwrap();
    };
    let names = |plan: &LandingPlan| plan.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    // An empty topic is none.
    std::fs::create_dir_all(dir.join("topics/a.pin")).unwrap();
    write("topics/a.geo/partition=0/a.geo+0+0000000000.json");
    let error = plan(dir, None, false).unwrap_err().to_string();
    assert!(error.contains("no topic of kind \"pin\"") && error.contains("a.geo"), "{error}");
    // Confluent's time partitioner, and no partitioner at all; the topic says of which kind they are.
    let files = [
        "topics/a.pin/a.pin+0+0000000007.json",
        "topics/a.pin/year=2024/month=01/a.pin+0+0000000000.json",
        "topics/a.pin/year=2024/month=02/users.json.gz",
    ];
    files.iter().for_each(|name| write(name));
    write("topics/a.pin/year=2024/x.avro");
    let found = plan(dir, None, false).unwrap();
    assert_eq!((found.layout.as_str(), names(&found)), ("files", files.map(String::from).to_vec()));
    assert_eq!(found.skipped.len(), 1);
    let read: Vec<Extent> = found
        .files
        .iter()
        .map(|file| Extent {
            source: format!("file:{}/{}", found.url, file.name),
            part: String::new(),
            first: file.start,
            last: file.end,
        })
        .collect();
    let (marks, _) = advance_marks(None, &found, &read, 0, PATIENCE).unwrap();
    write("topics/a.pin/year=2024/month=03/1.json");
    assert_eq!(names(&plan(dir, Some(&marks), false).unwrap()), ["topics/a.pin/year=2024/month=03/1.json"]);
    // Beside partitions they are told, not read.
    put(dir, 0, 0, 1);
    write("topics/b.pin/year=2024/1.json");
    let found = plan(dir, None, false).unwrap();
    assert_eq!((found.layout.as_str(), found.objects), ("log", 1));
    let skipped: Vec<&str> = found.skipped.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(skipped, ["topics/b.pin", "topics/a.pin/year=2024"]);
    assert_eq!(names(&plan(&dir.join("topics/b.pin"), None, false).unwrap()), ["year=2024/1.json"]);
}

#[test]
fn a_partition_of_unknown_names_alone_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    put(dir, 0, 0, 1);
    let (marks, _) = advance(dir, None, &plan(dir, None, false).unwrap(), 0);
    let folder = dir.join("topics/a.pin/partition=1");
    std::fs::create_dir(&folder).unwrap();
    // An empty partition, and what readers pass over anyway, are nothing wrong.
    std::fs::write(folder.join("_SUCCESS"), b"").unwrap();
    assert_eq!(plan(dir, None, false).unwrap().objects, 1);
    for name in ["a.pin+1+0000000000.json.bz2", "a.pin+1+0000000001.avro"] {
        std::fs::write(folder.join(name), b"x").unwrap();
    }
    for marks in [None, Some(&marks)] {
        let text = plan(dir, marks, false).unwrap_err().to_string();
        for want in ["partition=1", "2 names", ".json.bz2", "a.pin+1+<offset>", ".json, .json.gz"] {
            assert!(text.contains(want), "{text}");
        }
    }
    // One that is read among them, and the others are told.
    std::fs::write(folder.join("a.pin+1+0000000002.json"), b"{}").unwrap();
    let plan = plan(dir, None, false).unwrap();
    assert_eq!((plan.objects, plan.skipped.len()), (2, 2));
}

#[test]
fn files_are_read_once_by_name_and_etag() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for name in
        ["pin/2024/01/a-1", "pin/2024/01/a-2.gz", "geo/2024/01/a-1", "x.csv", "notes.md", "_temporary/pin-1"]
    {
        std::fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.join(name), b"{}").unwrap();
    }
    let names = |plan: &LandingPlan| plan.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    let first = plan(dir, None, false).unwrap();
    assert_eq!(
        (first.layout.as_str(), names(&first)),
        ("files", vec!["pin/2024/01/a-1".into(), "pin/2024/01/a-2.gz".into()])
    );
    assert_eq!(first.skipped.len(), 2);
    let read = |plan: &LandingPlan| -> Vec<Extent> {
        plan.files
            .iter()
            .map(|file| Extent {
                source: format!("file:{}/{}", plan.url, file.name),
                part: String::new(),
                first: file.start,
                last: file.end,
            })
            .collect()
    };
    let (one, report) = advance_marks(None, &first, &read(&first), 0, PATIENCE).unwrap();
    assert_eq!(report.files, 2);
    std::fs::write(dir.join("pin/2024/01/a-2.gz"), b"{ }").unwrap();
    std::fs::write(dir.join("pin/2024/01/a-3"), b"{}").unwrap();
    let second = plan(dir, Some(&one), false).unwrap();
    assert_eq!(names(&second), ["pin/2024/01/a-2.gz", "pin/2024/01/a-3"]);
    // A run's marks hold what it read itself; together they hold all.
    let (two, _) = advance_marks(Some(&one), &second, &read(&second), 0, PATIENCE).unwrap();
    assert_eq!(two.files.len(), 2);
    assert_eq!(plan(dir, Some(&Marks::merge([one, two])), false).unwrap().objects, 0);
    // A file that no receipt speaks of was not read.
    assert!(matches!(advance_marks(None, &first, &read(&second)[..1], 0, PATIENCE), Err(Error::Source(_))));
}

#[test]
fn unknown_versions_and_contradictions_are_refused() {
    for text in [
        r#"{"version": 2, "parts": {}, "other": 1}"#,
        r#"{"parts": {}}"#,
        r#"{"version": 1, "parts": {"a/0": {"mark": 5, "beyond": [[7, 9]], "gaps": []}}}"#,
        r#"{"version": 1, "parts": {"a/0": {"mark": 5, "beyond": [[7, 9]], "gaps": [{"from": 4, "to": 7, "first_seen": 0}]}}}"#,
        "",
    ] {
        assert!(matches!(Marks::from_json(text), Err(Error::Source(_))), "{text}");
    }
    let plan = r#"{"version": 9, "kind": "pin", "url": "x", "layout": "log", "objects": 0}"#;
    assert!(matches!(LandingPlan::from_json(plan), Err(Error::Config(_))));
}

#[test]
fn what_was_planned_and_not_read_moves_no_mark() {
    let dir = tempfile::tempdir().unwrap();
    for offset in [0, 5, 10] {
        put(dir.path(), 0, offset, 5);
    }
    let plan = plan(dir.path(), None, false).unwrap();
    let all = extents(dir.path(), &plan);
    assert!(advance_marks(None, &plan, &all, 0, PATIENCE).is_ok());
    assert!(matches!(advance_marks(None, &plan, &all[..2], 0, PATIENCE), Err(Error::Source(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Objects appear in any order, over several runs, some of which crash before their marks
    /// are kept; some never come. In the end all that came were read by runs that counted, each
    /// once, and the marks hold exactly the holes that stayed.
    #[test]
    fn everything_is_read_once(
        sizes in prop::collection::vec((1_u64..5, 0_u64..3, 0_usize..6, any::<bool>()), 1..40),
        crashes in prop::collection::vec(any::<bool>(), 6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        // (offset, lines, run in which it appears, whether it ever does), a partition each.
        let mut next = [0_u64; 2];
        let mut all = Vec::new();
        for (at, (lines, hole, run, lost)) in sizes.iter().enumerate() {
            let part = at % 2;
            next[part] += hole;
            all.push((part as u64, next[part], *lines, *run, *lost && at % 5 == 0));
            next[part] += lines;
        }
        let mut marks: Option<Marks> = None;
        let mut read: BTreeMap<(u64, u64), u32> = BTreeMap::new();
        for (run, crash) in crashes.into_iter().enumerate() {
            for (part, offset, lines, _, _) in all.iter().filter(|object| object.3 == run && !object.4) {
                put(dir, *part, *offset, *lines);
            }
            let Ok(new) = plan(dir, marks.as_ref(), false) else {
                // Nothing has come yet.
                prop_assert!(marks.is_none());
                continue;
            };
            // Planned again, the same is found.
            prop_assert_eq!(&new, &plan(dir, marks.as_ref(), false).unwrap());
            if crash && run < 5 {
                continue;
            }
            for object in named(&new) {
                *read.entry(object).or_default() += 1;
            }
            marks = Some(advance(dir, marks.as_ref(), &new, run as i64).0);
        }
        let came: BTreeMap<(u64, u64), u32> =
            all.iter().filter(|object| !object.4).map(|object| ((object.0, object.1), 1)).collect();
        prop_assert_eq!(&read, &came);
        let Some(marks) = marks else { return Ok(()) };
        for part in 0..2_u64 {
            let mut covered = BTreeSet::new();
            for object in all.iter().filter(|object| object.0 == part && !object.4) {
                covered.extend(object.1..object.1 + object.2);
            }
            let Some(part) = marks.parts.get(&format!("a.pin/{part}")) else {
                prop_assert!(covered.is_empty());
                continue;
            };
            let open: BTreeSet<u64> = part.gaps.iter().flat_map(|gap| gap.from..gap.to).collect();
            let high = covered.last().map_or(0, |last| last + 1);
            let missing: BTreeSet<u64> = (0..high).filter(|offset| !covered.contains(offset)).collect();
            prop_assert_eq!(part.high(), high);
            prop_assert_eq!(open, missing);
        }
    }
}
