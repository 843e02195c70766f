//! Records at a target that no position explains, by their content.

use std::collections::HashMap;

/// Tells contents apart.
type Hash = [u8; 16];

/// Records, as many as there are of each content.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// Contents that are expected: most records of a target are nothing but counted.
    expected: HashMap<Hash, Expected>,
    /// All others, and those that are there more often than they were expected.
    others: HashMap<Hash, Other>,
}

#[derive(Debug, Default)]
struct Expected {
    most: u32,
    seen: u32,
}

/// Records of one content.
#[derive(Debug, Default)]
pub(super) struct Other {
    pub(super) count: u64,
    /// Where the first of them stands.
    pub(super) at: String,
    pub(super) key: Option<u64>,
}

impl Pool {
    /// Expects a content so many times more.
    pub(super) fn expect(&mut self, hash: Hash, times: u32) {
        let expected = self.expected.entry(hash).or_default();
        expected.most = expected.most.saturating_add(times);
    }

    /// Adds a record; who it is is asked only where somebody may want to know.
    pub(super) fn add(&mut self, hash: Hash, who: impl FnOnce() -> (String, Option<u64>)) {
        if let Some(expected) = self.expected.get_mut(&hash).filter(|known| known.seen < known.most) {
            expected.seen += 1;
            return;
        }
        let other = self.others.entry(hash).or_default();
        other.count += 1;
        if other.count == 1 {
            (other.at, other.key) = who();
        }
    }

    /// Takes a record of this content, if one is left.
    pub(super) fn take(&mut self, hash: &Hash) -> bool {
        if let Some(expected) = self.expected.get_mut(hash).filter(|known| known.seen > 0) {
            expected.seen -= 1;
            return true;
        }
        match self.others.get_mut(hash).filter(|other| other.count > 0) {
            Some(other) => {
                other.count -= 1;
                true
            }
            None => false,
        }
    }

    /// What nobody took, by where it stands. As often as a content was expected it has to be taken.
    pub(super) fn left(&mut self) -> Vec<(Hash, Other)> {
        let mut left: Vec<_> = self.others.drain().filter(|(_, other)| other.count > 0).collect();
        left.sort_by(|a, b| a.1.at.cmp(&b.1.at));
        left
    }
}
