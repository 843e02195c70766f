//! Outcomes that come on other threads, until somebody takes them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Written;
use crate::ledger::{Outcome, Status, micros};

/// Outcomes, and their counts.
#[derive(Debug, Default)]
pub(super) struct Gathered(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    outcomes: Vec<Outcome>,
    written: Written,
}

/// A record that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) record: u64,
    pub(super) sent_at: u64,
    pub(super) attempts: u32,
    /// Bytes of its value.
    pub(super) bytes: usize,
}

impl Gathered {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the outcomes there are.
    pub(super) fn take(&self, outcomes: &mut Vec<Outcome>) {
        outcomes.append(&mut self.lock().outcomes);
    }

    /// What became known since the last call.
    pub(super) fn written(&self) -> Written {
        std::mem::take(&mut self.lock().written)
    }

    /// Keeps what became of a record.
    pub(super) fn settle(&self, sent: Sent, status: Status) {
        let mut inner = self.lock();
        match status {
            Status::Acked { .. } => {
                inner.written.records += 1;
                // As in files: a value and its newline.
                inner.written.bytes += sent.bytes as u64 + 1;
            }
            Status::Failed(_) => inner.written.failed += 1,
            Status::Unknown(_) => inner.written.unknown += 1,
        }
        let Sent { record, sent_at, attempts, .. } = sent;
        inner.outcomes.push(Outcome { record, attempts, sent_at, known_at: micros(), status });
    }
}
