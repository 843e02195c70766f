//! Running a script into a sink: batches made by many threads, written in order.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::Serialize;

use super::counters::{Counters, Progress};
use super::faults::{Fault, Faults};
use super::feed::{Ended, Feed, Slots};
use super::journal::{Journal, Wants};
use super::pace::{Clock, Pace};
use super::script::{Script, Settings, Tally};
use super::sending::Sending;
use crate::error::{Error, Result};
use crate::ledger::{FORMAT, Header, Intents};
use crate::sink::{Batch, Sink};
use crate::threads;

/// Posts rendered at a time: about 4 MB.
const CHUNK: u64 = 4_096;

/// Memory that oversize records of one chunk may take, on average.
const CHUNK_BYTES: f64 = 64e6;

/// How an emulation runs; none of it changes a byte of what is made.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// How fast posts are sent.
    pub pace: Pace,
    /// Stops after so long.
    pub duration: Option<Duration>,
    /// Threads that make records; None: one a core.
    pub threads: Option<usize>,
}

/// What an emulation did.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Where it wrote.
    pub target: String,
    /// What tells the source from another.
    pub source: String,
    /// Its seed.
    pub seed: u64,
    /// The counts.
    #[serde(flatten)]
    pub progress: Progress,
    /// How long it took.
    pub seconds: f64,
    /// Why it ended.
    pub ended: Ended,
}

/// A script with its counters.
#[derive(Debug)]
pub struct Emulation {
    script: Script,
    faults: Faults,
    pub(super) counters: Counters,
}

/// Some slots, rendered.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) batch: Batch,
    pub(super) tally: Tally,
    pub(super) of: Slots,
    /// What a ledger is told of them; None without one.
    pub(super) intents: Option<Intents>,
}

impl Emulation {
    /// An emulation of a source under some settings.
    #[must_use]
    pub fn new(rows: Box<dyn super::Rows>, settings: &Settings) -> Self {
        Self {
            script: Script::new(rows, settings),
            faults: settings.faults.clone(),
            counters: Counters::default(),
        }
    }

    /// What is made, slot by slot.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// What a ledger of this emulation begins with.
    #[must_use]
    pub fn header(&self, user_id: &str, target: &str) -> Header {
        let mut faults: Vec<_> = self
            .faults
            .active()
            .map(|fault| (fault.name().to_owned(), self.faults.share(fault).to_string()))
            .collect();
        if self.faults.share(Fault::Oversize) > 0.0 {
            faults.push(("oversize_bytes".into(), self.faults.oversize_bytes().to_string()));
        }
        Header {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            source: self.script.fingerprint(),
            seed: self.script.seed(),
            order: self.script.order().name().name().into(),
            kinds: self.script.kinds().iter().map(|kind| kind.name().to_owned()).collect(),
            faults,
            count: self.script.posts(),
            user_id: user_id.into(),
            target: target.into(),
        }
    }

    /// The counts so far; any thread may ask.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.counters.progress()
    }

    /// Ends the run that is on: what was begun is written, late records included.
    pub fn stop(&self) {
        self.counters.stop.store(true, Relaxed);
    }

    /// Runs the script into a sink, and tells a journal, if there is one, what is sent and what
    /// becomes of it; of a journal that is gone on with, only what is left to do.
    ///
    /// # Errors
    /// [`Error::Config`] for a fault that the sink cannot carry, for a journal that it has no
    /// outcomes for, or while another run is on; [`Error::Sink`] where writing fails.
    pub fn run(
        &self,
        sink: &mut dyn Sink,
        options: &RunOptions,
        journal: Option<&mut Journal>,
    ) -> Result<Report> {
        self.check(sink, journal.is_some())?;
        if self.counters.running.swap(true, Relaxed) {
            return Err(Error::Config("this emulation is running already".into()));
        }
        self.counters.reset();
        let started = Instant::now();
        let target = sink.place();
        sink.stops_with(Arc::clone(&self.counters.stop));
        let mut sending = Sending::new(sink, journal, &self.counters);
        let mut ended = self.run_legs(&mut sending, options, started);
        if ended.is_err() {
            // What is known by now is kept; the first error tells more than any that follows.
            ended = sending.give_up().and(ended);
        }
        self.counters.running.store(false, Relaxed);
        Ok(Report {
            ended: ended?,
            target,
            source: self.script.fingerprint(),
            seed: self.script.seed(),
            progress: self.counters.progress(),
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Whether a sink can take what this emulation sends, and, for a journal, tell what becomes of it.
    ///
    /// # Errors
    /// [`Error::Config`] for a fault that the sink cannot carry, or a journal that it has no outcomes
    /// for.
    pub fn check(&self, sink: &dyn Sink, journal: bool) -> Result<()> {
        for fault in self.faults.active() {
            if sink.refuses().contains(&fault.name()) {
                return Err(Error::Config(format!(
                    "fault {}: {} cannot carry it; choose one kind, files: or landing:",
                    fault.name(),
                    sink.place()
                )));
            }
        }
        let oversize = self.faults.oversize_bytes();
        if self.faults.share(Fault::Oversize) > 0.0 && sink.longest().is_some_and(|most| most < oversize) {
            return Err(Error::Config(format!(
                "fault oversize: {} takes no record of {oversize} bytes; choose files: or landing:",
                sink.place()
            )));
        }
        if journal && !sink.tells() {
            return Err(Error::Config(format!(
                "{}: no place of a record is known there, so a ledger has nothing to hold; \
                 leave the ledger out, or send to a landing, a broker or a stream",
                sink.place()
            )));
        }
        Ok(())
    }

    fn run_legs(&self, sending: &mut Sending<'_>, options: &RunOptions, started: Instant) -> Result<Ended> {
        let by_source = self.script.posts().is_some() && self.script.posts() == self.script.order().len();
        let mut ended = if by_source { Ended::Source } else { Ended::Count };
        sending.send_again(&self.script)?;
        for leg in sending.legs(self.script.posts().unwrap_or(u64::MAX)) {
            let mut feed = Feed {
                script: &self.script,
                counters: &self.counters,
                started,
                duration: options.duration,
                chunk: self.chunk(),
                next: leg.next,
                emissions: leg.emissions,
                draining: false,
                ended,
            };
            self.run_feed(&mut feed, sending, options)?;
            ended = feed.ended;
        }
        let closed = sending.finish(ended)?;
        Ok(if closed { Ended::Closed } else { ended })
    }

    fn run_feed(&self, feed: &mut Feed<'_>, sending: &mut Sending<'_>, options: &RunOptions) -> Result<()> {
        let threads = threads::count(options.threads)?;
        if options.pace != Pace::Max {
            self.run_paced(feed, sending, options.pace)
        } else if threads == 1 {
            self.run_alone(feed, sending)
        } else {
            self.run_threads(feed, sending, threads)
        }
    }

    fn run_alone(&self, feed: &mut Feed<'_>, sending: &mut Sending<'_>) -> Result<()> {
        let mut batch = Batch::default();
        while let Some(slots) = feed.take() {
            let mut made = self.make(slots, sending.wants(), batch)?;
            if !sending.send(&mut made)? {
                break;
            }
            batch = made.batch;
        }
        Ok(())
    }

    fn run_threads(&self, feed: &mut Feed<'_>, sending: &mut Sending<'_>, threads: usize) -> Result<()> {
        let pool = threads::pool(Some(threads))?;
        let spare: Mutex<Vec<Batch>> = Mutex::default();
        let lock = || spare.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (to, from) = sync_channel::<Result<Vec<Made>>>(1);
        let wants = sending.wants();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Dropped with this thread's end, which tells the writer that nothing follows.
                let to = to;
                loop {
                    let ranges: Vec<_> = (0..threads).map_while(|_| feed.take()).collect();
                    let work: Vec<_> = {
                        let mut spare = lock();
                        ranges.into_iter().map(|range| (range, spare.pop().unwrap_or_default())).collect()
                    };
                    if work.is_empty() {
                        return;
                    }
                    let made = pool.install(|| {
                        work.into_par_iter().map(|(slots, batch)| self.make(slots, wants, batch)).collect()
                    });
                    if to.send(made).is_err() {
                        return;
                    }
                }
            });
            for group in &from {
                for mut made in group? {
                    if !sending.send(&mut made)? {
                        drop(from);
                        return Ok(());
                    }
                    lock().push(made.batch);
                }
            }
            Ok(())
        })
    }

    fn run_paced(&self, feed: &mut Feed<'_>, sending: &mut Sending<'_>, pace: Pace) -> Result<()> {
        let mut clock = Clock::new(pace, Instant::now(), feed.next);
        feed.chunk = feed.chunk.min(clock.chunk());
        let mut batch = Batch::default();
        while let Some(range) = feed.take() {
            // Open loop: when a post is due does not depend on how long the ones before it took.
            let due = clock.due(range.slots.end - 1, |n| self.script.order().pause(n));
            let limit = feed.duration.map(|duration| feed.started + duration);
            let waited = clock.wait(due, limit.filter(|_| !feed.draining), || self.counters.stopped());
            if !waited && !feed.draining {
                feed.next = range.slots.start;
                continue;
            }
            if waited {
                let behind = Instant::now().saturating_duration_since(due);
                self.counters.behind(u64::try_from(behind.as_micros()).unwrap_or(u64::MAX));
            }
            let mut made = self.make(range, sending.wants(), batch)?;
            if !sending.send(&mut made)? {
                break;
            }
            batch = made.batch;
        }
        Ok(())
    }

    fn make(&self, of: Slots, wants: Wants, mut batch: Batch) -> Result<Made> {
        let tally = self.script.render(&of.slots, &of.emissions, &mut batch);
        self.counters.made(&tally);
        let intents = super::journal::intents(&of, &batch, &tally, &self.script, wants)?;
        Ok(Made { batch, tally, of, intents })
    }

    /// Posts of a chunk: fewer where oversize records would fill the memory.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn chunk(&self) -> u64 {
        let bytes = self.faults.share(Fault::Oversize) * 3.0 * self.faults.oversize_bytes() as f64;
        if bytes <= 0.0 {
            return CHUNK;
        }
        ((CHUNK_BYTES / bytes) as u64).clamp(1, CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OrderName, Rows, Synthetic};
    use super::*;
    use crate::sink::{Files, SinkOptions, Stdout, Written};
    use std::collections::BTreeMap;
    use std::path::Path;

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

    fn settings(count: Option<u64>, shares: &[(&str, f64)]) -> Settings {
        let faults = Faults::new(shares.iter().copied()).unwrap().with_oversize_bytes(20_000);
        Settings { faults, count, ..Settings::default() }
    }

    fn emulation(settings: &Settings) -> Emulation {
        Emulation::new(Box::new(Synthetic::new(settings.seed)), settings)
    }

    fn run_files(emulation: &Emulation, dir: &Path, options: &RunOptions) -> (Report, Vec<Vec<u8>>) {
        let sink_options = SinkOptions::default();
        let mut files = Files::create(dir.to_str().unwrap(), &["pin", "geo", "user"], &sink_options).unwrap();
        let report = emulation.run(&mut files, options, None).unwrap();
        let read = |kind: &str| std::fs::read(dir.join(format!("{kind}.jsonl"))).unwrap();
        (report, ["pin", "geo", "user"].map(read).to_vec())
    }

    fn threads(threads: usize) -> RunOptions {
        RunOptions { threads: Some(threads), ..RunOptions::default() }
    }

    #[test]
    fn one_two_and_eight_threads_write_the_same_bytes() {
        for order in [OrderName::Permuted, OrderName::Seed100] {
            for shares in [&[][..], &SHARES] {
                let settings = Settings { order, ..settings(Some(30_000), shares) };
                let outcomes = [1, 2, 8].map(|count| {
                    let dir = tempfile::tempdir().unwrap();
                    run_files(&emulation(&settings), dir.path(), &threads(count))
                });
                for (report, files) in &outcomes {
                    assert!(files == &outcomes[0].1);
                    assert_eq!(report.progress, outcomes[0].0.progress);
                    assert_eq!(report.ended, Ended::Count);
                    assert_eq!(report.progress.posts, 30_000);
                    let lines: usize =
                        files.iter().map(|file| file.split_inclusive(|b| *b == b'\n').count()).sum();
                    assert_eq!(report.progress.written, lines as u64);
                    assert_eq!(report.progress.generated, lines as u64);
                }
            }
        }
    }

    #[test]
    fn counts_agree_with_the_plan() {
        let settings = settings(Some(5_000), &SHARES);
        let emulation = emulation(&settings);
        let dir = tempfile::tempdir().unwrap();
        let (report, _) = run_files(&emulation, dir.path(), &threads(2));
        let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
        let mut sent = 0;
        for slot in 0..5_000 + emulation.script().tail() + 5 {
            for planned in emulation.script().plan(slot, None) {
                sent += u64::from(planned.sent);
                if planned.copy == 0 {
                    for fault in planned.delivery.into_iter().chain(planned.content) {
                        *faults.entry(fault.name()).or_default() += 1;
                    }
                }
            }
        }
        assert_eq!((report.progress.written, report.progress.faults), (sent, faults));
    }

    #[test]
    fn a_stopped_run_is_a_shorter_run() {
        let dir = tempfile::tempdir().unwrap();
        let emulation = emulation(&settings(None, &SHARES));
        let options = RunOptions { duration: Some(Duration::from_millis(150)), ..threads(2) };
        let (report, files) = run_files(&emulation, dir.path(), &options);
        assert_eq!(report.ended, Ended::Duration);
        let posts = report.progress.posts;
        assert!(posts > 0);
        let again = tempfile::tempdir().unwrap();
        let (shorter, same) =
            run_files(&self::emulation(&settings(Some(posts), &SHARES)), again.path(), &threads(1));
        assert!(files == same);
        assert_eq!(shorter.progress, report.progress);
    }

    #[test]
    fn a_rate_is_kept_and_a_stop_drains_at_once() {
        let emulation = emulation(&settings(None, &[("late", 0.5)]));
        let options = RunOptions { pace: Pace::Rate(200.0), ..threads(1) };
        let mut out = Vec::new();
        let report = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(500));
                emulation.stop();
            });
            emulation.run(&mut Stdout::new(&mut out, &["pin", "geo", "user"]), &options, None).unwrap()
        });
        assert_eq!(report.ended, Ended::Stopped);
        assert!((80..=110).contains(&report.progress.posts), "{}", report.progress.posts);
        assert!(report.seconds < 2.0, "{}", report.seconds);
        let lines = out.split_inclusive(|byte| *byte == b'\n').count() as u64;
        assert_eq!(lines, 3 * report.progress.posts);
    }

    #[test]
    fn faults_that_a_sink_cannot_carry_are_refused_by_name() {
        let emulation = emulation(&settings(Some(1), &[("corrupt", 0.1)]));
        let mut several = Stdout::new(Vec::new(), &["pin", "geo", "user"]);
        let error = emulation.run(&mut several, &RunOptions::default(), None).unwrap_err();
        assert!(error.to_string().contains("fault corrupt: standard output"), "{error}");
    }

    #[test]
    fn a_failing_sink_ends_the_run_with_its_error() {
        struct Full;
        impl Sink for Full {
            fn write(&mut self, _: &Batch) -> Result<Written> {
                Err(Error::Sink("the disk is full".into()))
            }
            fn finish(&mut self) -> Result<Written> {
                Ok(Written::default())
            }
            fn place(&self) -> String {
                "nowhere".into()
            }
        }
        for count in [1, 2] {
            let emulation = emulation(&settings(None, &[]));
            let error = emulation.run(&mut Full, &threads(count), None).unwrap_err();
            assert!(error.to_string().contains("disk is full"), "{error}");
        }
    }

    #[test]
    fn a_source_without_partners_is_counted() {
        struct Odd(Vec<u64>);
        impl Rows for Odd {
            fn write(&self, kind: super::super::PostKind, index: u64, out: &mut Vec<u8>) -> bool {
                let has = kind != super::super::PostKind::Pin || index.is_multiple_of(2);
                if has {
                    out.extend_from_slice(b"{\"ind\": 1, \"country\": \"x\"}");
                }
                has
            }
            fn keys(&self) -> Option<&[u64]> {
                Some(&self.0)
            }
            fn fingerprint(&self) -> String {
                "odd".into()
            }
        }
        for shares in [&[][..], &[("new_field", 0.5)]] {
            let emulation = Emulation::new(Box::new(Odd((0..10).collect())), &settings(None, shares));
            let dir = tempfile::tempdir().unwrap();
            let (report, files) = run_files(&emulation, dir.path(), &threads(1));
            assert_eq!(report.ended, Ended::Source);
            assert_eq!((report.progress.posts, report.progress.alone, report.progress.absent), (10, 5, 0));
            assert_eq!(report.progress.written, 25);
            assert_eq!(files[0].split_inclusive(|byte| *byte == b'\n').count(), 5);
        }
    }
}
