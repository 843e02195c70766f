//! What was read: a mark, gaps and the last object a partition; files by name and ETag.
//!
//! The mark of a partition is the first offset not known to be covered. Objects appear in any
//! order and holes may stay for ever, so what lies between the mark and the highest offset read is
//! kept as gaps. A gap closes when it is filled, when it is older than the patience, or when there
//! are too many; then it counts as covered, and only a full listing finds what comes there later.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::layout;
use super::plan::{LandingPlan, Last, PartPlan};

/// Format version of the marks' JSON; another one is refused.
pub const MARKS_VERSION: u32 = 1;

/// Most open gaps of a partition: the oldest close above it.
pub const MAX_GAPS: usize = 1_000;

/// Gaps that a report shows one by one.
const GAPS_SHOWN: usize = 20;

/// What was read of a landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// [`MARKS_VERSION`].
    pub version: u32,
    /// The epoch these marks are of.
    #[serde(default)]
    pub epoch: i32,
    /// By `<topic>/<partition>`.
    #[serde(default)]
    pub parts: BTreeMap<String, PartMarks>,
    /// Files read: name and ETag. What [`advance_marks`] returns holds those of its run alone;
    /// [`Marks::merge`] joins runs.
    #[serde(default)]
    pub files: BTreeSet<(String, String)>,
}

impl Default for Marks {
    fn default() -> Self {
        Self { version: MARKS_VERSION, epoch: 0, parts: BTreeMap::new(), files: BTreeSet::new() }
    }
}

/// What was read of a partition. All ranges are half open: `to` is the first offset behind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMarks {
    /// First offset not known to be covered.
    pub mark: u64,
    /// Ranges read behind it, `[from, to)`, in order.
    #[serde(default)]
    pub beyond: Vec<(u64, u64)>,
    /// Open gaps in order: what lies between `mark` and the end of `beyond`.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// The object with the greatest offset.
    #[serde(default)]
    pub last: Option<Last>,
    /// Digits of the names read so far.
    #[serde(default)]
    pub digits: BTreeSet<u8>,
}

/// Offsets that no object read so far holds, though one behind them was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// First offset.
    pub from: u64,
    /// First offset behind.
    pub to: u64,
    /// When it was first seen, µs since 1970 UTC.
    pub first_seen: i64,
}

/// A stretch of offsets, or of a file's bytes, that was read: the key and ends of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// `_source.name`.
    pub source: String,
    /// `_source.part`.
    pub part: String,
    /// First offset.
    pub first: u64,
    /// Last offset, included.
    pub last: u64,
}

/// What became of a partition's gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PartReport {
    /// First offset not known to be covered.
    pub mark: u64,
    /// First offset behind everything read.
    pub high: u64,
    /// How many gaps are open.
    pub open: u64,
    /// The first of them.
    pub gaps: Vec<Gap>,
    /// How many offsets of gaps were read by this run.
    pub filled: u64,
    /// Gaps closed by this run though nothing came.
    pub closed: Vec<Closed>,
    /// How many gaps were closed beyond those in `closed`.
    pub closed_more: u64,
    /// Offsets read that were covered before: overlapping objects, or a full listing.
    pub reread: u64,
}

/// A gap that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The gap.
    #[serde(flatten)]
    pub gap: Gap,
    /// `patience` or `too_many`.
    pub why: &'static str,
}

/// What became of all partitions' gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MarksReport {
    /// By `<topic>/<partition>`.
    pub parts: BTreeMap<String, PartReport>,
    /// Files read.
    pub files: u64,
}

impl Marks {
    /// Reads marks.
    ///
    /// # Errors
    /// [`Error::Source`] if they are not JSON of the known version, or contradict themselves.
    pub fn from_json(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let wrong = |error: serde_json::Error| Error::Source(format!("marks: {error}"));
        let Version { version } = serde_json::from_str(text).map_err(wrong)?;
        if version != MARKS_VERSION {
            return Err(Error::Source(format!(
                "marks of version {version}: this release reads version {MARKS_VERSION}; \
                 use the release that wrote them, or a new warehouse with --full"
            )));
        }
        let marks: Self = serde_json::from_str(text).map_err(wrong)?;
        for (key, part) in &marks.parts {
            part.check().map_err(|why| Error::Source(format!("marks of {key}: {why}")))?;
        }
        Ok(marks)
    }

    /// The marks as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Joins the marks of runs, oldest first: partitions as the latest has them, all files.
    /// Those of an epoch below the latest's no longer count.
    #[must_use]
    pub fn merge(runs: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for run in runs {
            if run.epoch != all.epoch {
                all = Self { epoch: run.epoch, ..Self::default() };
            }
            all.parts = run.parts;
            all.files.extend(run.files);
        }
        all
    }

    pub(super) fn has_file(&self, name: &str, etag: &str) -> bool {
        self.files.contains(&(name.to_owned(), etag.to_owned()))
    }

    /// These marks if they are of that epoch; `None` if it is a later one.
    pub(super) fn of_epoch(&self, epoch: i32) -> Result<Option<&Self>> {
        if epoch < self.epoch {
            return Err(Error::Config(format!(
                "epoch {epoch}: this landing was read with epoch {} already; an epoch never goes back",
                self.epoch
            )));
        }
        Ok((epoch == self.epoch).then_some(self))
    }
}

impl PartMarks {
    /// First offset behind everything read.
    #[must_use]
    pub fn high(&self) -> u64 {
        self.beyond.last().map_or(self.mark, |range| range.1)
    }

    /// Whether an object that starts there may be new.
    #[must_use]
    pub fn wants(&self, offset: u64) -> bool {
        if offset >= self.high() {
            return true;
        }
        let at = self.gaps.partition_point(|gap| gap.to <= offset);
        self.gaps.get(at).is_some_and(|gap| gap.from <= offset)
    }

    fn check(&self) -> Result<(), String> {
        let mut at = self.mark;
        if self.gaps.len() != self.beyond.len() {
            return Err(format!("{} gaps and {} ranges behind them", self.gaps.len(), self.beyond.len()));
        }
        for (gap, range) in self.gaps.iter().zip(&self.beyond) {
            if gap.from != at || gap.to <= gap.from || range.0 != gap.to || range.1 <= range.0 {
                return Err(format!("gap {} to {} does not fit", gap.from, gap.to));
            }
            at = range.1;
        }
        Ok(())
    }

    /// Sets gaps; what lies between them up to `high` counts as covered.
    fn set(&mut self, gaps: Vec<Gap>, high: u64) {
        self.mark = gaps.first().map_or(high, |gap| gap.from);
        self.beyond = gaps
            .iter()
            .enumerate()
            .map(|(at, gap)| (gap.to, gaps.get(at + 1).map_or(high, |next| next.from)))
            .collect();
        self.gaps = gaps;
    }

    /// Books ranges that were read, `[from, to)`, in order and apart from one another.
    fn cover(&mut self, read: &[(u64, u64)], now: i64, report: &mut PartReport) {
        let before = self.high();
        let high = read.last().map_or(before, |range| range.1.max(before));
        let mut holes: Vec<Gap> = std::mem::take(&mut self.gaps);
        let missing = |gaps: &[Gap]| gaps.iter().map(|gap| gap.to - gap.from).sum::<u64>();
        let open = missing(&holes);
        if high > before {
            holes.push(Gap { from: before, to: high, first_seen: now });
        }
        let all = missing(&holes);
        let holes = without(&holes, read);
        let total: u64 = read.iter().map(|range| range.1 - range.0).sum();
        let old_left: u64 = holes.iter().filter(|gap| gap.from < before).map(|gap| gap.to - gap.from).sum();
        report.filled = open - old_left.min(open);
        report.reread = total - (all - missing(&holes));
        self.set(holes, high);
    }

    /// Gives up gaps that are too old or too many.
    fn close(&mut self, now: i64, patience: i64, report: &mut PartReport) {
        let high = self.high();
        let mut closed = Vec::new();
        let mut open = std::mem::take(&mut self.gaps);
        open.retain(|&gap| {
            let old = now.saturating_sub(gap.first_seen) >= patience;
            if old {
                closed.push(Closed { gap, why: "patience" });
            }
            !old
        });
        if open.len() > MAX_GAPS {
            let mut by_age = open.clone();
            by_age.sort_unstable_by_key(|gap| (gap.first_seen, gap.from));
            by_age.truncate(open.len() - MAX_GAPS);
            let oldest: BTreeSet<u64> = by_age.iter().map(|gap| gap.from).collect();
            open.retain(|gap| !oldest.contains(&gap.from));
            closed.extend(by_age.into_iter().map(|gap| Closed { gap, why: "too_many" }));
        }
        self.set(open, high);
        report.closed_more = closed.len().saturating_sub(GAPS_SHOWN) as u64;
        closed.truncate(GAPS_SHOWN);
        report.closed = closed;
    }
}

/// What is left of gaps once ranges are taken out of them; both are in order.
fn without(gaps: &[Gap], read: &[(u64, u64)]) -> Vec<Gap> {
    let mut left = Vec::new();
    let mut next = 0;
    for gap in gaps {
        let mut from = gap.from;
        while read.get(next).is_some_and(|range| range.1 <= from) {
            next += 1;
        }
        let mut at = next;
        while let Some(&(start, end)) = read.get(at).filter(|range| range.0 < gap.to) {
            if start > from {
                left.push(Gap { from, to: start, ..*gap });
            }
            from = from.max(end);
            at += 1;
        }
        if from < gap.to {
            left.push(Gap { from, ..*gap });
        }
    }
    left
}

/// Joins ranges that touch or overlap.
fn joined(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut all: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match all.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

/// Marks behind a run: what was read before, and what this run's receipts say.
///
/// `now` is in µs since 1970 UTC, `gap_patience` in seconds. Extents of partitions that the plan
/// does not hold are left alone.
///
/// # Errors
/// [`Error::Source`] if the receipts do not hold what the plan does: something was not read.
pub fn advance_marks(
    before: Option<&Marks>,
    plan: &LandingPlan,
    extents: &[Extent],
    now: i64,
    gap_patience: f64,
) -> Result<(Marks, MarksReport)> {
    let mut marks = match before.map(|marks| marks.of_epoch(plan.epoch)).transpose()?.flatten() {
        Some(known) => known.clone(),
        None => Marks::default(),
    };
    marks.epoch = plan.epoch;
    marks.files.clear();
    if plan.full {
        // Everything was listed: what is there now counts, not what was there once.
        marks.parts.clear();
    }
    let mut report = MarksReport::default();
    let mut read: BTreeMap<(String, String), Vec<(u64, u64)>> = BTreeMap::new();
    for extent in extents {
        let ranges = read.entry((extent.source.clone(), extent.part.clone())).or_default();
        ranges.push((extent.first, extent.last.saturating_add(1)));
    }
    for part in &plan.parts {
        let key = part.partition().key();
        let place = (layout::source_name(&part.topic), layout::part_text(part.part));
        let ranges = joined(read.remove(&place).unwrap_or_default());
        check_read(part, &ranges)?;
        let known = marks.parts.entry(key.clone()).or_default();
        known.cover(&ranges, now, report.parts.entry(key).or_default());
        known.digits.extend(part.ranges.iter().map(|range| range.first.digits));
        if part.last.is_some() {
            known.last.clone_from(&part.last);
        }
    }
    #[allow(clippy::cast_possible_truncation, reason = "saturates, and i64 holds 292,000 years")]
    let patience = (gap_patience * 1e6) as i64;
    for (key, part) in &mut marks.parts {
        let report = report.parts.entry(key.clone()).or_default();
        part.close(now, patience, report);
        report.mark = part.mark;
        report.high = part.high();
        report.open = part.gaps.len() as u64;
        report.gaps = part.gaps.iter().take(GAPS_SHOWN).copied().collect();
    }
    for file in &plan.files {
        let url = if file.name.is_empty() { plan.url.clone() } else { format!("{}/{}", plan.url, file.name) };
        if !read.contains_key(&(format!("file:{url}"), String::new())) {
            return Err(not_read(&url));
        }
        marks.files.insert((file.name.clone(), file.etag.clone()));
    }
    report.files = marks.files.len() as u64;
    Ok((marks, report))
}

fn not_read(what: &str) -> Error {
    Error::Source(format!(
        "{what}: planned, but no receipt says that it was read; the marks stay where they are: run again"
    ))
}

/// Every planned object must lie in what was read.
fn check_read(part: &PartPlan, read: &[(u64, u64)]) -> Result<()> {
    for object in part.ranges.iter().flat_map(|range| range.objects()) {
        let at = read.partition_point(|range| range.1 <= object.offset);
        if read.get(at).is_none_or(|range| range.0 > object.offset) {
            return Err(not_read(&format!("{}, offset {}", part.partition().key(), object.offset)));
        }
    }
    Ok(())
}
