//! The Kafka sink against librdkafka's own cluster: errors, slow replies, brokers that go and come.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use pinlake::emulate::{
    Emulation, Faults, Journal, OrderName, Pace, Progress, RunOptions, Settings, Synthetic,
};
use pinlake::error::Result;
use pinlake::ledger::verify::{Verdict, verify};
use pinlake::sink::{Kafka, Sink, partition};
use pinlake::source::Options;
use pinlake::source::kafka::{Brokers, read_all};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

type Cluster = MockCluster<'static, DefaultProducerContext>;

const KINDS: [&str; 3] = ["pin", "geo", "user"];
const PARTITIONS: i32 = 3;

fn topics() -> Vec<String> {
    KINDS.iter().map(|kind| format!("demo.{kind}")).collect()
}

fn cluster() -> (Cluster, String) {
    let cluster = MockCluster::new(3).unwrap();
    for topic in topics() {
        cluster.create_topic(&topic, PARTITIONS, 3).unwrap();
    }
    let url = format!("kafka://{}", cluster.bootstrap_servers());
    (cluster, url)
}

fn emulation(count: Option<u64>, shares: &[(&str, f64)]) -> Emulation {
    let faults = Faults::new(shares.iter().copied()).unwrap();
    let settings = Settings { faults, count, order: OrderName::Permuted, ..Settings::default() };
    Emulation::new(Box::new(Synthetic::new(settings.seed)), &settings)
}

fn options() -> Options {
    // Tests are over sooner if errors are tried again sooner.
    [("retry.backoff.ms", "20"), ("reconnect.backoff.ms", "20"), ("reconnect.backoff.max.ms", "200")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn run(emulation: &Emulation, url: &str, dir: &Path, resume: bool, how: &RunOptions) -> Result<Progress> {
    let mut sink = Kafka::open(url, &topics(), &options())?;
    let header = emulation.header("demo", &sink.place());
    let path = dir.join("ledger");
    let mut journal =
        if resume { Journal::resume(&path, &header)? } else { Journal::create(&path, &header)? };
    Ok(emulation.run(&mut sink, how, Some(&mut journal))?.progress)
}

fn judged(url: &str, dir: &Path) -> Verdict {
    verify(&dir.join("ledger"), url, &options()).unwrap()
}

/// The keys of each partition, in the order of its offsets.
fn read(url: &str) -> HashMap<(String, u32), Vec<u64>> {
    let brokers = Brokers::parse(url, &options()).unwrap();
    let mut found: HashMap<(String, u32), Vec<u64>> = HashMap::new();
    read_all(&brokers, &topics(), |message| {
        let key = std::str::from_utf8(message.key.unwrap()).unwrap().parse().unwrap();
        found.entry((message.topic.into(), message.partition.unsigned_abs())).or_default().push(key);
        Ok(())
    })
    .unwrap();
    found
}

/// The same as the emulator sends them, each key where the Java clients put it.
fn sent(emulation: &Emulation, posts: u64) -> HashMap<(String, u32), Vec<u64>> {
    let mut wanted: HashMap<(String, u32), Vec<u64>> = HashMap::new();
    for n in 0..posts {
        let key = emulation.script().order().index(n);
        let number = partition(key.to_string().as_bytes(), PARTITIONS.unsigned_abs());
        for topic in topics() {
            wanted.entry((topic, number)).or_default().push(key);
        }
    }
    wanted
}

#[test]
fn every_record_arrives_once_whatever_goes_wrong_on_purpose() {
    let (_cluster, url) = cluster();
    let dir = tempfile::tempdir().unwrap();
    let shares = [("null_value", 0.02), ("corrupt", 0.02), ("duplicate", 0.05), ("drop", 0.02)];
    let progress =
        run(&emulation(Some(2_000), &shares), &url, dir.path(), false, &RunOptions::default()).unwrap();
    assert_eq!((progress.written, progress.failed, progress.unknown), (progress.generated, 0, 0));
    let verdict = judged(&url, dir.path());
    assert_eq!(verdict.unexplained(), 0, "{verdict:?}");
    assert_eq!((verdict.arrived, verdict.seen), (progress.written, progress.written));
    assert!(verdict.withheld > 0);
}

/// 102,000 records, slowly enough that troubles come in the middle.
fn in_trouble(url: &str, dir: &Path, trouble: impl FnOnce()) -> (Progress, Emulation) {
    let emulation = emulation(Some(34_000), &[]);
    let how = RunOptions { pace: Pace::Rate(10_000.0), ..RunOptions::default() };
    let progress = std::thread::scope(|scope| {
        let run = scope.spawn(|| run(&emulation, url, dir, false, &how).unwrap());
        std::thread::sleep(Duration::from_millis(500));
        trouble();
        run.join().unwrap()
    });
    assert_eq!((progress.written, progress.failed, progress.unknown), (102_000, 0, 0));
    (progress, emulation)
}

#[test]
fn errors_and_slow_replies_lose_and_double_nothing_and_keep_the_order() {
    let (cluster, url) = cluster();
    let dir = tempfile::tempdir().unwrap();
    let (_, emulation) = in_trouble(&url, dir.path(), || {
        for _ in 0..5 {
            let errors = [
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            ];
            cluster.request_errors(RDKafkaApiKey::Produce, &errors);
            cluster.broker_round_trip_time(2, Duration::from_millis(300)).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            cluster.broker_round_trip_time(2, Duration::ZERO).unwrap();
        }
    });
    let verdict = judged(&url, dir.path());
    assert_eq!((verdict.unexplained(), verdict.arrived), (0, 102_000), "{verdict:?}");
    assert_eq!((verdict.seen, verdict.repeats), (102_000, 0), "nothing is there twice");
    assert!(read(&url) == sent(&emulation, 34_000), "the order of each partition is that of sending");
}

#[test]
fn brokers_that_go_and_come_lose_nothing_and_keep_the_order() {
    let (cluster, url) = cluster();
    let dir = tempfile::tempdir().unwrap();
    let (_, emulation) = in_trouble(&url, dir.path(), || {
        for broker in [1, 3, 2] {
            cluster.broker_down(broker).unwrap();
            std::thread::sleep(Duration::from_millis(500));
            cluster.broker_up(broker).unwrap();
        }
    });
    let verdict = judged(&url, dir.path());
    // This cluster looks at sequence numbers of transactions only, so that a request whose reply was
    // lost stands there twice; a real broker's doubles are tested with a real broker.
    assert_eq!(verdict.unexplained(), verdict.doubled.count, "{verdict:?}");
    assert_eq!(verdict.arrived, 102_000);
    let mut found = read(&url);
    for keys in found.values_mut() {
        let mut known = HashSet::new();
        keys.retain(|key| known.insert(*key));
    }
    assert!(found == sent(&emulation, 34_000), "first arrivals are in the order of sending");
}

#[test]
fn a_stop_drains_for_seconds_and_what_is_left_is_sent_by_the_next_run() {
    let (cluster, url) = cluster();
    let dir = tempfile::tempdir().unwrap();
    let emulation = emulation(None, &[]);
    let how = RunOptions { pace: Pace::Rate(2_000.0), ..RunOptions::default() };
    let progress = std::thread::scope(|scope| {
        let run = scope.spawn(|| run(&emulation, &url, dir.path(), false, &how).unwrap());
        std::thread::sleep(Duration::from_millis(800));
        for broker in 1..=3 {
            cluster.broker_down(broker).unwrap();
        }
        std::thread::sleep(Duration::from_millis(500));
        let began = std::time::Instant::now();
        emulation.stop();
        let progress = run.join().unwrap();
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        progress
    });
    assert!(progress.unknown > 0 && progress.written > 0, "{progress:?}");
    assert_eq!(progress.written + progress.unknown, progress.generated);
    for broker in 1..=3 {
        cluster.broker_up(broker).unwrap();
    }
    let before = judged(&url, dir.path());
    assert_eq!(before.unexplained(), 0, "{before:?}");
    let rest = self::emulation(Some(progress.posts + 100), &[]);
    run(&rest, &url, dir.path(), true, &RunOptions::default()).unwrap();
    let verdict = judged(&url, dir.path());
    assert_eq!((verdict.unexplained(), verdict.unsettled), (0, 0), "{verdict:?}");
    assert_eq!(verdict.arrived, progress.generated + 300);
}

#[test]
fn what_cannot_be_reached_or_is_not_there_is_said() {
    let (_cluster, url) = cluster();
    let open = |url: &str, topic: &str| {
        let Err(error) = Kafka::open(url, &[topic.to_owned()], &options()) else { unreachable!("{url}") };
        error.to_string()
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = open(&format!("kafka://{free}"), "demo.pin");
    assert!(error.contains("cannot reach a broker") && error.contains("refused"), "{error}");
    let large = emulation(Some(9), &[("oversize", 0.1)]);
    let dir = tempfile::tempdir().unwrap();
    let error = run(&large, &url, dir.path(), false, &RunOptions::default()).unwrap_err();
    assert!(error.to_string().contains("fault oversize: kafka://"), "{error}");
    let wrong: Options = [("linger.mss".to_owned(), "1".to_owned())].into();
    let Err(error) = Kafka::open(&url, &topics(), &wrong) else { unreachable!() };
    assert!(error.to_string().contains("linger.mss"), "{error}");
}
