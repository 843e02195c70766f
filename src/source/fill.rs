//! What sources have in common: they fill chunks.

use crate::error::Result;
use crate::parse::ChunkBuffer;

use super::books::Books;

/// What a task is read with.
pub(crate) trait Fill: Send {
    /// Fills a chunk; `false` once nothing is left.
    fn fill(&mut self, chunk: &mut ChunkBuffer, books: &mut Books) -> Result<bool>;
}
