//! How far a stream has been read: a place in each of its shards; and what lies between two such offsets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sequence::Sequence;
use crate::error::{Error, Result};

/// Format of offsets, which checkpoints keep; a greater one is refused.
pub const OFFSET_FORMAT: u32 = 1;

/// How far a stream has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// [`OFFSET_FORMAT`].
    pub version: u32,
    /// The stream.
    pub stream: String,
    /// When it was made, ms since 1970: another stream of the same name was made at another time.
    pub created: i64,
    /// How far each shard was read. Those of a parent that was not read to its end are not begun.
    pub shards: BTreeMap<String, Mark>,
}

/// How far a shard was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Where to go on.
    pub at: At,
    /// Records read so far: two readings of one stretch must find equally many.
    pub records: u64,
    /// Whether it is closed, and was read to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Ms since 1970: what had arrived by then was read. It tells an idle shard, whose last record is gone
    /// because it is old, from one of which unread records are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<i64>,
}

/// A place in a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Its oldest record.
    Begin,
    /// The first record that arrived then or later, ms since 1970.
    Time(i64),
    /// Behind a record.
    After(Sequence),
}

/// What a task reads of a shard: as many records behind a place, the last of which is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The shard.
    pub shard: String,
    /// Behind what.
    pub from: At,
    /// The last record.
    pub to: Sequence,
    /// How many.
    pub records: u64,
}

impl Mark {
    /// A shard of which nothing was read.
    #[must_use]
    pub const fn new(at: At) -> Self {
        Self { at, records: 0, ended: false, tip: None }
    }
}

impl Offset {
    /// Reads an offset.
    ///
    /// # Errors
    /// [`Error::Source`] for text that is none, or one of a later release.
    pub fn from_json(text: &str) -> Result<Self> {
        let offset: Self = serde_json::from_str(text)
            .map_err(|error| Error::Source(format!("a stream's offset cannot be read: {error}")))?;
        if offset.version > OFFSET_FORMAT {
            return Err(Error::Source(format!(
                "a stream's offset has format {}, this release knows up to {OFFSET_FORMAT}; upgrade pinlake",
                offset.version
            )));
        }
        Ok(offset)
    }

    /// The offset as a checkpoint keeps it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What lies between this offset and a later one, a range a shard that has records there.
    ///
    /// # Errors
    /// [`Error::Source`] for offsets of two streams, or one that is not later.
    pub fn ranges_to(&self, end: &Self) -> Result<Vec<Range>> {
        let mut ranges = Vec::new();
        if (&self.stream, self.created) != (&end.stream, end.created) {
            return Err(Error::Source(format!(
                "offsets of two streams: {} and {}; name another checkpoint",
                self.stream, end.stream
            )));
        }
        for (shard, mark) in &end.shards {
            let unread = Mark::new(At::Begin);
            let before = self.shards.get(shard).unwrap_or(&unread);
            let records = mark.records.checked_sub(before.records);
            match (records, &mark.at) {
                (Some(0), _) => {}
                (Some(records), At::After(to)) => ranges.push(Range {
                    shard: shard.clone(),
                    from: before.at.clone(),
                    to: to.clone(),
                    records,
                }),
                _ => {
                    return Err(Error::Source(format!(
                        "stream {}, {shard}: an offset that is not later than the one before",
                        self.stream
                    )));
                }
            }
        }
        Ok(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: &str, records: u64) -> Mark {
        Mark { records, ..Mark::new(At::After(Sequence::parse(at).unwrap())) }
    }

    fn offset(shards: &[(&str, Mark)]) -> Offset {
        Offset {
            version: OFFSET_FORMAT,
            stream: "s".into(),
            created: 5,
            shards: shards.iter().map(|(name, mark)| ((*name).to_owned(), mark.clone())).collect(),
        }
    }

    #[test]
    fn between_offsets_lie_the_shards_that_went_on() {
        let start = offset(&[("a", mark("10", 3)), ("b", Mark::new(At::Time(7))), ("idle", mark("1", 1))]);
        let end = offset(&[
            ("a", mark("20", 5)),
            ("b", mark("4", 1)),
            ("child", mark("9", 2)),
            ("idle", mark("1", 1)),
        ]);
        let found = start.ranges_to(&end).unwrap();
        let told: Vec<_> =
            found.iter().map(|r| (r.shard.as_str(), &r.from, r.to.as_str(), r.records)).collect();
        let (after, time) = (At::After(Sequence::parse("10").unwrap()), At::Time(7));
        assert_eq!(told, [("a", &after, "20", 2), ("b", &time, "4", 1), ("child", &At::Begin, "9", 2)]);
        assert_eq!(end.ranges_to(&end).unwrap(), []);
        assert!(end.ranges_to(&start).is_err());
        let another = Offset { created: 6, ..end };
        assert!(start.ranges_to(&another).is_err());
    }

    #[test]
    fn they_are_read_as_they_were_written() {
        let ended = Mark { ended: true, tip: Some(3), ..mark("49", 2) };
        let offset = offset(&[("a", ended), ("b", Mark::new(At::Begin)), ("c", Mark::new(At::Time(1)))]);
        let text = offset.to_json();
        assert_eq!(
            text,
            r#"{"version":1,"stream":"s","created":5,"shards":{"a":{"at":{"after":"49"},"records":2,"ended":true,"tip":3},"b":{"at":"begin","records":0},"c":{"at":{"time":1},"records":0}}}"#
        );
        assert_eq!(Offset::from_json(&text).unwrap(), offset);
        let later = text.replace("\"version\":1", "\"version\":2");
        assert!(Offset::from_json(&later).unwrap_err().to_string().contains("upgrade pinlake"));
        assert!(Offset::from_json("{}").is_err());
    }
}
