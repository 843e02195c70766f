//! What became of a record, and its bytes in the ledger.

use super::codec::{Cursor, put, put_step, put_text};

/// Where a record stands in a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Position {
    /// An offset of a topic's partition.
    Offset(u64),
    /// A sequence number of a stream's shard: decimal digits, 56 of them as a rule.
    Sequence(String),
    /// Acknowledged without a position (Firehose; a duplicate that Kafka has settled).
    None,
}

/// How a record ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Acknowledged at a place (a partition or a shard, as the ledger numbers them).
    Acked {
        /// Which place.
        place: u32,
        /// Where in it.
        position: Position,
    },
    /// Refused for good, with the reason.
    Failed(String),
    /// Nobody can say whether it arrived.
    Unknown(String),
}

/// The outcome of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which record: its number among all intents of the ledger.
    pub record: u64,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was sent the last time, µs since 1970.
    pub sent_at: u64,
    /// When its end was known, µs since 1970.
    pub known_at: u64,
    /// How it ended.
    pub status: Status,
}

// The lowest bits of the byte in front of an outcome say its status, the others what follows.
const ACKED: u8 = 0;
const FAILED: u8 = 1;
const UNKNOWN: u8 = 2;
const STATUS: u8 = 0b11;
const SEQUENCE: u8 = 1 << 2;
const NOWHERE: u8 = 1 << 3;
const ATTEMPTS: u8 = 1 << 4;
const PLACE: u8 = 1 << 5;

/// What the one before had: outcomes are told by how they differ from it.
#[derive(Debug, Default)]
struct Before {
    record: u64,
    sent_at: u64,
    place: u32,
    offset: u64,
    sequence: String,
}

/// Outcomes as an item's bytes.
pub(super) fn encode(outcomes: &[Outcome]) -> Vec<u8> {
    let mut out = Vec::with_capacity(outcomes.len() * 16);
    put(&mut out, outcomes.len() as u64);
    let mut before = Before::default();
    for outcome in outcomes {
        one(&mut out, outcome, &mut before);
    }
    out
}

fn one(out: &mut Vec<u8>, outcome: &Outcome, before: &mut Before) {
    let mut tag = match &outcome.status {
        Status::Acked { position, .. } => match position {
            Position::Offset(_) => ACKED,
            Position::Sequence(_) => ACKED | SEQUENCE,
            Position::None => ACKED | NOWHERE,
        },
        Status::Failed(_) => FAILED,
        Status::Unknown(_) => UNKNOWN,
    };
    if outcome.attempts != 1 {
        tag |= ATTEMPTS;
    }
    if matches!(outcome.status, Status::Acked { place, .. } if place != before.place) {
        tag |= PLACE;
    }
    out.push(tag);
    put_step(out, before.record, outcome.record);
    put_step(out, before.sent_at, outcome.sent_at);
    put_step(out, outcome.sent_at, outcome.known_at);
    if tag & ATTEMPTS != 0 {
        put(out, u64::from(outcome.attempts));
    }
    match &outcome.status {
        Status::Acked { place, position } => {
            if tag & PLACE != 0 {
                put(out, u64::from(*place));
                before.place = *place;
            }
            match position {
                Position::Offset(offset) => {
                    put_step(out, before.offset, *offset);
                    before.offset = *offset;
                }
                Position::Sequence(digits) => {
                    let shared = shared(&before.sequence, digits);
                    put(out, shared as u64);
                    put_text(out, &digits[shared..]);
                    before.sequence.clone_from(digits);
                }
                Position::None => {}
            }
        }
        Status::Failed(reason) | Status::Unknown(reason) => put_text(out, reason),
    }
    (before.record, before.sent_at) = (outcome.record, outcome.sent_at);
}

/// Bytes that two texts begin with, both cut at a letter's border.
fn shared(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same).rev().find(|&at| b.is_char_boundary(at)).unwrap_or(0)
}

/// The outcomes of an item; None if its bytes are none.
pub(super) fn decode(payload: &[u8]) -> Option<Vec<Outcome>> {
    let mut cursor = Cursor(payload);
    let count = usize::try_from(cursor.number()?).ok()?;
    // No outcome takes less than four bytes: no memory for what cannot be there.
    if count > payload.len() / 4 {
        return None;
    }
    let mut before = Before::default();
    let mut outcomes = Vec::with_capacity(count);
    for _ in 0..count {
        outcomes.push(next(&mut cursor, &mut before)?);
    }
    cursor.is_done().then_some(outcomes)
}

fn next(cursor: &mut Cursor<'_>, before: &mut Before) -> Option<Outcome> {
    let tag = cursor.byte()?;
    let record = cursor.step(before.record)?;
    let sent_at = cursor.step(before.sent_at)?;
    let known_at = cursor.step(sent_at)?;
    let attempts = if tag & ATTEMPTS == 0 { 1 } else { u32::try_from(cursor.number()?).ok()? };
    let status = match tag & STATUS {
        ACKED => {
            if tag & PLACE != 0 {
                before.place = u32::try_from(cursor.number()?).ok()?;
            }
            Status::Acked { place: before.place, position: position(tag, cursor, before)? }
        }
        FAILED => Status::Failed(cursor.text()?.to_owned()),
        UNKNOWN => Status::Unknown(cursor.text()?.to_owned()),
        _ => return None,
    };
    (before.record, before.sent_at) = (record, sent_at);
    Some(Outcome { record, attempts, sent_at, known_at, status })
}

fn position(tag: u8, cursor: &mut Cursor<'_>, before: &mut Before) -> Option<Position> {
    if tag & NOWHERE != 0 {
        return Some(Position::None);
    }
    if tag & SEQUENCE == 0 {
        before.offset = cursor.step(before.offset)?;
        return Some(Position::Offset(before.offset));
    }
    let shared = usize::try_from(cursor.number()?).ok()?;
    let digits = format!("{}{}", before.sequence.get(..shared)?, cursor.text()?);
    before.sequence.clone_from(&digits);
    Some(Position::Sequence(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn positions() -> impl Strategy<Value = Position> {
        prop_oneof![
            any::<u64>().prop_map(Position::Offset),
            "[0-9]{1,56}".prop_map(Position::Sequence),
            Just(Position::None),
        ]
    }

    fn statuses() -> impl Strategy<Value = Status> {
        prop_oneof![
            4 => (any::<u32>(), positions()).prop_map(|(place, position)| Status::Acked { place, position }),
            1 => ".*".prop_map(Status::Failed),
            1 => ".*".prop_map(Status::Unknown),
        ]
    }

    prop_compose! {
        fn outcomes()(
            record: u64, attempts: u32, sent_at: u64, known_at: u64, status in statuses(),
        ) -> Outcome {
            Outcome { record, attempts, sent_at, known_at, status }
        }
    }

    proptest! {
        #[test]
        fn outcomes_come_back(list in prop::collection::vec(outcomes(), 0..30)) {
            prop_assert_eq!(decode(&encode(&list)), Some(list));
        }

        #[test]
        fn any_payload_is_read_without_a_panic(bytes: Vec<u8>) {
            decode(&bytes);
        }
    }

    #[test]
    fn outcomes_are_small() {
        let kafka: Vec<_> = (0..10_000)
            .map(|n| Outcome {
                record: n,
                attempts: 1,
                sent_at: 1_790_000_000_000_000 + n * 7,
                known_at: 1_790_000_000_030_000 + n * 7,
                status: Status::Acked { place: (n % 3) as u32, position: Position::Offset(n / 3) },
            })
            .collect();
        let bytes = encode(&kafka).len();
        assert!(bytes < 10 * kafka.len(), "{bytes}");
        let sequence =
            |n: u64| format!("4967{:052}", 30_000_000_000_000_000_000_000_u128 + u128::from(n) * 977);
        let kinesis: Vec<_> = kafka
            .into_iter()
            .map(|outcome| Outcome {
                status: Status::Acked { place: 0, position: Position::Sequence(sequence(outcome.record)) },
                ..outcome
            })
            .collect();
        let bytes = encode(&kinesis).len();
        assert!(bytes < 20 * kinesis.len(), "{bytes}");
    }
}
