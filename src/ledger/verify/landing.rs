//! A landing as it is: every line of every object of the ledger's topics.

use super::judge::{Judge, Seen};
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::ledger::Position;
use crate::ledger::hash::{hash_of_long, record_hash};
use crate::parse::{Chunk, Form, Positions};
use crate::source::layout::{Layout, detect};
use crate::source::plan::{Ask, plan_landing};
use crate::source::{Options, PayloadReader, Store};

/// Shows the judge all of a landing; its URL.
pub(super) fn read(judge: &mut Judge, url: &str, options: &Options) -> Result<String> {
    let mut place = url.to_owned();
    for kind in judge.header().kinds.clone() {
        let kind = Kind::builtin(&kind)?;
        let store = Store::open(url, options)?;
        place = store.location().url().to_owned();
        if matches!(detect(&store, &kind)?, Layout::Log(topics) if topics.partitions.is_empty()) {
            // Nothing arrived of this kind: what is missing, the verdict says.
            continue;
        }
        let plan = plan_landing(&kind, url, Ask { full: true, ..Ask::default() }, options)?;
        if plan.layout != "log" {
            return Err(Error::Config(format!("{url}: no landing of topics; nothing there has an offset")));
        }
        let topic = kind.topic(&judge.header().user_id);
        let mut reader = PayloadReader::new(&kind, plan, options)?;
        while let Some(chunk) = reader.read()? {
            show(judge, &topic, &chunk);
        }
    }
    Ok(place)
}

fn show(judge: &mut Judge, topic: &str, chunk: &Chunk<'_>) {
    let Positions::Log { origins, at } = chunk.positions else {
        return;
    };
    for (payload, (origin, offset)) in chunk.payloads.iter().zip(at) {
        let origin = &origins[*origin as usize];
        if origin.name.strip_prefix("kafka:") != Some(topic) {
            continue;
        }
        let value = &chunk.bytes[payload.start as usize..payload.end as usize];
        let hash = match payload.form {
            Form::Null => record_hash(b"null"),
            Form::Refused(at) => hash_of_long(chunk.refusals[at as usize].hash),
            _ => record_hash(value),
        };
        let part = origin.part.trim_start_matches('0');
        let place = format!("{topic}/{}", if part.is_empty() { "0" } else { part });
        judge.see(&Seen { place: &place, position: Position::Offset(*offset), hash, value });
    }
}
