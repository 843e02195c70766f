//! Exact duplicates across the batches of one stream: what the command line uses.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Its key is new.
    New,
    /// Same key, same content as the version kept.
    Duplicate,
    /// The same, and the row written at this place gives way to the later one.
    Repeats(u64),
    /// Same key, other content, later position: it wins over the row written at this place.
    Replaces(u64),
    /// Same key, other content, earlier position.
    Superseded,
}

/// Keeps, for each key, content and place of the version that wins. 48 bytes a key.
#[derive(Debug, Default)]
pub struct Exact {
    follow: bool,
    winners: HashMap<i64, Winner>,
}

#[derive(Debug)]
struct Winner {
    fingerprint: u128,
    position: u64,
    place: u64,
}

impl Exact {
    /// With `follow`, repeated content takes the earlier row's place, for tables that keep positions.
    #[must_use]
    pub fn new(follow: bool) -> Self {
        Self { follow, winners: HashMap::new() }
    }

    /// Decides on a record. `position` rises with the order of reading (the later one wins),
    /// `place` is the row at which it would be written.
    ///
    /// ```
    /// use pinlake::dedup::{Decision, Exact};
    /// let mut exact = Exact::default();
    /// assert_eq!(exact.decide(7, 1, 0, 0), Decision::New);
    /// assert_eq!(exact.decide(7, 1, 1, 1), Decision::Duplicate);
    /// assert_eq!(exact.decide(7, 2, 2, 1), Decision::Replaces(0));
    /// ```
    pub fn decide(&mut self, key: i64, fingerprint: u128, position: u64, place: u64) -> Decision {
        match self.winners.entry(key) {
            Entry::Vacant(slot) => {
                slot.insert(Winner { fingerprint, position, place });
                Decision::New
            }
            Entry::Occupied(mut slot) => {
                let winner = slot.get_mut();
                let later = position >= winner.position;
                if winner.fingerprint == fingerprint {
                    // Repeated content moves the position, else a late version in between wins.
                    winner.position = winner.position.max(position);
                    if self.follow && later {
                        return Decision::Repeats(std::mem::replace(&mut winner.place, place));
                    }
                    return Decision::Duplicate;
                }
                if !later {
                    return Decision::Superseded;
                }
                let replaced = winner.place;
                *winner = Winner { fingerprint, position, place };
                Decision::Replaces(replaced)
            }
        }
    }

    /// Number of keys seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.winners.len()
    }

    /// Whether no key was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.winners.is_empty()
    }
}
