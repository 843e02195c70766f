//! The whole flow in one call, without Spark: source → parse → clean → dedup → sink.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::{AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use rayon::ThreadPool;
use serde::Serialize;

use crate::clean::{Invalid, Options as CleanOptions};
use crate::dedup::{Decision, Exact, fingerprint};
use crate::error::{Error, Result};
use crate::kind::{KEY_COLUMN, Kind};
use crate::schema::Frame;
use crate::sink::check_apart;
use crate::sink::quarantine::QuarantineFile;
use crate::sink::table::{Format, TableSink};
use crate::source::plan::{Ask, LandingPlan, Skipped, plan_landing};
use crate::source::{Options as StoreOptions, TaskReader, split};

/// Batches that a worker may be ahead of the writer by.
const AHEAD: usize = 4;

/// Tasks a worker: enough that none is idle at the end.
const TASKS_A_WORKER: usize = 4;

/// What to clean, and where to.
#[derive(Debug, Clone)]
pub struct CleanFiles {
    /// The kind of all records.
    pub kind: Arc<Kind>,
    /// Files, folders or landings.
    pub inputs: Vec<String>,
    /// The table to write; none counts only.
    pub out: Option<(PathBuf, Format)>,
    /// NDJSON of what was rejected.
    pub quarantine: Option<PathBuf>,
    /// Whether the table has the columns behind the clean ones too.
    pub meta: bool,
    /// What becomes of a record with a bad field.
    pub invalid: Invalid,
    /// Worker threads; none is one a core.
    pub threads: Option<usize>,
    /// Endpoint and the like, for `s3://`.
    pub store: StoreOptions,
}

/// What came of it: records = rows + duplicates + superseded + quarantined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CleanCounts {
    /// Records read.
    pub records: u64,
    /// Rows written.
    pub rows: u64,
    /// Records whose key and content were there already.
    pub duplicates: u64,
    /// Records that a later version of their key replaced.
    pub superseded: u64,
    /// Records that are no rows.
    pub quarantined: u64,
    /// Rows with at least one bad field.
    pub flawed: u64,
}

/// What a call did, and what it left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// What became of the records.
    pub counts: CleanCounts,
    /// Names that were passed over, and why.
    pub skipped: Vec<Skipped>,
    /// How many were passed over beyond those in `skipped`.
    pub skipped_more: u64,
}

/// Counters that another thread may read while the work goes on.
#[derive(Debug, Default)]
pub struct Progress {
    /// Records read so far.
    pub records: AtomicU64,
    /// Tasks done.
    pub tasks_done: AtomicU64,
    /// Tasks in all; 0 while listing.
    pub tasks: AtomicU64,
    /// Set to stop early.
    pub stop: AtomicBool,
}

/// Cleans files into one table. Whatever the number of threads, the result is the same.
///
/// # Errors
/// What sources, rules and sinks report; [`Error::Config`] if an output would overwrite an input
/// or another output, [`Error::Source`] if it was stopped.
pub fn clean_files(job: &CleanFiles, progress: &Progress) -> Result<Cleaned> {
    let workers = crate::threads::count(job.threads)?;
    let outputs = job.out.iter().map(|(path, _)| path).chain(&job.quarantine);
    let outputs: Vec<String> = outputs.map(|path| path.display().to_string()).collect();
    check_apart(&job.inputs, &outputs)?;
    let mut cleaned = Cleaned::default();
    let tasks = tasks(job, workers, &mut cleaned)?;
    progress.tasks.store(tasks.len() as u64, Ordering::Relaxed);
    let pool = crate::threads::pool(Some(workers))?;
    let mut writer = FlowWriter::new(job)?;
    let next = AtomicUsize::new(0);
    let (senders, receivers): (Vec<_>, Vec<_>) = tasks.iter().map(|_| sync_channel(AHEAD)).unzip();
    std::thread::scope(|scope| {
        // Senders are handed to workers by task number; a dropped one ends its task's stream.
        let senders: Vec<std::sync::Mutex<Option<Batches>>> =
            senders.into_iter().map(|sender| std::sync::Mutex::new(Some(sender))).collect();
        let senders = Arc::new(senders);
        for _ in 0..workers {
            let senders = Arc::clone(&senders);
            let (next, tasks) = (&next, &tasks);
            scope.spawn(move || work(job, tasks, next, &senders));
        }
        drop(senders);
        let outcome = write_all(receivers, &mut writer, &pool, progress);
        if outcome.is_err() {
            // Workers stop at their next batch, whose receiver is gone, and take no new task.
            next.store(usize::MAX / 2, Ordering::Relaxed);
        }
        outcome
    })?;
    cleaned.counts = writer.finish(&pool)?;
    Ok(cleaned)
}

type Batches = SyncSender<Result<RecordBatch>>;

/// The inputs in the order of their positions, cut into tasks.
fn tasks(job: &CleanFiles, workers: usize, cleaned: &mut Cleaned) -> Result<Vec<LandingPlan>> {
    let mut plans = Vec::new();
    for input in &job.inputs {
        let mut plan = plan_landing(&job.kind, input, Ask::default(), &job.store)?;
        cleaned.skipped_more += plan.skipped_more;
        for mut skipped in plan.skipped.drain(..) {
            skipped.name = format!("{}/{}", input.trim_end_matches('/'), skipped.name);
            cleaned.skipped.push(skipped);
        }
        plans.push(plan);
    }
    // Within a plan reading order is the order of positions; between plans the names decide.
    plans.sort_by_key(|plan| (plan.layout != "files", format!("{}/", plan.url)));
    Ok(plans.iter().flat_map(|plan| split(plan, workers * TASKS_A_WORKER)).collect())
}

/// Takes tasks in order until there are none: the first unfinished one is always under way.
fn work(
    job: &CleanFiles,
    tasks: &[LandingPlan],
    next: &AtomicUsize,
    senders: &[std::sync::Mutex<Option<Batches>>],
) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let (Some(task), Some(sender)) = (tasks.get(at), senders.get(at)) else { return };
        let Some(sender) = sender.lock().ok().and_then(|mut sender| sender.take()) else { return };
        let options = CleanOptions {
            invalid: job.invalid,
            frame: if job.meta || job.quarantine.is_some() { Frame::Full } else { Frame::Content },
            ..CleanOptions::default()
        };
        let batches = match TaskReader::new(Arc::clone(&job.kind), task.clone(), options, &job.store) {
            Ok(reader) => reader,
            Err(error) => {
                let _ = sender.send(Err(error));
                return;
            }
        };
        for batch in batches {
            if sender.send(batch).is_err() {
                return;
            }
        }
    }
}

fn write_all(
    receivers: Vec<Receiver<Result<RecordBatch>>>,
    writer: &mut FlowWriter,
    pool: &ThreadPool,
    progress: &Progress,
) -> Result<()> {
    for receiver in receivers {
        for batch in receiver {
            writer.write(&batch?, pool)?;
            progress.records.store(writer.counts.records, Ordering::Relaxed);
            if progress.stop.load(Ordering::Relaxed) {
                return Err(Error::Source("stopped; nothing was written".into()));
            }
        }
        progress.tasks_done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Decides on each row and writes the ones that stay.
struct FlowWriter {
    table: Option<TableSink>,
    width: usize,
    quarantine: Option<QuarantineFile>,
    exact: Exact,
    counts: CleanCounts,
    kind: Arc<Kind>,
}

impl FlowWriter {
    fn new(job: &CleanFiles) -> Result<Self> {
        let frame = if job.meta { Frame::Silver } else { Frame::Clean };
        let mut schema = frame.schema(&job.kind);
        if job.meta {
            // The columns of a run, which stand last, have no value without one.
            schema = Arc::new(schema.project(&(0..schema.fields().len() - 2).collect::<Vec<_>>())?);
        }
        let width = schema.fields().len();
        let table =
            job.out.as_ref().map(|(path, format)| TableSink::create(path, *format, schema)).transpose()?;
        Ok(Self {
            table,
            width,
            quarantine: job.quarantine.as_deref().map(QuarantineFile::create).transpose()?,
            exact: Exact::new(job.meta),
            counts: CleanCounts::default(),
            kind: Arc::clone(&job.kind),
        })
    }

    fn write(&mut self, batch: &RecordBatch, pool: &ThreadPool) -> Result<()> {
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| Error::Schema(format!("no column {name} to go by")))
        };
        let other = |name: &str| Error::Schema(format!("column {name} is of another type"));
        let keys = column(KEY_COLUMN)?.as_primitive_opt::<Int64Type>().ok_or_else(|| other(KEY_COLUMN))?;
        let prints = fingerprint::read(column("_fingerprint")?.as_ref())?;
        let errors = column("_errors")?.as_list_opt::<i32>().ok_or_else(|| other("_errors"))?;
        let first = self.table.as_ref().map_or(self.counts.rows, TableSink::rows);
        let (mut keep, mut kept) = (Vec::with_capacity(batch.num_rows()), 0);
        for (row, print) in prints.into_iter().enumerate() {
            let position = self.counts.records;
            self.counts.records += 1;
            let stays = match print {
                None => {
                    self.counts.quarantined += 1;
                    false
                }
                Some(print) => self.decide(keys, row, print, position, first + kept),
            };
            self.counts.flawed += u64::from(stays && errors.value_length(row) > 0);
            kept += u64::from(stays);
            keep.push(stays);
        }
        if let Some(file) = &mut self.quarantine {
            file.write(batch, &self.kind)?;
        }
        if let Some(table) = &mut self.table {
            let columns = batch.project(&(0..self.width).collect::<Vec<_>>())?;
            let all = kept == keep.len() as u64;
            let rows = if all { columns } else { filter_record_batch(&columns, &BooleanArray::from(keep))? };
            table.write(&rows, pool)?;
        } else {
            self.counts.rows += kept;
        }
        Ok(())
    }

    /// Whether a row stays; an earlier row that it replaces is taken back.
    fn decide(&mut self, keys: &Int64Array, row: usize, print: u128, position: u64, place: u64) -> bool {
        let decision = self.exact.decide(keys.value(row), print, position, place);
        match decision {
            Decision::New => {}
            Decision::Duplicate => self.counts.duplicates += 1,
            Decision::Superseded => self.counts.superseded += 1,
            Decision::Repeats(earlier) | Decision::Replaces(earlier) => {
                if decision == Decision::Replaces(earlier) {
                    self.counts.superseded += 1;
                } else {
                    self.counts.duplicates += 1;
                }
                if let Some(table) = &mut self.table {
                    table.take_back(earlier);
                }
            }
        }
        matches!(decision, Decision::New | Decision::Repeats(_) | Decision::Replaces(_))
    }

    fn finish(self, pool: &ThreadPool) -> Result<CleanCounts> {
        let mut counts = self.counts;
        counts.rows = self.exact.len() as u64;
        if let Some(table) = self.table {
            counts.rows = table.finish(pool)?;
        }
        if let Some(file) = self.quarantine {
            file.finish()?;
        }
        let sum = counts.rows + counts.duplicates + counts.superseded + counts.quarantined;
        if sum != counts.records {
            return Err(Error::Quality(format!(
                "the books do not balance: {} records read, {sum} accounted for",
                counts.records
            )));
        }
        Ok(counts)
    }
}
