//! Counter-based chance: every draw is a function of the seed and of where it is used.
//!
//! There is no generator that two places share, so a record does not depend on which thread made
//! it, on the records before it, or on a restart.

/// Odd constants with well-mixed bits (the golden ratio and its companions from splitmix64).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const MIX_A: u64 = 0xBF58_476D_1CE4_E5B9;
const MIX_B: u64 = 0x94D0_49BB_1331_11EB;

/// Scrambles one word (the finaliser of splitmix64, a bijection).
#[inline]
#[must_use]
pub(super) fn scramble(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(MIX_A);
    word = (word ^ (word >> 27)).wrapping_mul(MIX_B);
    word ^ (word >> 31)
}

/// One word out of two.
#[inline]
#[must_use]
pub(super) fn mix(left: u64, right: u64) -> u64 {
    scramble(left.wrapping_add(GOLDEN) ^ scramble(right.wrapping_add(MIX_B)).wrapping_mul(GOLDEN))
}

/// A short-lived stream of draws for one use of one record.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    /// The draws that belong to `use_of` (any constant) and `at` under a seed.
    #[inline]
    #[must_use]
    pub fn new(seed: u64, use_of: u64, at: u64) -> Self {
        Self(mix(mix(seed, use_of), at))
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        scramble(self.0)
    }

    /// A number in `0..bound`; 0 if the bound is 0. The bias is below `bound / 2^64`.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        scale(self.bits(), bound)
    }

    /// A place in a list of that many entries.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // below the length, hence a usize
    pub fn place(&mut self, entries: usize) -> usize {
        self.below(entries as u64) as usize
    }

    /// One of the entries; the list must not be empty.
    #[inline]
    pub fn pick<'a, T>(&mut self, entries: &'a [T]) -> &'a T {
        &entries[self.place(entries.len())]
    }
}

/// Scales 64 random bits to `0..bound`.
#[inline]
#[must_use]
#[allow(clippy::cast_possible_truncation)] // the high half of a 128-bit product
pub(super) fn scale(bits: u64, bound: u64) -> u64 {
    ((u128::from(bits) * u128::from(bound)) >> 64) as u64
}

/// A seeded bijection of `0..size` onto itself.
///
/// An alternating Feistel network over the next power of two; values outside are walked on until
/// they fall inside, on average less than twice.
///
/// ```
/// use pinlake::emulate::Permutation;
/// let shuffled = Permutation::new(7, 100);
/// let mut seen: Vec<u64> = (0..100).map(|n| shuffled.at(n)).collect();
/// seen.sort_unstable();
/// assert_eq!(seen, (0..100).collect::<Vec<u64>>());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Permutation {
    key: u64,
    size: u64,
    low_bits: u32,
    low: u64,
    high: u64,
}

/// Fewer rounds show patterns in small domains.
const ROUNDS: u32 = 3;

impl Permutation {
    /// The bijection of `0..size` that belongs to the key; sizes above 2^62 are not meant.
    #[inline]
    #[must_use]
    pub fn new(key: u64, size: u64) -> Self {
        let bits = 64 - size.saturating_sub(1).leading_zeros();
        let low_bits = bits / 2;
        Self { key, size, low_bits, low: (1 << low_bits) - 1, high: (1 << (bits - low_bits)) - 1 }
    }

    /// How many values it shuffles.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One multiplication: its middle bits depend on all bits of a half.
    #[inline]
    fn round(&self, round: u32, half: u64) -> u64 {
        (half ^ self.key.rotate_left(11 * round)).wrapping_mul(MIX_A) >> 24
    }

    /// Where `value` (below the size) goes.
    #[inline]
    #[must_use]
    pub fn at(&self, value: u64) -> u64 {
        debug_assert!(value < self.size);
        let mut value = value;
        loop {
            let (mut low, mut high) = (value & self.low, value >> self.low_bits);
            for round in 0..ROUNDS {
                high ^= self.round(2 * round, low) & self.high;
                low ^= self.round(2 * round + 1, high) & self.low;
            }
            value = high << self.low_bits | low;
            if value < self.size {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_permutation_is_a_bijection(key: u64, size in 1u64..3_000) {
            let shuffled = Permutation::new(key, size);
            let mut seen = vec![false; usize::try_from(size).unwrap()];
            for value in 0..size {
                let to = usize::try_from(shuffled.at(value)).unwrap();
                prop_assert!(!seen[to], "{to} twice");
                seen[to] = true;
            }
        }

        #[test]
        fn draws_stay_below_their_bound(seed: u64, at: u64, bound in 1u64..u64::MAX) {
            prop_assert!(Draws::new(seed, 1, at).below(bound) < bound);
        }
    }

    #[test]
    fn shuffles_look_shuffled() {
        // Neighbours must not stay neighbours more often than chance has it (2 in 11,154).
        let shuffled = Permutation::new(100, 11_154);
        let near = (1..11_154).filter(|&n| shuffled.at(n).abs_diff(shuffled.at(n - 1)) == 1).count();
        assert!(near < 15, "{near}");
        let kept = (0..11_154).filter(|&n| shuffled.at(n) == n).count();
        assert!(kept < 10, "{kept}");
    }
}
