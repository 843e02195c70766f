//! Which slots are made next: posts, then what faults moved behind the last one.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::counters::Counters;
use super::script::Script;

/// Why an emulation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// All posts that were asked for.
    Count,
    /// The source has no more.
    Source,
    /// The time was up.
    Duration,
    /// It was told to stop.
    Stopped,
    /// The reader of standard output has gone.
    Closed,
}

/// Which slots come next.
pub(super) struct Feed<'a> {
    pub(super) script: &'a Script,
    pub(super) counters: &'a Counters,
    pub(super) started: Instant,
    pub(super) duration: Option<Duration>,
    pub(super) chunk: u64,
    pub(super) next: u64,
    /// Emissions end here; moved forward by a stop.
    pub(super) posts: u64,
    pub(super) draining: bool,
    pub(super) ended: Ended,
}

impl Feed<'_> {
    /// The next range of slots; None when all is done.
    pub(super) fn take(&mut self) -> Option<(u64, u64)> {
        if !self.draining {
            let late = self.duration.is_some_and(|duration| self.started.elapsed() >= duration);
            let stopped = self.counters.stopped();
            if (late || stopped) && self.next < self.posts {
                self.posts = self.next;
                self.ended = if stopped { Ended::Stopped } else { Ended::Duration };
            }
            self.draining = self.next >= self.posts;
        }
        let limit = if self.draining { self.posts.saturating_add(self.script.tail()) } else { self.posts };
        if self.next >= limit || self.posts == 0 {
            return None;
        }
        let start = self.next;
        self.next = start.saturating_add(self.chunk).min(limit);
        Some((start, self.next))
    }
}
