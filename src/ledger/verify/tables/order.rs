//! The order of `_source` among a ledger's positions: name, part, offset or sequence number.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::ledger::Position;

/// Most digits of a sequence number in `_source`.
const DIGITS: usize = 56;

/// Where a record stands: the ledger's number of the place, and the digits in it, two a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank {
    place: u32,
    digits: [u8; DIGITS / 2],
}

impl Rank {
    /// The rank of a position; None where it has no place in the order.
    pub(super) fn of(place: u32, position: &Position) -> Option<Self> {
        match position {
            Position::Offset(offset) => Self::of_digits(place, &offset.to_string()),
            Position::Sequence(digits) => Self::of_digits(place, digits),
            Position::None => None,
        }
    }

    fn of_digits(place: u32, text: &str) -> Option<Self> {
        if text.len() > DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = [0; DIGITS / 2];
        for (at, byte) in text.bytes().rev().enumerate() {
            let place = &mut digits[(DIGITS - 1 - at) / 2];
            *place |= (byte - b'0') << (4 * (at % 2));
        }
        Some(Self { place, digits })
    }
}

/// The order of a ledger's places.
#[derive(Debug)]
pub(super) struct Spots(HashMap<u32, u32>);

impl Spots {
    /// Places by number and name, `<topic>/<partition>` or `<stream>/<shard>`.
    pub(super) fn new(places: &HashMap<u32, String>) -> Self {
        let mut sorted: Vec<_> = places.iter().map(|(number, name)| (source(name), *number)).collect();
        sorted.sort();
        Self(sorted.into_iter().zip(0..).map(|((_, number), at)| (number, at)).collect())
    }

    /// As `_source` is compared. What has no position is before all that has.
    pub(super) fn compare(&self, a: Option<Rank>, b: Option<Rank>) -> Ordering {
        let key = |rank: Rank| (self.0.get(&rank.place).copied(), rank.digits);
        a.map(key).cmp(&b.map(key))
    }
}

/// Name and part of a place as they stand in `_source`: a partition's number in ten digits.
fn source(place: &str) -> (String, String) {
    let (name, part) = place.rsplit_once('/').unwrap_or((place, ""));
    let part = part.parse().map_or_else(|_| part.to_owned(), crate::source::layout::part_text);
    (name.to_owned(), part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_ordered_as_in_tables() {
        let names = ["u1.geo/10", "u1.geo/9", "u1.pin/0", "s/shardId-000000000002", "s/shardId-000000000011"];
        let places = (0..).zip(names.map(str::to_owned)).collect();
        let spots = Spots::new(&places);
        let offset = |place, offset| Rank::of(place, &Position::Offset(offset));
        let sequence = |place, digits: &str| Rank::of(place, &Position::Sequence(digits.into()));
        let long = "49".repeat(28);
        let sorted = [
            None,
            sequence(3, "9"),
            sequence(3, "10"),
            sequence(3, &long),
            sequence(4, "1"),
            offset(1, u64::MAX),
            offset(0, 7),
            offset(0, 10),
            offset(2, 0),
        ];
        for (at, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                assert_eq!(spots.compare(*a, *b), at.cmp(&other), "{at} {other}");
            }
        }
        assert_eq!(sequence(0, &"1".repeat(57)), None);
        assert_eq!(sequence(0, "1x"), None);
    }
}
