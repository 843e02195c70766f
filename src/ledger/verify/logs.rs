//! Topics and streams as they are.

use super::judge::{Judge, Seen};
use crate::error::Result;
use crate::ledger::record_hash;
use crate::source::Options;
use crate::source::logs::Logs;

/// Shows the judge all of the ledger's topics or streams; the URL of who holds them.
pub(super) fn read(judge: &mut Judge, url: &str, options: &Options) -> Result<String> {
    let logs = Logs::open(url, options)?;
    let header = judge.header();
    for name in logs.names(&header.user_id, &header.kinds) {
        logs.read(&name, |record| {
            let value = record.value.unwrap_or(b"null");
            let place = format!("{name}/{}", record.part);
            judge.see(&Seen { place: &place, position: record.position, hash: record_hash(value), value });
            Ok(())
        })?;
    }
    Ok(logs.url())
}
