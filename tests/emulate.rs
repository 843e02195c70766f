//! The emulator against the real tables: found by `PINLAKE_DATA`, else in `../shared/data`.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use pinlake::emulate::{
    BLOCK, Emulation, Order, OrderName, PostKind, Replay, RunOptions, Settings, Synthetic, open_rows,
};
use pinlake::sink::{Files, SinkOptions};
use pinlake::source::Options;
use serde_json::Value;

fn real() -> PathBuf {
    let data = std::env::var_os("PINLAKE_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let real = data.join("real");
    assert!(
        real.is_dir(),
        "no real records in {}: set PINLAKE_DATA to the folder that holds real/",
        real.display()
    );
    real
}

fn lines(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(real().join(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Rows of a table whose cells hold no line breaks, by column name; quoted cells may hold commas.
fn csv(name: &str) -> Vec<HashMap<String, String>> {
    let lines = lines(name);
    let cells = |line: &str| {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                _ => cells.last_mut().unwrap().push(letter),
            }
        }
        cells
    };
    let header = cells(&lines[0]);
    lines[1..].iter().map(|line| header.iter().cloned().zip(cells(line)).collect()).collect()
}

#[test]
fn seed100_is_the_sequence_that_the_emulators_draw() {
    let wanted = csv("seed100_sequence.csv");
    assert_eq!(wanted.len(), 5_000);
    let order = Order::new(OrderName::Seed100, 100, None);
    let drawn = order.indexes(0, 5_000);
    for (n, (row, drawn)) in (0..).zip(wanted.iter().zip(drawn)) {
        assert_eq!(row["step"], n.to_string());
        assert_eq!(row["random_row"], drawn.to_string(), "step {n}");
        assert_eq!(row["sleep_s"], order.pause(n).to_string(), "step {n}");
    }
}

#[test]
fn replaying_the_tables_by_seed100_gives_the_real_streams() {
    // One run of an emulator logged what it sent: its first posts, then again from the start.
    let rows = open_rows(real().to_str(), 100, &Options::default()).unwrap();
    let settings = Settings { order: OrderName::Seed100, count: Some(5_000), ..Settings::default() };
    let emulation = Emulation::new(rows, &settings);
    for kind in PostKind::ALL {
        let sent: HashSet<String> = lines(&format!("stream.{}.jsonl", kind.name())).into_iter().collect();
        let key = if kind == PostKind::Pin { "index" } else { "ind" };
        let mut compared = 0;
        for line in &sent {
            let record: Value = serde_json::from_str(line).unwrap();
            let mut ours = Vec::new();
            assert!(emulation.script().record(kind, record[key].as_u64().unwrap(), &mut ours));
            assert_eq!(std::str::from_utf8(&ours).unwrap(), line);
            compared += 1;
        }
        assert_eq!(compared, 2_019);
    }
    let order = emulation.script().order();
    let stream: Vec<u64> = lines("stream.geo.jsonl")
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["ind"].as_u64().unwrap())
        .collect();
    assert_eq!(stream[..23], order.indexes(0, 23));
}

#[test]
fn rows_without_partner_are_sent_alone_and_counted() {
    let rows = open_rows(real().to_str(), 100, &Options::default()).unwrap();
    let emulation = Emulation::new(rows, &Settings::default());
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<&str> = PostKind::ALL.iter().map(|kind| kind.name()).collect();
    let mut files = Files::create(dir.path().to_str().unwrap(), &names, &SinkOptions::default()).unwrap();
    let report = emulation.run(&mut files, &RunOptions::default(), None).unwrap();
    assert_eq!(report.progress.posts, 11_154);
    assert_eq!(report.progress.alone, 11_154 - 2_019);
    assert_eq!(report.progress.kinds, BTreeMap::from([("geo", 11_154), ("pin", 2_019), ("user", 11_154)]));
    // What was written is what is read again.
    let again = Replay::open(dir.path().to_str().unwrap(), &Options::default()).unwrap();
    assert_eq!(again.keys().len(), 11_154);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for kind in PostKind::ALL {
        for index in again.keys() {
            emulation.script().record(kind, *index, &mut first);
            again.write(kind, *index, &mut second);
        }
    }
    assert!(first == second);
}

#[test]
fn made_records_have_the_frequencies_of_the_real_tables() {
    let made = |kind: PostKind| -> Vec<Value> {
        let synthetic = Synthetic::new(100);
        let record = |index| {
            let mut out = Vec::new();
            synthetic.write(kind, index, &mut out);
            serde_json::from_slice(&out).unwrap()
        };
        (0..BLOCK).map(record).collect()
    };
    let (geo, users) = (made(PostKind::Geo), made(PostKind::User));
    let (real_geo, real_users) = (csv("geolocation_data.csv"), csv("user_data.csv"));

    // Posts a person, people a country, people an age, people a month: equal to the last one.
    let posts = |people: &dyn Fn(usize) -> String| -> HashMap<String, u32> {
        let mut posts = HashMap::new();
        for at in 0..users.len() {
            *posts.entry(people(at)).or_default() += 1;
        }
        posts
    };
    let count = |values: Vec<String>| -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        counts
    };
    let text = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let person = |at: usize| {
        let user = &users[at];
        format!("{}|{}|{}", text(user, "first_name"), text(user, "last_name"), user["date_joined"])
    };
    let real_person = |at: usize| {
        let user = &real_users[at];
        format!("{}|{}|{}|{}", user["first_name"], user["last_name"], user["age"], user["date_joined"])
    };
    let frequencies =
        |posts: HashMap<String, u32>| count(posts.into_values().map(|n| n.to_string()).collect());
    assert_eq!(frequencies(posts(&person)), frequencies(posts(&real_person)));

    let once = |key: &dyn Fn(usize) -> String, value: &dyn Fn(usize) -> String| {
        let people: HashMap<String, String> = (0..users.len()).map(|at| (key(at), value(at))).collect();
        count(people.into_values().collect())
    };
    assert_eq!(
        once(&person, &|at| text(&geo[at], "country")),
        once(&real_person, &|at| real_geo[at]["country"].clone())
    );
    assert_eq!(
        once(&person, &|at| users[at]["age"].to_string()),
        once(&real_person, &|at| real_users[at]["age"].clone())
    );
    assert_eq!(
        once(&person, &|at| text(&users[at], "date_joined")[..7].to_owned()),
        once(&real_person, &|at| real_users[at]["date_joined"][..7].to_owned())
    );
}

#[test]
fn made_pins_look_like_the_real_ones() {
    let real: Vec<Value> =
        lines("pinterest_data.jsonl").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut fields = Vec::new();
    Synthetic::new(100).write(PostKind::Pin, 1, &mut fields);
    let made: serde_json::Map<String, Value> = serde_json::from_slice(&fields).unwrap();
    assert!(made.keys().eq(real[0].as_object().unwrap().keys()));
    // Each real pin's category is the one that the same index has here.
    for pin in &real {
        let mut out = Vec::new();
        Synthetic::new(100).write(PostKind::Pin, pin["index"].as_u64().unwrap(), &mut out);
        let made: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(made["category"], pin["category"]);
        assert_eq!(made["save_location"], pin["save_location"]);
    }
}
