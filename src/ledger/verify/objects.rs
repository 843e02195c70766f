//! Objects of concatenated or line-separated records, as Firehose writes them: no positions, so records
//! are known by their content alone.

use super::judge::{Judge, Seen};
use crate::error::Result;
use crate::kind::Kind;
use crate::ledger::Position;
use crate::ledger::hash::{hash_of_long, record_hash};
use crate::parse::{Chunk, Form, Next, Positions, next_value};
use crate::source::plan::plan_objects;
use crate::source::{Options, PayloadReader};

/// Shows the judge every record of every object below a place; its URL.
pub(super) fn read(judge: &mut Judge, url: &str, options: &Options) -> Result<String> {
    let plan = plan_objects(url, options)?;
    let place = plan.url.clone();
    judge.by_content();
    // Only tables have columns of a kind, and there are none among objects.
    let kind = Kind::builtin("pin")?;
    let mut reader = PayloadReader::new(&kind, plan, options)?;
    while let Some(chunk) = reader.read()? {
        show(judge, &chunk);
    }
    Ok(place)
}

fn show(judge: &mut Judge, chunk: &Chunk<'_>) {
    let Positions::Log { origins, at } = chunk.positions else {
        return;
    };
    for (payload, (origin, byte)) in chunk.payloads.iter().zip(at) {
        let name = &origins[*origin as usize].name;
        let place = format!("{}, line at byte {byte}", name.strip_prefix("file:").unwrap_or(name));
        let mut see = |hash, value| judge.see(&Seen { place: &place, position: Position::None, hash, value });
        let bytes = &chunk.bytes[payload.start as usize..payload.end as usize];
        match payload.form {
            Form::Refused(at) => see(hash_of_long(chunk.refusals[at as usize].hash), bytes),
            _ => each_record(bytes, |value| see(record_hash(value), value)),
        }
    }
}

/// The records of a line, one behind the other. What does not parse goes to the line's end, as readers
/// take it; but bytes that are not UTF-8 in a value that parses otherwise leave its end where it is.
fn each_record<'a>(line: &'a [u8], mut see: impl FnMut(&'a [u8])) {
    let mut at = 0;
    loop {
        match next_value(line, at, false) {
            Next::Value { start, end, .. } => {
                see(&line[start..end]);
                at = end;
            }
            Next::Bad { start } | Next::Unfinished { start, .. } => return see(&line[start..]),
            Next::Blank => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_line_are_told_apart() {
        for (line, wanted) in [
            (&b"{\"a\":1}{\"b\":2} {\"c\":3}\r"[..], &[&b"{\"a\":1}"[..], b"{\"b\":2}", b"{\"c\":3}"][..]),
            (b"{\"a\":\"\xff\"}{\"b\":2}", &[b"{\"a\":\"\xff\"}", b"{\"b\":2}"]),
            // What is no JSON swallows what follows it.
            (b"{\"a\":1}{'b\":2}{\"c\":3}", &[b"{\"a\":1}", b"{'b\":2}{\"c\":3}"]),
            (b"{\"a\":1}{\"b\":", &[b"{\"a\":1}", b"{\"b\":"]),
            (b"nullnull", &[b"null", b"null"]),
            (b" \r", &[]),
        ] {
            let mut found = Vec::new();
            each_record(line, |record| found.push(record));
            assert_eq!(found, wanted, "{}", String::from_utf8_lossy(line));
        }
    }
}
