//! Which raw field goes into which slot.

use crate::kind::{KEY_NAMES, Kind};

/// The slots of a kind: the key under its possible names, then every raw field in plan order.
#[derive(Debug, Clone)]
pub struct Layout {
    names: Vec<Box<[u8]>>,
    keys: usize,
    foreign: Vec<Box<[u8]>>,
}

impl Layout {
    /// The layout of a kind.
    #[must_use]
    pub fn new(kind: &Kind) -> Self {
        let mut names: Vec<Box<[u8]>> = vec![kind.key.as_bytes().into()];
        for name in KEY_NAMES {
            if name != kind.key {
                names.push(name.as_bytes().into());
            }
        }
        let keys = names.len();
        names.extend(kind.raw_fields().map(|field| field.as_bytes().into()));
        let foreign = kind.foreign.iter().map(|field| field.as_bytes().into()).collect();
        Self { names, keys, foreign }
    }

    /// Number of slots a record has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// Slots `0..keys()` hold the key: the kind's own name for it first.
    #[must_use]
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// Name of a slot.
    #[must_use]
    pub fn name(&self, slot: usize) -> &[u8] {
        self.names.get(slot).map_or(&[], |name| name)
    }

    /// Slot of a raw field.
    #[must_use]
    pub fn slot(&self, name: &[u8]) -> Option<usize> {
        self.names.iter().position(|known| &**known == name)
    }

    /// Whether a field is one that only other kinds have.
    #[must_use]
    pub fn is_foreign(&self, name: &[u8]) -> bool {
        self.foreign.iter().any(|known| &**known == name)
    }
}
