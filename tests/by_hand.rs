//! Ledgers written by hand, for tests of `verify`.

use std::path::Path;

use pinlake::ledger::{FORMAT, Header, Intent, Intents, Ledger, Outcome, Position, Status};

/// How a record ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// Acknowledged, of so many sendings the last, at no place.
    Nowhere(u32),
    /// Acknowledged at once: partition and offset.
    At(&'static str, u64),
    /// The same, but at the second sending.
    Again(&'static str, u64),
    /// Acknowledged: shard and sequence number.
    Sequence(&'static str, u64),
    Open,
    Failed,
}

/// A record of a ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) kind: u8,
    pub(super) key: u64,
    pub(super) hash: [u8; 16],
    pub(super) content: u64,
    pub(super) end: End,
}

pub(super) fn header() -> Header {
    Header {
        format: FORMAT,
        version: "0.1.0".into(),
        source: "hand".into(),
        seed: 7,
        order: "sequential".into(),
        kinds: ["pin", "geo", "user"].map(str::to_owned).to_vec(),
        faults: Vec::new(),
        count: None,
        user_id: "u1".into(),
        target: "kafka://127.0.0.1:9092".into(),
    }
}

/// Writes a ledger of these records, numbered in their order.
pub(super) fn ledger(path: &Path, records: &[Sent]) {
    let mut ledger = Ledger::create(path, &header()).unwrap();
    let intents = Intents {
        slots: 0..1,
        emissions: 0..1,
        records: records
            .iter()
            .map(|sent| Intent { kind: sent.kind, key: sent.key, hash: sent.hash })
            .collect(),
        contents: records.iter().map(|sent| sent.content).collect(),
        ..Intents::default()
    };
    ledger.intend(&intents).unwrap();
    for (record, sent) in (0..).zip(records) {
        let (attempts, place, position) = match sent.end {
            End::Nowhere(attempts) => (attempts, "posts", Position::None),
            End::At(place, offset) => (1, place, Position::Offset(offset)),
            End::Again(place, offset) => (2, place, Position::Offset(offset)),
            End::Sequence(place, number) => (1, place, Position::Sequence(format!("49{number:054}"))),
            End::Open => continue,
            End::Failed => {
                let status = Status::Failed("refused".into());
                let outcome = Outcome { record, attempts: 1, sent_at: 1, known_at: 2, status };
                ledger.settle(&[outcome]).unwrap();
                continue;
            }
        };
        let place = ledger.place(place).unwrap();
        let status = Status::Acked { place, position };
        ledger.settle(&[Outcome { record, attempts, sent_at: 1, known_at: 2, status }]).unwrap();
    }
    ledger.commit().unwrap();
}
