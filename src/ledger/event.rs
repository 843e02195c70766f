//! What a ledger tells, and its bytes: a frame's payload is one event after the other.

use super::codec::{Cursor, put, put_text};
use super::outcome::{self, Outcome};

/// One thing that a ledger tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Records are about to be sent.
    Intents {
        /// Number of the first of them among all records of the ledger.
        first: u64,
        /// The slots that they are made from: the first, and how many.
        slots: (u64, u64),
        /// A hash of each record's canonical form, in the order of sending.
        hashes: Vec<[u8; 16]>,
    },
    /// Records whose end is known.
    Outcomes(Vec<Outcome>),
    /// A partition or a shard, and its number in this ledger.
    Place(u32, String),
    /// The emulation ended by itself, for this reason.
    End(String),
}

const INTENTS: u8 = 1;
const OUTCOMES: u8 = 2;
const PLACE: u8 = 3;
const END: u8 = 4;

/// Appends an event.
pub(super) fn encode(out: &mut Vec<u8>, event: &Event) {
    let mut body = Vec::new();
    let kind = match event {
        Event::Intents { first, slots, hashes } => {
            put(&mut body, *first);
            put(&mut body, slots.0);
            put(&mut body, slots.1);
            body.extend(hashes.iter().flatten());
            INTENTS
        }
        Event::Outcomes(outcomes) => {
            body = outcome::encode(outcomes);
            OUTCOMES
        }
        Event::Place(number, name) => {
            put(&mut body, u64::from(*number));
            put_text(&mut body, name);
            PLACE
        }
        Event::End(reason) => {
            put_text(&mut body, reason);
            END
        }
    };
    out.push(kind);
    put(out, body.len() as u64);
    out.extend_from_slice(&body);
}

/// The events of a payload; None if it is none.
pub(super) fn decode(payload: &[u8]) -> Option<Vec<Event>> {
    let mut cursor = Cursor(payload);
    let mut events = Vec::new();
    while !cursor.is_done() {
        let kind = cursor.byte()?;
        let length = usize::try_from(cursor.number()?).ok()?;
        events.push(one(kind, cursor.bytes(length)?)?);
    }
    Some(events)
}

fn one(kind: u8, body: &[u8]) -> Option<Event> {
    let mut cursor = Cursor(body);
    let event = match kind {
        INTENTS => {
            let first = cursor.number()?;
            let slots = (cursor.number()?, cursor.number()?);
            let (hashes, rest) = cursor.0.as_chunks::<16>();
            cursor = Cursor(rest);
            Event::Intents { first, slots, hashes: hashes.to_vec() }
        }
        OUTCOMES => return outcome::decode(body).map(Event::Outcomes),
        PLACE => Event::Place(u32::try_from(cursor.number()?).ok()?, cursor.text()?.to_owned()),
        END => Event::End(cursor.text()?.to_owned()),
        _ => return None,
    };
    cursor.is_done().then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_come_back(
            first: u64, slots: (u64, u64), hashes: Vec<[u8; 16]>, number: u32, name in ".*",
        ) {
            let events = vec![
                Event::Place(number, name.clone()),
                Event::Intents { first, slots, hashes },
                Event::Outcomes(Vec::new()),
                Event::End(name),
            ];
            let mut out = Vec::new();
            for event in &events {
                encode(&mut out, event);
            }
            prop_assert_eq!(decode(&out), Some(events));
        }

        #[test]
        fn any_payload_is_read_without_a_panic(bytes: Vec<u8>) {
            decode(&bytes);
        }
    }
}
