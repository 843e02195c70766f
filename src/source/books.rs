//! What a task read, extent by extent: receipts.

use std::sync::Arc;

use crate::clean::{Receipt, Tally};
use crate::parse::{ChunkBuffer, Origin};

/// Receipts in the making, and which of them each origin of the current chunk belongs to.
#[derive(Debug, Default)]
pub(crate) struct Books {
    receipts: Vec<Receipt>,
    /// Index into `receipts`, an origin of the chunk each.
    owners: Vec<usize>,
    /// The origin that was added last, for objects that can share it.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    origin: u32,
    receipt: usize,
    arrived_at: Option<i64>,
}

impl Books {
    /// Starts a chunk: its origins are new.
    pub(crate) fn start_chunk(&mut self) {
        self.owners.clear();
        self.shared = None;
    }

    /// The receipt of an object that starts at an offset: the current one if the object goes on
    /// where that one ends, else a new one.
    pub(crate) fn open(&mut self, source: &Arc<str>, part: &Arc<str>, first: u64) -> usize {
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        if let Some(last) = self.receipts.last_mut()
            && last.last.checked_add(1) == Some(first)
            && *last.source == **source
            && *last.part == **part
        {
            last.objects += 1;
            return self.receipts.len() - 1;
        }
        self.receipts.push(Receipt {
            source: source.to_string(),
            part: part.to_string(),
            first,
            last: first - 1,
            objects: 1,
            ..Receipt::default()
        });
        self.receipts.len() - 1
    }

    /// The receipt of a file, or of a range of it.
    pub(crate) fn open_file(&mut self, source: &Arc<str>, start: u64) -> usize {
        let first = i64::try_from(start).unwrap_or(i64::MAX);
        self.receipts.push(Receipt {
            source: source.to_string(),
            first,
            last: first,
            objects: 1,
            ..Receipt::default()
        });
        self.receipts.len() - 1
    }

    /// An origin of the chunk whose records count for a receipt; one is shared by objects of one
    /// extent and one time.
    pub(crate) fn origin(&mut self, chunk: &mut ChunkBuffer, receipt: usize, origin: &Origin) -> u32 {
        if let Some(shared) = &self.shared
            && shared.receipt == receipt
            && shared.arrived_at == origin.arrived_at
        {
            return shared.origin;
        }
        let at = chunk.origin(origin.clone());
        self.owners.push(receipt);
        self.shared = Some(Shared { origin: at, receipt, arrived_at: origin.arrived_at });
        at
    }

    /// Lines read of a log: each is an offset.
    pub(crate) fn offsets(&mut self, receipt: usize, lines: u64) {
        if let Some(receipt) = self.receipts.get_mut(receipt) {
            let lines = i64::try_from(lines).unwrap_or(i64::MAX);
            receipt.lines += lines;
            receipt.last += lines;
        }
    }

    /// Lines read of a file whose range ends at `end`.
    pub(crate) fn lines(&mut self, receipt: usize, lines: u64, end: u64) {
        if let Some(receipt) = self.receipts.get_mut(receipt) {
            receipt.lines += i64::try_from(lines).unwrap_or(i64::MAX);
            receipt.last = i64::try_from(end).unwrap_or(i64::MAX);
        }
    }

    /// Adds what the cleaner counted, an origin each.
    pub(crate) fn add(&mut self, tallies: &[Tally]) {
        let narrow = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (tally, &owner) in tallies.iter().zip(&self.owners) {
            if let Some(receipt) = self.receipts.get_mut(owner) {
                receipt.records += narrow(tally.records);
                receipt.bytes += narrow(tally.bytes);
                receipt.hash += tally.hash;
            }
        }
    }

    /// The receipts so far.
    pub(crate) fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }
}
