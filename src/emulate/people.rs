//! Who posted: people, one to one with their poster name and their place.
//!
//! Each block of 11,154 indexes has 5,307 people, dealt out by a permutation of the block over the
//! real frequencies, so the ratio holds for any count. Person `p` has one join date and name, one
//! poster name, one place; no two people share any of the three. The one whose profile could not
//! be read ("User Info Error" as poster) is the same person in every block.

use std::sync::LazyLock;

use super::hash::{Draws, Permutation, mix, scramble};
pub use super::tables::BLOCK;
use super::tables::{AGES, COUNTRIES, JOINED, MONTHS, PEOPLE, POSTS_A_PERSON, YOUNGEST};
use super::time::month_start;

const USE_DEAL: u64 = 0x10;
const USE_AGE: u64 = 0x11;
const USE_MONTH: u64 = 0x12;
const USE_COUNTRY: u64 = 0x13;
const USE_JOINED: u64 = 0x14;
const USE_NAME: u64 = 0x15;
const USE_PLACE: u64 = 0x16;

/// The person whose profile could not be read: 88 posts a block, 0.79 % (in the real pins 0.74 %).
const UNREADABLE: u64 = 2;

/// Latitudes in steps of 0.0001 degrees, longitudes in steps of 0.001, poles and ends left out.
const LATITUDES: u64 = 1_799_999;
const LONGITUDES: u64 = 359_999;

/// What the frequencies say, unrolled so that a person is one look-up away.
struct Unrolled {
    /// Post of a block → person of the block.
    person: Vec<u16>,
    /// Where the classes "more often", "2 to 5 times", "once" begin, and where the last ends.
    starts: [u64; 4],
    /// By class: member → age, country, month (with the place within the month).
    ages: [Vec<u8>; 3],
    countries: [Vec<u8>; 3],
    months: [Vec<(u8, u16)>; 3],
}

static UNROLLED: LazyLock<Unrolled> = LazyLock::new(unroll);

#[allow(clippy::cast_possible_truncation)] // 5,307 people, 243 countries, 41 ages, 25 months
fn unroll() -> Unrolled {
    let mut person = Vec::with_capacity(usize::try_from(BLOCK).unwrap_or_default());
    let mut starts = [0, 0, 0, PEOPLE];
    let mut slot = 0u16;
    for (posts, people) in POSTS_A_PERSON {
        for _ in 0..people {
            person.extend(std::iter::repeat_n(slot, usize::from(posts)));
            slot += 1;
        }
        if posts > 5 {
            starts[1] = u64::from(slot);
        }
        if posts > 1 {
            starts[2] = u64::from(slot);
        }
    }
    // The tables count from "once" to "more often", people stand the other way round.
    let by_class = |fill: &dyn Fn(usize) -> Vec<u8>| [fill(2), fill(1), fill(0)];
    let repeat = |value: usize, times: u16| std::iter::repeat_n(value as u8, usize::from(times));
    let mut months: [Vec<(u8, u16)>; 3] = Default::default();
    for (month, (_, _, counts)) in MONTHS.iter().enumerate() {
        let mut within = 0;
        for (class, members) in months.iter_mut().enumerate() {
            for _ in 0..counts[2 - class] {
                members.push((month as u8, within));
                within += 1;
            }
        }
    }
    Unrolled {
        person,
        starts,
        ages: by_class(&|class| {
            let ages = AGES.iter().enumerate();
            ages.flat_map(|(age, counts)| repeat(age, counts[class])).collect()
        }),
        countries: by_class(&|class| {
            let countries = COUNTRIES.iter().enumerate();
            countries.flat_map(|(at, (_, counts))| repeat(at, counts[class])).collect()
        }),
        months,
    }
}

/// One person, by number: block × 5,307 + rank by number of posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    seed: u64,
    number: u64,
    block: u64,
    class: usize,
    member: u64,
}

/// Latitude in 0.0001 degrees, longitude in 0.001 degrees, and a digit more where they are short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// 1 ..= 1,799,999 is −89.9999 … 89.9999 degrees.
    pub latitude: i32,
    /// 0.001 degrees, −179.999 … 179.999.
    pub longitude: i32,
    /// A sixth significant digit for those with fewer than three (latitude: two) before the point.
    pub digit: u8,
}

impl Person {
    /// Who posted the post of this index.
    #[must_use]
    pub fn of_post(seed: u64, index: u64) -> Self {
        let (block, at) = (index / BLOCK, index % BLOCK);
        let deal = Permutation::new(mix(mix(seed, USE_DEAL), block), BLOCK);
        let slot = usize::try_from(deal.at(at)).unwrap_or_default();
        let rank = u64::from(UNROLLED.person[slot]);
        Self::of_rank(seed, if rank == UNREADABLE { 0 } else { block }, rank)
    }

    fn of_rank(seed: u64, block: u64, rank: u64) -> Self {
        let starts = &UNROLLED.starts;
        let class = usize::from(rank >= starts[1]) + usize::from(rank >= starts[2]);
        Self { seed, number: block * PEOPLE + rank, block, class, member: rank - starts[class] }
    }

    /// The person's number: what names and places are made from.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether this is the person whose profile could not be read.
    #[must_use]
    pub fn unreadable(&self) -> bool {
        self.number == UNREADABLE
    }

    /// Draws that belong to this person.
    #[must_use]
    pub fn draws(&self, use_of: u64) -> Draws {
        Draws::new(self.seed, use_of, self.number)
    }

    /// The member's place in its class under a shuffle of its own.
    fn shuffled(&self, use_of: u64) -> usize {
        let size = UNROLLED.starts[self.class + 1] - UNROLLED.starts[self.class];
        let key = mix(mix(self.seed, use_of), self.block * 4 + self.class as u64);
        usize::try_from(Permutation::new(key, size).at(self.member)).unwrap_or_default()
    }

    /// Age in years, 20 to 60.
    #[must_use]
    pub fn age(&self) -> u32 {
        YOUNGEST + u32::from(UNROLLED.ages[self.class][self.shuffled(USE_AGE)])
    }

    /// Country's name.
    #[must_use]
    pub fn country(&self) -> &'static str {
        COUNTRIES[usize::from(UNROLLED.countries[self.class][self.shuffled(USE_COUNTRY)])].0
    }

    /// Second of joining (of 1970), and first and last name as places in lists of those lengths.
    ///
    /// Each second of a month is used once before any is used again, then with other names: no two
    /// people share all of them.
    #[must_use]
    pub fn joined(&self, firsts: usize, lasts: usize) -> (i64, usize, usize) {
        let (month, within) = UNROLLED.months[self.class][self.shuffled(USE_MONTH)];
        let (year, number, counts) = MONTHS[usize::from(month)];
        let a_block = counts.iter().copied().map(u64::from).sum::<u64>();
        let from = month_start(i64::from(year), i64::from(number)).max(JOINED.0);
        let next = month_start(i64::from(year) + i64::from(number / 12), i64::from(number % 12) + 1);
        let seconds = (next.min(JOINED.1 + 1) - from).unsigned_abs();
        let ordinal = self.block * a_block + u64::from(within);
        let (round, ordinal) = (ordinal / seconds, ordinal % seconds);
        let key = mix(mix(self.seed, USE_JOINED), u64::from(month));
        let second = Permutation::new(key, seconds).at(ordinal);
        let names = (firsts * lasts) as u64;
        let name = (mix(mix(self.seed, USE_NAME), key ^ second) % names + round) % names;
        let name = usize::try_from(name).unwrap_or_default();
        (from + second.cast_signed(), name % firsts, name / firsts)
    }

    /// Where the person posts from.
    #[must_use]
    pub fn place(&self) -> Place {
        let size = LATITUDES * LONGITUDES;
        let key = mix(self.seed, USE_PLACE);
        let at = Permutation::new(key, size).at(self.number % size);
        let within = |value: u64, half: i32| i32::try_from(value).unwrap_or_default() - half;
        Place {
            latitude: within(at % LATITUDES, 899_999),
            longitude: within(at / LATITUDES, 179_999),
            digit: u8::try_from(scramble(at) % 10).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn each_block_has_the_real_frequencies() {
        for block in [0, 1, 77] {
            let mut posts: HashMap<u64, u16> = HashMap::new();
            for index in block * BLOCK..(block + 1) * BLOCK {
                *posts.entry(Person::of_post(100, index).number()).or_default() += 1;
            }
            assert_eq!(posts.len() as u64, PEOPLE);
            let mut counts: HashMap<u16, u16> = HashMap::new();
            for posts in posts.values() {
                *counts.entry(*posts).or_default() += 1;
            }
            assert_eq!(counts, POSTS_A_PERSON.into_iter().collect());
            assert_eq!(posts[&UNREADABLE], 88);
        }
    }

    #[test]
    fn tables_add_up() {
        for sum in [
            AGES.iter().flatten().copied().map(u64::from).sum::<u64>(),
            MONTHS.iter().flat_map(|month| month.2).map(u64::from).sum(),
            COUNTRIES.iter().flat_map(|country| country.1).map(u64::from).sum(),
            POSTS_A_PERSON.iter().map(|(_, people)| u64::from(*people)).sum(),
        ] {
            assert_eq!(sum, PEOPLE);
        }
        assert_eq!(UNROLLED.person.len() as u64, BLOCK);
        assert_eq!(UNROLLED.starts, [0, 282, 1_438, PEOPLE]);
    }

    #[test]
    fn no_two_people_share_a_join_date_with_name_or_a_place() {
        let (mut joined, mut places) = (HashSet::new(), HashSet::new());
        let mut countries = HashSet::new();
        for number in 0..20 * PEOPLE {
            let person = Person::of_rank(7, number / PEOPLE, number % PEOPLE);
            assert!(joined.insert(person.joined(211, 301)), "{number}");
            let place = person.place();
            assert!(places.insert((place.latitude, place.longitude)), "{number}");
            countries.insert(person.country());
            let (second, _, _) = person.joined(211, 301);
            assert!((JOINED.0..=JOINED.1).contains(&second), "{second}");
        }
        assert_eq!(countries.len(), 243);
    }
}
