//! CPython's `random` module, as far as the original emulators use it.
//!
//! They call `random.seed(100)`, then for each post `sleep(random.randrange(0, 2))` and
//! `random.randint(0, 11000)`. CPython seeds the Mersenne Twister MT19937 with `init_by_array` over
//! the 32-bit digits of the integer, and draws integers by rejection (`_randbelow_with_getrandbits`).

const N: usize = 624;
const M: usize = 397;

/// MT19937 as `random.Random` holds it.
#[derive(Clone)]
pub struct MersenneTwister {
    state: [u32; N],
    next: usize,
}

impl std::fmt::Debug for MersenneTwister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MersenneTwister").field("next", &self.next).finish_non_exhaustive()
    }
}

impl MersenneTwister {
    /// `random.seed(seed)` for a non-negative integer.
    ///
    /// ```
    /// use pinlake::emulate::MersenneTwister;
    /// let mut random = MersenneTwister::seed(100);
    /// assert_eq!((random.below(2), random.below(11_001)), (0, 7528));
    /// ```
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // the digits of the seed
    pub fn seed(seed: u64) -> Self {
        let digits = [seed as u32, (seed >> 32) as u32];
        let used = if digits[1] == 0 { 1 } else { 2 };
        Self::init_by_array(&digits[..used])
    }

    #[allow(clippy::cast_possible_truncation)] // places in the state are below 624
    fn init_by_array(key: &[u32]) -> Self {
        let mut state = [0u32; N];
        state[0] = 19_650_218;
        for i in 1..N {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let before = state[i - 1];
            state[i] = (state[i] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i += 1;
            j = (j + 1) % key.len();
            if i == N {
                state[0] = state[N - 1];
                i = 1;
            }
        }
        for _ in 0..N - 1 {
            let before = state[i - 1];
            state[i] =
                (state[i] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i == N {
                state[0] = state[N - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        Self { state, next: N }
    }

    fn refill(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }

    fn word(&mut self) -> u32 {
        if self.next >= N {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `randrange(bound)`: a number in `0..bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        let unused_bits = bound.leading_zeros();
        loop {
            let value = self.word() >> unused_bits;
            if value < bound {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_cpython_for_several_seeds() {
        // [random.randrange(1000) for _ in range(4)] after random.seed(...), CPython 3.11.
        for (seed, wanted) in
            [(0, SEED_0), (1, SEED_1), (100, SEED_100), (4_294_967_296, SEED_2_32), (u64::MAX, SEED_MAX)]
        {
            let mut random = MersenneTwister::seed(seed);
            let drawn: Vec<u32> = (0..4).map(|_| random.below(1000)).collect();
            assert_eq!(drawn, wanted, "seed {seed}");
        }
    }

    const SEED_0: [u32; 4] = [864, 394, 776, 911];
    const SEED_1: [u32; 4] = [137, 582, 867, 821];
    const SEED_100: [u32; 4] = [149, 470, 465, 974];
    const SEED_2_32: [u32; 4] = [115, 359, 427, 957];
    const SEED_MAX: [u32; 4] = [22, 254, 346, 633];

    #[test]
    fn goes_on_after_the_first_refills() {
        let mut random = MersenneTwister::seed(7);
        let last = (0..2000).map(|_| random.below(1 << 31)).last();
        assert_eq!(last, Some(1996495587));
    }
}
