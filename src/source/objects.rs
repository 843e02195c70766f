//! Objects whose bytes somebody else read: Spark's own reader, where workers may not reach storage.

use std::io::{Cursor, Read};
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::parse::{ChunkBuffer, Origin};

use super::Location;
use super::books::Books;
use super::csv::Csv;
use super::files::Opened;
use super::fill::Fill;
use super::form::{Form, form_of};
use super::landing::{SMALL, add_whole};
use super::layout::{Object, Partition, parse_name};
use super::lines::{Filled, Lines, Numbers};
use super::parquet::Parquet;

/// An object with its bytes.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its URL.
    pub url: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its last change, µs since 1970 UTC.
    pub arrived_at: Option<i64>,
}

impl Given {
    /// Its bytes as a stream; they are not copied.
    fn stream(&self) -> Box<dyn Read + Send> {
        Box::new(Cursor::new(self.bytes.clone()))
    }
}

/// An object in the middle of being read.
struct Open {
    from: Opened,
    receipt: usize,
    origin: Origin,
    /// Bytes of a file; none for an object of a log, whose lines are offsets.
    size: Option<u64>,
}

/// Reads whole objects, one after the other.
pub(crate) struct GivenReader {
    kind: Arc<Kind>,
    log: bool,
    epoch: i32,
    objects: std::vec::IntoIter<Given>,
    open: Option<Open>,
    packed: Vec<u8>,
}

impl GivenReader {
    /// A reader of `objects`, which are pieces of a log or files.
    pub(crate) fn new(kind: Arc<Kind>, log: bool, epoch: i32, objects: Vec<Given>) -> Self {
        Self { kind, log, epoch, objects: objects.into_iter(), open: None, packed: Vec::new() }
    }

    fn object(&mut self, url: &str, given: &Given, chunk: &mut ChunkBuffer, books: &mut Books) -> Result<()> {
        let (partition, object) = object_of(url)?;
        let origin = Origin { arrived_at: given.arrived_at, ..partition.origin(self.epoch) };
        if given.bytes.len() as u64 <= SMALL {
            let start = chunk.bytes.len();
            chunk.bytes.extend_from_slice(&given.bytes);
            if add_whole(&mut self.packed, object, &origin, start, chunk, books) {
                return Ok(());
            }
        }
        let lines = Lines::new(url, given.stream(), Numbers::Offsets { first: object.offset })?;
        let receipt = books.open(&origin.name, &origin.part, object.offset);
        self.open = Some(Open { from: Opened::Lines(Box::new(lines)), receipt, origin, size: None });
        Ok(())
    }

    fn file(&mut self, url: &str, given: &Given, books: &mut Books) -> Result<()> {
        let from = match form_of(url) {
            Form::Lines => {
                let numbers = Numbers::Bytes { start: 0, end: u64::MAX };
                Opened::Lines(Box::new(Lines::new(url, given.stream(), numbers)?))
            }
            Form::Csv => Opened::Csv(Box::new(Csv::new(&self.kind, url, given.stream())?)),
            Form::Parquet => Opened::Parquet(Box::new(Parquet::new(&self.kind, url, given.bytes.clone())?)),
        };
        let origin = Origin {
            epoch: self.epoch,
            name: Arc::from(format!("file:{url}")),
            part: Arc::from(""),
            arrived_at: given.arrived_at,
        };
        let receipt = books.open_file(&origin.name, 0);
        self.open = Some(Open { from, receipt, origin, size: Some(given.bytes.len() as u64) });
        Ok(())
    }
}

impl Fill for GivenReader {
    fn fill(&mut self, chunk: &mut ChunkBuffer, books: &mut Books) -> Result<bool> {
        while !chunk.is_full() {
            if let Some(Open { from, receipt, origin, size }) = &mut self.open {
                let at = books.origin(chunk, *receipt, origin);
                let Filled { lines, done } = from.fill(chunk, at)?;
                match size {
                    Some(size) => books.lines(*receipt, lines, *size),
                    None => books.offsets(*receipt, lines),
                }
                if done {
                    self.open = None;
                }
                continue;
            }
            let Some(given) = self.objects.next() else {
                return Ok(false);
            };
            let url = Location::parse(&given.url)?.url().to_owned();
            if self.log {
                self.object(&url, &given, chunk, books)?;
            } else {
                self.file(&url, &given, books)?;
            }
        }
        Ok(true)
    }
}

/// Partition and offset of a landing object, by its name alone.
fn object_of(url: &str) -> Result<(Partition, Object)> {
    let (dir, name) = url.rsplit_once('/').unwrap_or(("", url));
    let found = || {
        // From behind: a topic of a system other than Kafka may hold a plus sign.
        let (stem, _) = name.rsplit_once('+')?;
        let (topic, part) = stem.rsplit_once('+')?;
        let partition = Partition { topic: topic.to_owned(), part: part.parse().ok()?, dir: dir.to_owned() };
        let object = parse_name(&partition.stem(), name)?;
        Some((partition, object))
    };
    found().ok_or_else(|| {
        Error::Source(format!(
            "{url}: not a landing object; its name should be <topic>+<partition>+<offset>.json"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_topic_partition_and_offset() {
        for (name, topic, part, offset) in [
            ("u1.pin+3+0000000012.json", "u1.pin", 3, 12),
            ("a+b.pin+0+00000000000000000007.json.gz", "a+b.pin", 0, 7),
        ] {
            let (partition, object) = object_of(&format!("s3://lake/topics/x/{name}")).unwrap();
            assert_eq!((partition.topic.as_str(), partition.part, object.offset), (topic, part, offset));
            assert_eq!(partition.dir, "s3://lake/topics/x");
        }
        for name in ["u1.pin", "u1.pin+0000000012.json", "u1.pin+x+0000000012.json", "u1.pin+0+1x.json"] {
            assert!(object_of(&format!("/lake/{name}")).is_err(), "{name}");
        }
    }
}
