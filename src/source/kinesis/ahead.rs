//! Looking ahead: how far a batch goes, shard by shard, parents to their end before their children.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::cursor::{Cursor, sequence};
use super::fault::Fault;
use super::offset::{At, Mark, Offset};
use super::sdk::Shard;
use super::service::{Kept, Page};
use super::watch::StreamWatch;
use crate::error::Result;

/// Shards that are looked at at once.
const AT_ONCE: usize = 8;

/// A look at one shard takes no longer: what it found until then is a batch, and the next look goes on where
/// it stopped. A stretch without records is long: Kinesis answers it with hundreds of empty pages.
const LOOK: Duration = Duration::from_secs(10);

/// An idle shard's mark is renewed each time that this part of the stream's retention has passed.
const RENEWALS: i64 = 4;

/// What records that the Kinesis Producer Library put together begin with (KPL: "Aggregation format").
const AGGREGATED: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// How much of a shard one batch takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records.
    pub records: u64,
    /// Bytes of records; the read that reaches it is the last.
    pub bytes: u64,
    /// Nothing that arrived later, ms since 1970.
    pub until: Option<i64>,
}

/// What is known of shards while they are looked at.
struct Family<'a> {
    shards: HashMap<&'a str, &'a Shard>,
    retention_ms: i64,
    now: i64,
}

impl StreamWatch {
    pub(super) async fn look(&self, from: &Offset, limits: &Limits, now: i64) -> Result<Offset> {
        let summary = self.summary().await?;
        if summary.created != from.created || self.stream != from.stream {
            return Err(self.error(
                "it was deleted and made again since the last batch (or another stream's checkpoint is \
                 used); go on with a new checkpoint and an epoch that is one higher",
            ));
        }
        let shards = self.lineage().await?;
        let family = Family {
            shards: shards.iter().map(|shard| (shard.name.as_str(), shard)).collect(),
            retention_ms: summary.retention_ms,
            now,
        };
        let mut offset = from.clone();
        self.renew(&mut offset, &family)?;
        let mut looked = HashSet::new();
        loop {
            let ready: Vec<_> = ready(&offset, &family, &looked);
            if ready.is_empty() {
                return Ok(settled(from, offset, &family));
            }
            let marks = ready.into_iter().map(|(shard, mark)| self.shard(&family, shard, mark, limits));
            let found: Vec<_> = stream::iter(marks).buffer_unordered(AT_ONCE).try_collect().await?;
            for (name, mark) in found {
                looked.insert(name.clone());
                offset.shards.insert(name, mark);
            }
        }
    }

    /// Takes in shards that are new, and leaves out those that are gone.
    fn renew(&self, offset: &mut Offset, family: &Family<'_>) -> Result<()> {
        for shard in family.shards.values() {
            let known =
                |name: &String| family.shards.contains_key(name.as_str()) || offset.shards.contains_key(name);
            if offset.shards.contains_key(&shard.name) {
                continue;
            }
            if !shard.parents.is_empty() && !shard.parents.iter().any(known) {
                self.lost(&shard.name, "the shards that it was made of came and went unseen")?;
            }
            offset.shards.insert(shard.name.clone(), Mark::new(At::Begin));
        }
        let gone = |name: &String| !family.shards.contains_key(name.as_str());
        let gone: Vec<_> = offset.shards.keys().filter(|name| gone(name)).cloned().collect();
        for name in gone {
            if offset.shards.remove(&name).is_some_and(|mark| !mark.ended) {
                self.lost(&name, "the shard is gone, and was not read to its end")?;
            }
        }
        Ok(())
    }

    /// Looks at one shard.
    async fn shard(
        &self,
        family: &Family<'_>,
        shard: &Shard,
        mark: &Mark,
        limits: &Limits,
    ) -> Result<(String, Mark)> {
        let fault = |fault: Fault| self.fault(&format!("read {}", shard.name), &fault);
        let mut cursor = self.cursor(&shard.name, &mark.at).await.map_err(fault)?;
        let (mut found, began) = (mark.clone(), Instant::now());
        let (mut records, mut bytes) = (0_u64, 0_u64);
        loop {
            let most = i32::try_from(limits.records.saturating_sub(records)).unwrap_or(i32::MAX);
            let Some(page) = cursor.next(most.clamp(1, self.most)).await.map_err(fault)? else {
                found.ended = true;
                break;
            };
            let taken = taken(&page, limits.until);
            for record in taken {
                self.check(shard, record)?;
                bytes += record.value.len() as u64;
            }
            records += taken.len() as u64;
            if let Some(last) = taken.last() {
                found.at = At::After(sequence(last).map_err(fault)?);
            }
            if let Some(until) = limits.until.filter(|_| taken.len() < page.records.len()) {
                found.tip = Some(until);
                break;
            }
            // A closed shard has an end, which the page behind its last record tells.
            if page.behind_ms == 0 && !page.full && !shard.closed {
                found.tip = Some(family.now);
                break;
            }
            if records >= limits.records || bytes >= limits.bytes || began.elapsed() > LOOK {
                break;
            }
        }
        found.records += records;
        let is_through = found.ended || found.tip == Some(family.now);
        let is_blind = match mark.at {
            At::After(_) => cursor.trimmed || cursor.is_blind() && is_through,
            // Nothing was there by then.
            At::Begin | At::Time(_) => mark.tip.is_some(),
        };
        self.check_loss(family, shard, mark, is_blind && !cursor.resumes)?;
        self.leave(&shard.name, &found.at, cursor);
        Ok((shard.name.clone(), found))
    }

    /// A cursor at a place, which goes on where the last look at it stopped.
    async fn cursor(&self, shard: &str, at: &At) -> Result<Cursor, Fault> {
        let left = self.left().remove(shard);
        match left.filter(|left| left.0 == *at) {
            Some((_, iterator)) => Ok(Cursor::resume(self.place(shard), at, iterator)),
            None => Cursor::open(self.place(shard), at).await,
        }
    }

    /// Keeps where a cursor stopped, unless it has read more than was taken.
    fn leave(&self, shard: &str, at: &At, cursor: Cursor) {
        if let Some(left) = cursor.left().filter(|left| left.0 == *at) {
            self.left().insert(shard.to_owned(), left);
        }
    }

    /// Whether records may be gone that nobody read: where what was read last is not there any more, and all
    /// that was read was read longer ago than the stream keeps records.
    fn check_loss(&self, family: &Family<'_>, shard: &Shard, mark: &Mark, unseen: bool) -> Result<()> {
        let is_old = mark.tip.is_none_or(|tip| family.now - tip > family.retention_ms);
        if unseen && is_old {
            let hours = family.retention_ms / 3_600_000;
            return self.lost(
                &shard.name,
                &format!("it was read last longer ago than the stream keeps records ({hours} h)"),
            );
        }
        Ok(())
    }

    fn check(&self, shard: &Shard, record: &Kept) -> Result<()> {
        if !self.aggregates && record.value.starts_with(&AGGREGATED) {
            return Err(self.error(&format!(
                "{}, record {}: was put together of several by the Kinesis Producer Library; turn off \
                 AggregationEnabled where it comes from, or take such records as they are with \
                 aggregated=keep (they go to quarantine)",
                shard.name, record.sequence
            )));
        }
        Ok(())
    }

    /// Records may be gone: an error, or nothing where that was asked for.
    pub(super) fn lost(&self, shard: &str, why: &str) -> Result<()> {
        if self.strict {
            return Err(self.error(&format!(
                "{shard}: records may be gone unread: {why}; go on with a new checkpoint, or with \
                 failOnDataLoss=false"
            )));
        }
        Ok(())
    }
}

/// Shards that may be read now: open ones whose parents are read to their end, or gone.
fn ready<'a>(
    offset: &'a Offset,
    family: &Family<'a>,
    looked: &HashSet<String>,
) -> Vec<(&'a Shard, &'a Mark)> {
    let is_done = |name: &String| offset.shards.get(name).is_none_or(|mark| mark.ended);
    let mut ready: Vec<_> = offset
        .shards
        .iter()
        .filter(|(name, mark)| !mark.ended && !looked.contains(*name))
        .filter_map(|(name, mark)| Some((*family.shards.get(name.as_str())?, mark)))
        .filter(|(shard, _)| shard.parents.iter().all(is_done))
        .collect();
    ready.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    ready
}

/// The records of a page that had arrived by then.
fn taken(page: &Page, until: Option<i64>) -> &[Kept] {
    let late = |record: &Kept| until.is_some_and(|until| record.arrived_ms.is_some_and(|at| at > until));
    let end = page.records.iter().position(late).unwrap_or(page.records.len());
    &page.records[..end]
}

/// The offset before if nothing is new: a batch is made of each that differs. Idle shards' marks are renewed
/// now and then, so that they do not look like ones that nobody read.
fn settled(from: &Offset, found: Offset, family: &Family<'_>) -> Offset {
    let is_stale = |(name, mark): (&String, &Mark)| {
        let before = from.shards.get(name).and_then(|mark| mark.tip);
        let is_old = before.is_none_or(|tip| family.now - tip > family.retention_ms / RENEWALS);
        // One that this look did not renew would be so for ever: each look would give another batch.
        !mark.ended && mark.tip > before && is_old
    };
    let plain = |offset: &Offset| {
        let mut offset = offset.clone();
        offset.shards.values_mut().for_each(|mark| mark.tip = None);
        offset
    };
    if plain(from) == plain(&found) && !found.shards.iter().any(is_stale) { from.clone() } else { found }
}
