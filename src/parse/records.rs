//! Records of a chunk: spans of every raw field, or the code of a refusal.

use super::BATCH_ROWS;
use super::record::{Extra, Record};
use super::scan::Span;
use super::template::Template;

/// Records of a chunk, a batch of them at a time. Kept between chunks: the first touch of memory costs more than parsing.
#[derive(Debug, Default)]
pub struct Records {
    pub(crate) rows: Vec<Record>,
    pub(super) slots: Vec<Span>,
    pub(super) width: usize,
    pub(crate) extras: Vec<Extra>,
    pub(super) template: Template,
}

impl Records {
    /// The records in reading order.
    #[must_use]
    pub fn rows(&self) -> &[Record] {
        &self.rows
    }

    /// The span of a record's slot.
    #[inline]
    #[must_use]
    pub(crate) fn span(&self, row: usize, slot: usize) -> Span {
        self.slots.get(row * self.width + slot).copied().unwrap_or_default()
    }

    /// Whether there are as many as a batch takes.
    pub(super) const fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS
    }
}
