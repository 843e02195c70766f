//! Which slots are made next: posts, then what faults moved behind the last one.

use std::ops::Range;
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

impl Ended {
    /// The word for it in reports and ledgers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Source => "source",
            Self::Duration => "duration",
            Self::Stopped => "stopped",
            Self::Closed => "closed",
        }
    }
}

/// Slots, and the emissions that fill them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slots {
    pub(super) slots: Range<u64>,
    pub(super) emissions: Range<u64>,
}

/// Emissions to send, from a slot on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) next: u64,
    pub(super) emissions: Range<u64>,
}

impl Slots {
    /// Posts meant for these slots.
    pub(super) fn posts(&self) -> u64 {
        let start = self.slots.start.max(self.emissions.start);
        self.slots.end.min(self.emissions.end).saturating_sub(start)
    }
}

/// Which slots come next.
pub(super) struct Feed<'a> {
    pub(super) script: &'a Script,
    pub(super) counters: &'a Counters,
    pub(super) started: Instant,
    pub(super) duration: Option<Duration>,
    pub(super) chunk: u64,
    pub(super) next: u64,
    /// The emissions that are sent; a stop ends them earlier.
    pub(super) emissions: Range<u64>,
    pub(super) draining: bool,
    pub(super) ended: Ended,
}

impl Feed<'_> {
    /// The next slots, and the emissions that fill them; None when all is done.
    pub(super) fn take(&mut self) -> Option<Slots> {
        let end = &mut self.emissions.end;
        if !self.draining {
            let late = self.duration.is_some_and(|duration| self.started.elapsed() >= duration);
            let stopped = self.counters.stopped();
            if (late || stopped) && self.next < *end {
                *end = self.next;
                self.ended = if stopped { Ended::Stopped } else { Ended::Duration };
            }
            self.draining = self.next >= *end;
        }
        let limit = if self.draining { end.saturating_add(self.script.tail()) } else { *end };
        if self.next >= limit || self.emissions.is_empty() {
            return None;
        }
        let start = self.next;
        self.next = start.saturating_add(self.chunk).min(limit);
        Some(Slots { slots: start..self.next, emissions: self.emissions.clone() })
    }
}
