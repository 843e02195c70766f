//! What a ledger tells, and its bytes: a frame's payload is one event after the other.

use std::ops::Range;

use super::codec::{Cursor, put, put_step, put_text};
use super::outcome::{self, Outcome};

/// One record that is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Intent {
    /// Its kind: the place in the header's list.
    pub kind: u8,
    /// Its key.
    pub key: u64,
    /// [`record_hash`](super::record_hash) of its value.
    pub hash: [u8; 16],
}

/// Records that are about to be sent, and what they are made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intents {
    /// Number of the first of them among all records of the ledger.
    pub first: u64,
    /// The slots that hold them.
    pub slots: Range<u64>,
    /// The emissions that those slots were filled from.
    pub emissions: Range<u64>,
    /// Records of these slots that are withheld on purpose.
    pub withheld: u64,
    /// The records, in the order of sending.
    pub records: Vec<Intent>,
    /// What each of them is once it is cleaned: the first 8 bytes of its `_fingerprint`; 0 if it is
    /// rejected. None at all in a ledger of format 1.
    pub contents: Vec<u64>,
}

/// One thing that a ledger tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Records are about to be sent for the first time.
    Intents(Intents),
    /// Records, by their numbers, are about to be sent again: their end was not known.
    Resends(Vec<u64>),
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
const RESENDS: u8 = 5;
/// Intents with contents, from format 2 on.
const CLEANED: u8 = 6;

/// Appends an event.
pub(super) fn encode(out: &mut Vec<u8>, event: &Event) {
    let mut body = Vec::new();
    let kind = match event {
        Event::Intents(intents) => {
            put_intents(&mut body, intents);
            if intents.contents.is_empty() { INTENTS } else { CLEANED }
        }
        Event::Resends(records) => {
            put(&mut body, records.len() as u64);
            let mut before = 0;
            for record in records {
                put_step(&mut body, before, *record);
                before = *record;
            }
            RESENDS
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
        INTENTS => Event::Intents(intents(&mut cursor)?),
        CLEANED => Event::Intents(cleaned(&mut cursor)?),
        RESENDS => Event::Resends(resends(&mut cursor)?),
        OUTCOMES => return outcome::decode(body).map(Event::Outcomes),
        PLACE => Event::Place(u32::try_from(cursor.number()?).ok()?, cursor.text()?.to_owned()),
        END => Event::End(cursor.text()?.to_owned()),
        _ => return None,
    };
    cursor.is_done().then_some(event)
}

/// Intents of one event: kind, step of the key, hash; behind them their contents, if there are any.
fn put_intents(body: &mut Vec<u8>, intents: &Intents) {
    put(body, intents.first);
    for range in [&intents.slots, &intents.emissions] {
        put(body, range.start);
        put_step(body, range.start, range.end);
    }
    put(body, intents.withheld);
    put(body, intents.records.len() as u64);
    let mut before = 0;
    for record in &intents.records {
        body.push(record.kind);
        put_step(body, before, record.key);
        body.extend_from_slice(&record.hash);
        before = record.key;
    }
    for content in &intents.contents {
        body.extend_from_slice(&content.to_le_bytes());
    }
}

fn cleaned(cursor: &mut Cursor<'_>) -> Option<Intents> {
    let mut intents = intents(cursor)?;
    for _ in &intents.records {
        intents.contents.push(u64::from_le_bytes(*cursor.bytes(8)?.first_chunk()?));
    }
    Some(intents)
}

fn intents(cursor: &mut Cursor<'_>) -> Option<Intents> {
    let first = cursor.number()?;
    let slots = range(cursor)?;
    let emissions = range(cursor)?;
    let withheld = cursor.number()?;
    let mut records = Vec::with_capacity(count(cursor, LEAST_INTENT)?);
    let mut before = 0;
    for _ in 0..records.capacity() {
        let kind = cursor.byte()?;
        let key = cursor.step(before)?;
        let hash = *cursor.bytes(16)?.first_chunk()?;
        records.push(Intent { kind, key, hash });
        before = key;
    }
    Some(Intents { first, slots, emissions, withheld, records, contents: Vec::new() })
}

fn resends(cursor: &mut Cursor<'_>) -> Option<Vec<u64>> {
    let mut records = Vec::with_capacity(count(cursor, 1)?);
    let mut before = 0;
    for _ in 0..records.capacity() {
        before = cursor.step(before)?;
        records.push(before);
    }
    Some(records)
}

fn range(cursor: &mut Cursor<'_>) -> Option<Range<u64>> {
    let start = cursor.number()?;
    Some(start..cursor.step(start)?)
}

/// Bytes of an intent, at least.
const LEAST_INTENT: usize = 18;

/// How many follow, of so many bytes each at least: no memory for what cannot be there.
fn count(cursor: &mut Cursor<'_>, least: usize) -> Option<usize> {
    let count = usize::try_from(cursor.number()?).ok()?;
    (count <= cursor.0.len() / least).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_come_back(
            first: u64, slots: (u64, u64), emissions: (u64, u64), resends: Vec<u64>,
            records: Vec<(u8, u64, [u8; 16])>, withheld: u64, number: u32, cleaned: bool, name in ".*",
        ) {
            let records: Vec<_> =
                records.into_iter().map(|(kind, key, hash)| Intent { kind, key, hash }).collect();
            let contents = if cleaned { records.iter().map(|record| record.key / 3).collect() } else { Vec::new() };
            let (slots, emissions) = (slots.0..slots.1, emissions.0..emissions.1);
            let events = vec![
                Event::Place(number, name.clone()),
                Event::Intents(Intents { first, slots, emissions, withheld, records, contents }),
                Event::Resends(resends),
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
