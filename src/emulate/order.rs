//! Which index an emission carries: `order(seed, n)`.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::cpython::MersenneTwister;
use super::hash::{Draws, Permutation, mix};
use super::people::BLOCK;
use crate::error::{Error, Result};

/// `randint(0, 11000)` of the original emulators draws one of so many rows.
pub const SEED100_ROWS: u32 = 11_001;

/// A generator state is kept every so many posts, so that any emission is near one.
const CHECKPOINT: u64 = 16_384;

const USE_ORDER: u64 = 0x01;
const USE_PAUSE: u64 = 0x02;

/// In which order posts are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderName {
    /// Every post once, shuffled: within blocks of 11,154 for made records, over all of a
    /// replayed source.
    #[default]
    Permuted,
    /// Every post once, ascending.
    Sequential,
    /// The rows that the original emulators draw, repeats included.
    Seed100,
}

impl OrderName {
    /// The word that options use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permuted => "permuted",
            Self::Sequential => "sequential",
            Self::Seed100 => "seed100",
        }
    }

    /// # Errors
    /// [`Error::Config`] for any other word.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "permuted" => Ok(Self::Permuted),
            "sequential" => Ok(Self::Sequential),
            "seed100" => Ok(Self::Seed100),
            _ => Err(Error::Config(format!("unknown order {text:?}: use permuted, sequential or seed100"))),
        }
    }
}

/// An order at work. `rows` are the keys of a replayed source, ascending; made records need none.
#[derive(Debug)]
pub struct Order {
    name: OrderName,
    seed: u64,
    rows: Option<Vec<u64>>,
    checkpoints: Mutex<Vec<MersenneTwister>>,
}

impl Order {
    /// An order over made records (`rows` = None) or over the keys of a replayed source.
    #[must_use]
    pub fn new(name: OrderName, seed: u64, rows: Option<Vec<u64>>) -> Self {
        Self { name, seed, rows, checkpoints: Mutex::new(vec![MersenneTwister::seed(seed)]) }
    }

    /// Which order it is.
    #[must_use]
    pub fn name(&self) -> OrderName {
        self.name
    }

    /// How many posts there are before the source ends; None if it never does.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match self.name {
            OrderName::Seed100 => None,
            _ => self.rows.as_ref().map(|rows| rows.len() as u64),
        }
    }

    /// Whether the source has no post at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The indexes of emissions `start..end`, which must lie below [`Order::len`].
    #[must_use]
    pub fn indexes(&self, start: u64, end: u64) -> Vec<u64> {
        if self.name == OrderName::Seed100 {
            let mut steps = Vec::new();
            self.walk(start, end, |_, row| steps.push(row));
            return steps;
        }
        (start..end).map(|n| self.counted(n)).collect()
    }

    /// The index of one emission.
    #[must_use]
    pub fn index(&self, n: u64) -> u64 {
        self.indexes(n, n + 1)[0]
    }

    /// Seconds that the original emulators sleep before emission `n`: 0 or 1.
    #[must_use]
    pub fn pause(&self, n: u64) -> u64 {
        if self.name != OrderName::Seed100 {
            return Draws::new(self.seed, USE_PAUSE, n).below(2);
        }
        let mut pause = 0;
        self.walk(n, n + 1, |seconds, _| pause = seconds);
        pause
    }

    fn counted(&self, n: u64) -> u64 {
        let shuffled = self.name == OrderName::Permuted;
        match &self.rows {
            Some(rows) => {
                let size = rows.len() as u64;
                let place = if shuffled {
                    Permutation::new(mix(self.seed, USE_ORDER), size).at(n % size)
                } else {
                    n % size
                };
                rows[usize::try_from(place).unwrap_or_default()]
            }
            None if shuffled => {
                let (block, at) = (n / BLOCK, n % BLOCK);
                let key = mix(mix(self.seed, USE_ORDER), block);
                block * BLOCK + Permutation::new(key, BLOCK).at(at)
            }
            None => n,
        }
    }

    /// Runs CPython's generator over posts `start..end` from the nearest kept state.
    fn walk(&self, start: u64, end: u64, mut step: impl FnMut(u64, u64)) {
        let mut random = self.checkpoint(start / CHECKPOINT);
        for n in start / CHECKPOINT * CHECKPOINT..end {
            let pause = random.below(2);
            let row = random.below(SEED100_ROWS);
            if n >= start {
                step(u64::from(pause), u64::from(row));
            }
        }
    }

    fn checkpoint(&self, wanted: u64) -> MersenneTwister {
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let mut kept = self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.len() <= wanted {
            let mut random = kept[kept.len() - 1].clone();
            for _ in 0..CHECKPOINT {
                random.below(2);
                random.below(SEED100_ROWS);
            }
            kept.push(random);
        }
        kept[wanted].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn permuted_covers_each_block_once() {
        let order = Order::new(OrderName::Permuted, 100, None);
        for block in [0, 1, 90] {
            let mut seen = order.indexes(block * BLOCK, (block + 1) * BLOCK);
            assert_ne!(seen[0], block * BLOCK);
            seen.sort_unstable();
            let wanted: Vec<u64> = (block * BLOCK..(block + 1) * BLOCK).collect();
            assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn seed100_can_start_anywhere() {
        let order = Order::new(OrderName::Seed100, 100, None);
        let all = order.indexes(0, 40_000);
        let fresh = Order::new(OrderName::Seed100, 100, None);
        assert_eq!(fresh.indexes(33_000, 33_010), all[33_000..33_010]);
        assert_eq!(fresh.index(12), all[12]);
        assert_eq!((0..8).map(|n| fresh.pause(n)).collect::<Vec<_>>(), [0, 1, 1, 1, 0, 0, 1, 0]);
    }

    proptest! {
        #[test]
        fn a_replay_sends_every_row_once(seed: u64, rows in prop::collection::btree_set(any::<u64>(), 1..300)) {
            let rows: Vec<u64> = rows.into_iter().collect();
            for name in [OrderName::Permuted, OrderName::Sequential] {
                let order = Order::new(name, seed, Some(rows.clone()));
                let mut sent = order.indexes(0, rows.len() as u64);
                sent.sort_unstable();
                prop_assert_eq!(&sent, &rows);
            }
        }
    }
}
