//! The landing's folders and object names: `<topic>/partition=<n>/<topic>+<n>+<offset>.json`.
//!
//! Kafka Connect's S3 sinks pad offsets to 10 digits (Confluent) or 20 (Aiven). An offset that has
//! more digits than its padding simply is longer, so names sort as numbers only within a width.

use std::sync::Arc;

use crate::error::Result;
use crate::kind::{Kind, builtins};
use crate::parse::Origin;

use super::Store;
use super::location::is_hidden;

/// Endings of landing objects; of two objects of one offset the one with the earlier ending is read.
pub const SUFFIXES: [&str; 5] = ["json", "json.gz", "json.zst", "json.gzip", "json.zstd"];

/// Padding of Confluent's sink.
pub const SHORT: u8 = 10;

/// Padding of Aiven's sink.
pub const LONG: u8 = 20;

/// An object of a partition: what its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Offset of its first record.
    pub offset: u64,
    /// Digits of the offset in the name.
    pub digits: u8,
    /// Index into [`SUFFIXES`].
    pub suffix: u8,
}

/// A partition's folder and what its names start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Topic.
    pub topic: String,
    /// Number.
    pub part: u64,
    /// Folder below the landing.
    pub dir: String,
}

impl Partition {
    /// What all its names start with.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}+{}+", self.topic, self.part)
    }

    /// Under which key its marks stand.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.topic, self.part)
    }

    /// Where its records stand.
    #[must_use]
    pub fn origin(&self, epoch: i32) -> Origin {
        Origin {
            epoch,
            name: Arc::from(source_name(&self.topic)),
            part: Arc::from(part_text(self.part)),
            arrived_at: None,
        }
    }
}

/// `_source.name` of a topic, read from Kafka or its landing.
#[must_use]
pub fn source_name(topic: &str) -> String {
    format!("kafka:{topic}")
}

/// `_source.part` of a partition.
#[must_use]
pub fn part_text(part: u64) -> String {
    format!("{part:010}")
}

/// Reads an object's name; `stem` is what names of its partition start with.
///
/// ```
/// use pinlake::source::layout::{Object, parse_name};
/// let name = parse_name("a.pin+0+", "a.pin+0+0000000042.json").unwrap();
/// assert_eq!(name, Object { offset: 42, digits: 10, suffix: 0 });
/// ```
#[must_use]
pub fn parse_name(stem: &str, name: &str) -> Option<Object> {
    let rest = name.strip_prefix(stem)?;
    let (digits, suffix) = rest.split_once('.')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let suffix = SUFFIXES.iter().position(|known| *known == suffix)?;
    let offset: u64 = digits.parse().ok()?;
    // A log's offsets are signed 64-bit numbers.
    i64::try_from(offset).ok()?;
    Some(Object { offset, digits: u8::try_from(digits.len()).ok()?, suffix: u8::try_from(suffix).ok()? })
}

/// Writes an object's name into `to`, which is emptied first.
pub fn write_name(to: &mut String, dir: &str, stem: &str, object: Object) {
    use std::fmt::Write;
    to.clear();
    if !dir.is_empty() {
        to.push_str(dir);
        to.push('/');
    }
    let width = usize::from(object.digits);
    let suffix = SUFFIXES.get(usize::from(object.suffix)).copied().unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = write!(to, "{stem}{:0width$}.{suffix}", object.offset);
}

/// How a landing is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Topics and partitions.
    Log(Topics),
    /// Anything else: files, of the whole landing or of these folders alone.
    Files {
        /// Topics of the kind in which another partitioner put its objects; none is the landing.
        dirs: Vec<String>,
        /// Topics of other kinds.
        others: Vec<String>,
    },
}

/// What a kind has in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    /// Partitions of the kind's topics, by topic and number.
    pub partitions: Vec<Partition>,
    /// Topics of other kinds.
    pub others: Vec<String>,
    /// The kind's topics that have no partition.
    pub bare: Vec<String>,
    /// Folders beside partitions that are none.
    pub odd: Vec<String>,
}

/// Finds out how a landing is laid out: `topics/<topic>/partition=<n>`, `<topic>/partition=<n>`,
/// or the landing is a topic's folder itself. A topic is of the kind that its last word names.
///
/// # Errors
/// Where the store fails.
pub fn detect(store: &Store, kind: &Kind) -> Result<Layout> {
    let root = store.folders("")?;
    let mut topics = Topics::default();
    if root.iter().any(|name| partition_number(name).is_some()) {
        let url = store.location().url();
        let topic = url.rsplit('/').next().unwrap_or_default();
        topics.add(kind, topic, "", || Ok(root.clone()))?;
        return Ok(Layout::Log(topics));
    }
    let mut is_log = false;
    if root.iter().any(|name| name == "topics") {
        for topic in store.folders("topics")? {
            is_log = true;
            let dir = format!("topics/{topic}");
            topics.add(kind, &topic, &dir, || store.folders(&dir))?;
        }
    }
    let below = topics.bare.clone();
    for topic in root.iter().filter(|topic| is_of_kind(topic, kind)) {
        topics.add(kind, topic, topic, || store.folders(topic))?;
    }
    if !topics.partitions.is_empty() {
        topics.partitions.sort_by(|a, b| (&a.topic, a.part, &a.dir).cmp(&(&b.topic, b.part, &b.dir)));
        return Ok(Layout::Log(topics));
    }
    if is_log && below.is_empty() {
        return Ok(Layout::Log(topics));
    }
    Ok(Layout::Files { dirs: below, others: topics.others })
}

impl Topics {
    fn add(
        &mut self,
        kind: &Kind,
        topic: &str,
        dir: &str,
        folders: impl FnOnce() -> Result<Vec<String>>,
    ) -> Result<()> {
        if !is_of_kind(topic, kind) {
            self.others.push(topic.to_owned());
            return Ok(());
        }
        let (mut bare, mut odd) = (true, Vec::new());
        for folder in folders()? {
            let below = if dir.is_empty() { folder.clone() } else { format!("{dir}/{folder}") };
            if let Some(part) = partition_number(&folder) {
                bare = false;
                self.partitions.push(Partition { topic: topic.to_owned(), part, dir: below });
            } else if !is_hidden(&folder) {
                odd.push(below);
            }
        }
        if bare {
            self.bare.push(dir.to_owned());
        } else {
            self.odd.append(&mut odd);
        }
        Ok(())
    }
}

fn is_of_kind(topic: &str, kind: &Kind) -> bool {
    topic.rsplit('.').next() == Some(kind.name.as_str())
}

fn partition_number(folder: &str) -> Option<u64> {
    let digits = folder.strip_prefix("partition=")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() <= usize::from(SHORT);
    // A number has one spelling: names of objects repeat it.
    plain.then(|| digits.parse().ok()).flatten().filter(|part: &u64| part.to_string() == digits)
}

/// Whether a file is one of the kind's: its name, or else the innermost folder that names a kind,
/// decides. `None`: it names no kind.
#[must_use]
pub fn file_is_of_kind(path: &str, kind: &Kind) -> Option<bool> {
    path.rsplit('/').find_map(|part| {
        let part = part.to_ascii_lowercase();
        let own = names_kind(&part, &kind.name, &kind.table);
        let other = builtins()
            .iter()
            .any(|other| other.name != kind.name && names_kind(&part, &other.name, &other.table));
        (own || other).then_some(own)
    })
}

/// The words by which names of files and folders, in small letters, tell a kind.
#[must_use]
pub fn words_of<'a>(name: &'a str, table: &'a str) -> Vec<&'a str> {
    [name, table, original_table(name)].into_iter().filter(|word| !word.is_empty()).collect()
}

fn names_kind(part: &str, name: &str, table: &str) -> bool {
    words_of(name, table).into_iter().any(|word| has_word(part, word))
}

/// The three tables as the original pipelines call them; empty for other kinds.
pub(crate) fn original_table(kind: &str) -> &'static str {
    match kind {
        "pin" => "pinterest_data",
        "geo" => "geolocation_data",
        "user" => "user_data",
        _ => "",
    }
}

/// Whether a word stands in a text with no letter beside it.
fn has_word(text: &str, word: &str) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    text.match_indices(word).any(|(at, _)| {
        let bytes = text.as_bytes();
        !letter(at.checked_sub(1).and_then(|at| bytes.get(at))) && !letter(bytes.get(at + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_both_ways() {
        let stem = "0a.pin+3+";
        for (name, offset) in [
            ("0a.pin+3+0000000000.json", 0),
            ("0a.pin+3+0000000120.json.gz", 120),
            ("0a.pin+3+00000000000000000120.json", 120),
            ("0a.pin+3+12345678901.json", 12_345_678_901),
            ("0a.pin+3+7.json.zst", 7),
            ("0a.pin+3+0000000008.json.gzip", 8),
            ("0a.pin+3+0000000009.json.zstd", 9),
        ] {
            let object = parse_name(stem, name).unwrap();
            assert_eq!(object.offset, offset);
            let mut text = String::new();
            write_name(&mut text, "", stem, object);
            assert_eq!(text, name);
            write_name(&mut text, "d", stem, object);
            assert_eq!(text, format!("d/{name}"));
        }
        for name in [
            "0a.pin+3+.json",
            "0a.pin+3+12.txt",
            "0a.pin+3+12.json.bz2",
            "0a.pin+3+-1.json",
            "0a.pin+30+0000000000.json",
            "0a.pin+3+99999999999999999999.json",
            "_SUCCESS",
        ] {
            assert_eq!(parse_name(stem, name), None, "{name}");
        }
    }

    #[test]
    fn files_name_their_kind_or_none() {
        let pin = Kind::builtin("pin").unwrap();
        for (path, want) in [
            ("stream.pin.jsonl", Some(true)),
            ("pinterest_data.csv", Some(true)),
            ("pins.parquet", Some(true)),
            ("firehose/pin/2024/01/x-1-2", Some(true)),
            ("pin/geo.jsonl", Some(false)),
            ("user_data.csv", Some(false)),
            ("spinning.jsonl", None),
            ("2024/01/01/00/part-1", None),
        ] {
            assert_eq!(file_is_of_kind(path, &pin), want, "{path}");
        }
    }
}
