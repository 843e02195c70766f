//! `Emulator`: made or replayed records.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::convert::to_python;
use super::guard;
use crate::emulate::{
    Emulation, Faults, Journal, OVERSIZE_BYTES, OrderName, Pace, PostKind, Report, RunOptions, Settings,
    open_rows,
};
use crate::error::{Error, Result};
use crate::sink::{self, Batch, Existing, Sink, SinkOptions};
use crate::source::Options;

/// Slots rendered at a time for `records`.
const SLOTS: u64 = 4_096;

/// A number of 64 bits; any other is our error, not Python's `OverflowError`.
fn unsigned(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    value
        .extract()
        .map_err(|_| Error::Config(format!("{value}: give a whole number from 0 to {}", u64::MAX)).into())
}

fn unsigned_or_none(value: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    if value.is_none() { Ok(None) } else { unsigned(value).map(Some) }
}

/// Makes the records of posts, or replays those of tables: pin, geo and user, which share one index.
///
/// Emission ``n`` carries index ``order(seed, n)``, and a record follows from seed, kind and index
/// alone: the same settings give the same bytes on any machine, for any number of threads, after
/// any restart. No clock stands in a record.
///
/// Parameters
/// ----------
/// source
///     Path or URL of tables to replay (CSV, JSON lines or Parquet, found by their names:
///     ``pinterest_data``, ``geolocation_data``, ``user_data``, ``*.pin.*`` …), or
///     ``mysql://[user@]host[:3306]/database``. None makes records in the shapes and at the frequencies of
///     the real tables.
/// seed
///     Seed of order, records and faults, 0 to 2**64 - 1.
/// order
///     ``"permuted"`` (each post once, shuffled), ``"sequential"``, or ``"seed100"`` (the rows that the
///     original emulators draw with CPython's ``random``, repeats included).
/// count
///     Posts to make, three records each; None: until the source ends, or without end.
/// kinds
///     Which of ``"pin"``, ``"geo"``, ``"user"`` to send; all by default.
/// user_id
///     Topics are named ``<user_id>.<kind>``.
/// faults
///     Shares of records, 0 to 1, by name: duplicate, late, reorder, drop, corrupt, invalid_utf8,
///     oversize, new_field, renamed_field, retyped_field, missing_field, null_value, orphan.
/// oversize_bytes
///     How long oversize records are; one byte above the readers' limit by default.
/// options
///     Store options such as ``endpoint`` for a source on S3, or those of ``[mysql]`` in ``pinlake.toml``
///     for a database; never secrets.
///
/// Raises
/// ------
/// ConfigError
///     An option that cannot be used, or a database's credentials that are nowhere.
/// FileNotFoundError
///     No table, or no database, at ``source``.
/// SourceError
///     A table that cannot be read, or a database that does not answer or refuses the login.
///
/// Examples
/// --------
/// >>> from pinlake import Emulator
/// >>> posts = Emulator(count=1000, faults={"duplicate": 0.01})
/// >>> posts.posts
/// 1000
/// >>> posts.records("user", 0, 1)[0].startswith(b'{"ind": ')
/// True
#[pyclass(module = "pinlake._core", frozen)]
pub(super) struct Emulator {
    emulation: Arc<Emulation>,
    user_id: String,
}

#[pymethods]
impl Emulator {
    #[new]
    #[pyo3(signature = (
        *, source = None, seed = 100, order = "permuted", count = None, kinds = None, user_id = "demo",
        faults = None, oversize_bytes = OVERSIZE_BYTES, options = None
    ))]
    #[allow(clippy::too_many_arguments)] // keyword-only in Python
    fn new(
        py: Python<'_>,
        source: Option<String>,
        #[pyo3(from_py_with = unsigned)] seed: u64,
        order: &str,
        #[pyo3(from_py_with = unsigned_or_none)] count: Option<u64>,
        kinds: Option<Vec<String>>,
        user_id: &str,
        faults: Option<BTreeMap<String, f64>>,
        oversize_bytes: usize,
        options: Option<Options>,
    ) -> PyResult<Self> {
        let shares = faults.unwrap_or_default();
        let shares = shares.iter().map(|(name, share)| (name.as_str(), *share));
        let settings = Settings {
            seed,
            order: OrderName::parse(order)?,
            faults: Faults::new(shares)?.with_oversize_bytes(oversize_bytes),
            kinds: parse_kinds(kinds)?,
            count,
        };
        let options = options.unwrap_or_default();
        let emulation = guard::heeding(py, move || {
            Ok(Emulation::new(open_rows(source.as_deref(), seed, &options)?, &settings))
        })?;
        Ok(Self { emulation: Arc::new(emulation), user_id: user_id.to_owned() })
    }

    /// How many posts there are: the count or the source's end; None if there is no end.
    #[getter]
    fn posts(&self) -> Option<u64> {
        self.emulation.script().posts()
    }

    /// How many slots there are: posts, and what faults of delivery move behind them; None if
    /// there is no end.
    #[getter]
    fn slots(&self) -> Option<u64> {
        let script = self.emulation.script();
        script.posts().map(|posts| posts.saturating_add(script.tail()))
    }

    /// The kinds that are sent, in the order of sending.
    #[getter]
    fn kinds(&self) -> Vec<&'static str> {
        self.emulation.script().kinds().iter().map(|kind| kind.name()).collect()
    }

    /// The index that emission ``n`` carries.
    ///
    /// Raises ``ConfigError`` behind the source's end.
    ///
    /// >>> from pinlake import Emulator
    /// >>> Emulator(order="seed100").index(0)
    /// 7528
    fn index(&self, n: u64) -> PyResult<u64> {
        let order = self.emulation.script().order();
        if order.len().is_some_and(|len| n >= len) {
            return Err(Error::Config(format!("emission {n} lies behind the source's end")).into());
        }
        Ok(order.index(n))
    }

    /// The record of a kind and an index as the source has it, without faults; None if it has none.
    fn record<'py>(&self, py: Python<'py>, kind: &str, index: u64) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let mut out = Vec::new();
        let found = self.emulation.script().record(PostKind::parse(kind)?, index, &mut out);
        Ok(found.then(|| PyBytes::new(py, &out)))
    }

    /// The records of a kind that slots ``start`` to ``stop`` (not included) send, faults and all, in
    /// the order of sending; a null message reads ``b"null"``.
    ///
    /// ``stop=None`` is the end, which there must be (``ConfigError``).
    #[pyo3(signature = (kind, start = 0, stop = None))]
    fn records<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        start: u64,
        stop: Option<u64>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let kind = PostKind::parse(kind)?;
        let stop = self.stop_of(stop)?;
        let mut records = Vec::new();
        let mut batch = Batch::default();
        let mut from = start;
        while from < stop {
            let to = from.saturating_add(SLOTS).min(stop);
            batch = guard::run(py, || {
                let posts = self.posts().unwrap_or(u64::MAX);
                self.emulation.script().render(&(from..to), &(0..posts), &mut batch);
                Ok(batch)
            })?;
            let topic = self.emulation.script().kinds().iter().position(|sent| *sent == kind);
            let wanted = batch.entries.iter().filter(|entry| Some(usize::from(entry.topic)) == topic);
            records.extend(wanted.map(|entry| PyBytes::new(py, batch.value(entry))));
            from = to;
        }
        Ok(records)
    }

    /// What slots ``start`` to ``stop`` (not included) hold and why: a list of dicts with ``slot``,
    /// ``n``, ``kind``, ``index``, ``copy`` (1 for the copy of a duplicate), ``sent`` (False for records
    /// that are dropped or held back), ``delivery`` and ``content`` (names of faults, or None).
    ///
    /// A record that a replayed source does not have is listed too.
    #[pyo3(signature = (start = 0, stop = None))]
    fn plan<'py>(&self, py: Python<'py>, start: u64, stop: Option<u64>) -> PyResult<Bound<'py, PyAny>> {
        let stop = self.stop_of(stop)?;
        let script = self.emulation.script();
        let planned = guard::run(py, || Ok(script.planned_between(start, stop)))?;
        to_python(py, &planned)
    }

    /// Makes the records and writes them to a target: ``files:DIR`` (one ``<kind>.jsonl`` a kind),
    /// ``landing:DIR`` or ``landing:s3://bucket/prefix`` (objects as Kafka Connect's S3 sink names
    /// them), ``kafka://host:9092`` (topics, which have to be there), ``kinesis://region`` or
    /// ``gateway+https://host/stage`` (streams, likewise), ``firehose://region[/name]`` (delivery streams), or
    /// ``-`` (standard output).
    ///
    /// Gives a report: target, source, seed, posts, generated, written (Kafka,
    /// Kinesis: acknowledged), failed, unknown, bytes, objects, kinds, faults,
    /// alone (posts of which the source lacks a record), absent, behind_seconds, seconds, ended.
    /// Runs without the GIL; ``progress`` and ``stop`` may be called from other threads. An interrupt
    /// ends the run cleanly, then raises ``KeyboardInterrupt``.
    ///
    /// Parameters
    /// ----------
    /// rate
    ///     ``"max"``, posts a second, or ``"course"`` (pauses of 0 or 1 s as in the original emulators).
    /// duration
    ///     Seconds after which to stop.
    /// threads
    ///     Threads that make records and write objects; one a core by default.
    /// existing
    ///     Where records stand already: ``"refuse"`` (default of files), ``"append"`` (default of a
    ///     landing, which goes on behind its last offset) or ``"replace"`` (files only).
    /// flush_size, partitions, offset_digits, gzip, last_newline
    ///     Form of a landing: records an object, partitions a topic (Kafka's choice by key), 10 or 20
    ///     digits in names, ``.json.gz``, whether an object ends in a newline.
    /// durable
    ///     Wait until the disk has it.
    /// ledger
    ///     File that says of each record what became of it, for ``verify``: targets with places only
    ///     (a landing, Kafka, Kinesis). A landing is durable then. The file must not be there yet.
    /// resume
    ///     Go on with ``ledger``: records whose end it does not know are sent again, then what was not
    ///     sent yet. Source, seed, order, kinds, faults, user id and target must be those of the ledger.
    ///
    /// Raises
    /// ------
    /// ConfigError
    ///     An option that cannot be used, or a fault that the target cannot carry.
    /// SinkError
    ///     A target that cannot be written, or holds records that it must not.
    ///
    /// Examples
    /// --------
    /// >>> import tempfile
    /// >>> from pinlake import Emulator
    /// >>> with tempfile.TemporaryDirectory() as folder:
    /// ...     report = Emulator(count=100).run(f"landing:{folder}", flush_size=10)
    /// >>> report["written"], report["objects"], report["ended"]
    /// (300, 30, 'count')
    #[pyo3(signature = (
        target, *, rate = None, duration = None, threads = None, existing = None,
        flush_size = sink::FLUSH_SIZE, partitions = 1, offset_digits = 10, gzip = false, last_newline = true,
        durable = false, options = None, ledger = None, resume = false
    ))]
    #[allow(clippy::too_many_arguments)] // keyword-only in Python
    fn run<'py>(
        &self,
        py: Python<'py>,
        target: &str,
        rate: Option<Bound<'py, PyAny>>,
        duration: Option<f64>,
        threads: Option<usize>,
        existing: Option<&str>,
        flush_size: u64,
        partitions: u32,
        offset_digits: u8,
        gzip: bool,
        last_newline: bool,
        durable: bool,
        options: Option<Options>,
        ledger: Option<PathBuf>,
        resume: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        if resume && ledger.is_none() {
            return Err(Error::Config("resume: name the ledger to go on with".into()).into());
        }
        let run_options = RunOptions { pace: pace(rate)?, duration: seconds(duration)?, threads };
        let sink_options = SinkOptions {
            existing: existing.map(Existing::parse).transpose()?,
            flush_size,
            partitions,
            digits: offset_digits,
            gzip,
            last_newline,
            durable: durable || ledger.is_some(),
            outcomes: ledger.is_some(),
            threads,
            store: options.unwrap_or_default(),
        };
        let opening = self.opening(target, sink_options, ledger, resume);
        let (mut sink, mut journal) = guard::heeding(py, opening)?;
        let mut interrupt = None;
        let report =
            guard::run(py, || self.watched(&mut *sink, &run_options, journal.as_mut(), &mut interrupt))?;
        match interrupt {
            Some(interrupt) => Err(interrupt),
            None => to_python(py, &report),
        }
    }

    /// The counts of the run that is on, or of the last one, as a dict.
    fn progress<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.emulation.progress())
    }

    /// Ends the run that is on: what was begun is written, late records included.
    fn stop(&self) {
        self.emulation.stop();
    }
}

impl Emulator {
    fn stop_of(&self, stop: Option<u64>) -> Result<u64> {
        match (stop, self.slots()) {
            (Some(stop), Some(slots)) => Ok(stop.min(slots)),
            (stop, slots) => stop.or(slots).ok_or_else(|| {
                Error::Config("these records have no end: give stop, or a count to the emulator".into())
            }),
        }
    }

    /// Opens a target and, for a run that keeps one, its ledger.
    fn opening(
        &self,
        target: &str,
        options: SinkOptions,
        ledger: Option<PathBuf>,
        resume: bool,
    ) -> impl FnOnce() -> Result<(Box<dyn Sink>, Option<Journal>)> + Send + 'static {
        let (emulation, kinds) = (Arc::clone(&self.emulation), self.kinds());
        let (target, user_id) = (target.to_owned(), self.user_id.clone());
        move || {
            let sink = sink::open(&target, &user_id, &kinds, &options)?;
            // Before a ledger is begun that could not be gone on with.
            emulation.check(&*sink, ledger.is_some())?;
            let header = emulation.header(&user_id, &sink.place());
            let begin = |path: &PathBuf| {
                if resume { Journal::resume(path, &header) } else { Journal::create(path, &header) }
            };
            Ok((sink, ledger.as_ref().map(begin).transpose()?))
        }
    }

    /// Runs on a thread of its own, so that Python's signals are seen here.
    fn watched(
        &self,
        sink: &mut dyn Sink,
        options: &RunOptions,
        journal: Option<&mut Journal>,
        interrupt: &mut Option<PyErr>,
    ) -> Result<Report> {
        let (to, from) = channel::<()>();
        std::thread::scope(|scope| {
            let run = scope.spawn(move || {
                // Dropped when the run ends, also by a panic.
                let _to = to;
                self.emulation.run(sink, options, journal)
            });
            while from.recv_timeout(guard::SIGNALS) == Err(RecvTimeoutError::Timeout) {
                if let Err(signal) = Python::attach(|py| py.check_signals()) {
                    interrupt.get_or_insert(signal);
                }
                // Again and again: a run that had not begun yet has not heard it.
                if interrupt.is_some() {
                    self.emulation.stop();
                }
            }
            run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn parse_kinds(kinds: Option<Vec<String>>) -> Result<Vec<PostKind>> {
    let Some(names) = kinds else {
        return Ok(PostKind::ALL.to_vec());
    };
    let mut kinds = Vec::new();
    for name in &names {
        let kind = PostKind::parse(name)?;
        if kinds.contains(&kind) {
            return Err(Error::Config(format!("kind {name:?} is named twice")));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        return Err(Error::Config("no kind to send: name pin, geo or user".into()));
    }
    Ok(kinds)
}

fn pace(rate: Option<Bound<'_, PyAny>>) -> PyResult<Pace> {
    match rate {
        None => Ok(Pace::Max),
        Some(rate) => Ok(Pace::parse(&rate.str()?.to_cow()?)?),
    }
}

fn seconds(duration: Option<f64>) -> Result<Option<Duration>> {
    let Some(seconds) = duration else {
        return Ok(None);
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) => Ok(Some(duration)),
        Err(_) => Err(Error::Config(format!("duration {seconds}: use seconds above 0"))),
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Emulator>()
}
