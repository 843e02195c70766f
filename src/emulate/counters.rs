//! Counts that another thread may read while an emulation runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use serde::Serialize;

use super::PostKind;
use super::faults::Fault;
use super::script::Tally;
use crate::sink::Written;

/// The counts at work. Each is true by itself; together they may be one batch apart.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) running: AtomicBool,
    pub(super) stop: Arc<AtomicBool>,
    posts: AtomicU64,
    generated: AtomicU64,
    written: AtomicU64,
    failed: AtomicU64,
    unknown: AtomicU64,
    bytes: AtomicU64,
    objects: AtomicU64,
    kinds: [AtomicU64; 3],
    faults: [AtomicU64; Fault::ALL.len()],
    alone: AtomicU64,
    absent: AtomicU64,
    behind_micros: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Progress {
    /// Posts handed to the target.
    pub posts: u64,
    /// Records made.
    pub generated: u64,
    /// Records that are written: files have them, objects are complete, brokers acknowledged them.
    pub written: u64,
    /// Records that were refused for good.
    pub failed: u64,
    /// Records of which nobody can say whether they arrived.
    pub unknown: u64,
    /// Bytes of those, with a newline each.
    pub bytes: u64,
    /// Files or objects finished.
    pub objects: u64,
    /// Records handed to the target, by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Records with a planned fault, by fault; those that happened only.
    pub faults: BTreeMap<&'static str, u64>,
    /// Posts of which the source has some records, not all; these were sent alone.
    pub alone: u64,
    /// Posts of which the source has no record at all.
    pub absent: u64,
    /// By how many seconds sending was behind its intended time, at most.
    pub behind_seconds: f64,
}

impl Counters {
    pub(super) fn reset(&self) {
        let singles = [&self.posts, &self.generated, &self.written, &self.bytes, &self.objects];
        let more = [&self.failed, &self.unknown, &self.alone, &self.absent, &self.behind_micros];
        for counter in singles.into_iter().chain(more).chain(&self.kinds).chain(&self.faults) {
            counter.store(0, Relaxed);
        }
        self.stop.store(false, Relaxed);
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub(super) fn made(&self, tally: &Tally) {
        self.generated.fetch_add(tally.kinds.iter().sum(), Relaxed);
    }

    pub(super) fn sent(&self, posts: u64, tally: &Tally) {
        self.posts.fetch_add(posts, Relaxed);
        self.alone.fetch_add(tally.alone, Relaxed);
        self.absent.fetch_add(tally.absent, Relaxed);
        let counts = tally.kinds.iter().chain(&tally.faults);
        for (counter, count) in self.kinds.iter().chain(&self.faults).zip(counts) {
            if *count > 0 {
                counter.fetch_add(*count, Relaxed);
            }
        }
    }

    pub(super) fn wrote(&self, written: Written) {
        self.written.fetch_add(written.records, Relaxed);
        self.failed.fetch_add(written.failed, Relaxed);
        self.unknown.fetch_add(written.unknown, Relaxed);
        self.bytes.fetch_add(written.bytes, Relaxed);
        self.objects.fetch_add(written.objects, Relaxed);
    }

    pub(super) fn behind(&self, micros: u64) {
        self.behind_micros.fetch_max(micros, Relaxed);
    }

    #[allow(clippy::cast_precision_loss)] // seconds for people
    pub(super) fn progress(&self) -> Progress {
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        let faults = Fault::ALL.iter().zip(&self.faults);
        Progress {
            posts: get(&self.posts),
            generated: get(&self.generated),
            written: get(&self.written),
            failed: get(&self.failed),
            unknown: get(&self.unknown),
            bytes: get(&self.bytes),
            objects: get(&self.objects),
            kinds: PostKind::ALL
                .iter()
                .zip(&self.kinds)
                .map(|(kind, count)| (kind.name(), get(count)))
                .collect(),
            faults: faults
                .map(|(fault, count)| (fault.name(), get(count)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            alone: get(&self.alone),
            absent: get(&self.absent),
            behind_seconds: get(&self.behind_micros) as f64 / 1e6,
        }
    }
}
