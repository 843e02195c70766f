//! `landing:URL`: objects as Kafka Connect's S3 sink names them,
//! `topics/<topic>/partition=<n>/<topic>+<n>+<first offset>.json`, one value a line.
//!
//! The partition is Kafka's choice for the key, so all versions of one index share one. Offsets
//! go on behind what stands there. A null message is a line that reads `null`.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rayon::ThreadPool;

use super::object::Object;
use super::objects;
use super::{Batch, Existing, Sink, SinkOptions, Written, partition};
use crate::error::{Error, Result};
use crate::ledger::{Outcome, Position, Status, micros};
use crate::source::layout::{self, parse_name, write_name};
use crate::source::{Archive, Names, Store};
use crate::threads;

/// Partitions of a topic that make sense on one landing.
const MAX_PARTITIONS: u32 = 10_000;

/// Places in [`layout::SUFFIXES`].
const JSON: u8 = 0;
const JSON_GZ: u8 = 1;

/// A partition and its open object.
#[derive(Debug)]
struct Partition {
    dir: String,
    stem: String,
    /// Offset of the open object's first record.
    first: u64,
    lines: u64,
    open: Vec<u8>,
    /// The open object's records, where outcomes are told.
    records: Vec<u64>,
    made: bool,
}

/// Writes a landing.
#[derive(Debug)]
pub struct Landing {
    store: Store,
    /// Topic by topic, `partitions` of each.
    all: Vec<Partition>,
    partitions: u32,
    flush_size: u64,
    digits: u8,
    suffix: u8,
    last_newline: bool,
    durable: bool,
    tells: bool,
    outcomes: Vec<Outcome>,
    pool: Option<ThreadPool>,
}

impl Landing {
    /// Opens a landing for some topics; its partitions go on behind what they hold.
    ///
    /// # Errors
    /// [`Error::Config`] for options that cannot be used, [`Error::Sink`] if it holds records
    /// and must not.
    pub fn open(url: &str, topics: &[String], options: &SinkOptions) -> Result<Self> {
        check(options)?;
        let store = Store::open(url, &options.store)?;
        let mut all = Vec::new();
        for topic in topics {
            for number in 0..options.partitions {
                let mut partition = Partition {
                    dir: format!("topics/{topic}/partition={number}"),
                    stem: format!("{topic}+{number}+"),
                    first: 0,
                    lines: 0,
                    open: Vec::new(),
                    records: Vec::new(),
                    made: false,
                };
                partition.first = next_offset(&store, &partition)?;
                if partition.first > 0 && options.existing == Some(Existing::Refuse) {
                    return Err(Error::Sink(format!(
                        "{}: holds records up to offset {}; choose another landing, or append",
                        store.location().url_of(&partition.dir),
                        partition.first - 1
                    )));
                }
                all.push(partition);
            }
        }
        let threads = threads::count(options.threads)?;
        let local = store.local_path("").is_some();
        Ok(Self {
            store,
            all,
            partitions: options.partitions,
            flush_size: options.flush_size,
            digits: options.digits,
            suffix: if options.gzip { JSON_GZ } else { JSON },
            last_newline: options.last_newline,
            durable: options.durable,
            tells: options.outcomes,
            outcomes: Vec::new(),
            pool: if local && threads > 1 { Some(threads::pool(Some(threads))?) } else { None },
        })
    }

    fn close(&mut self, at: usize, done: &mut Done) -> Result<()> {
        let partition = &mut self.all[at];
        if !partition.made {
            objects::make_dir(&self.store, &partition.dir, self.durable)?;
            partition.made = true;
        }
        let capacity = if self.flush_size == 1 { 0 } else { partition.open.len() };
        let mut bytes = std::mem::replace(&mut partition.open, Vec::with_capacity(capacity));
        let bytes_written = bytes.len() as u64;
        let written =
            Written { records: partition.lines, bytes: bytes_written, objects: 1, ..Written::default() };
        done.written.add(written);
        if !self.last_newline {
            bytes.pop();
        }
        if self.suffix == JSON_GZ {
            bytes = gzip(&bytes)?;
        }
        let mut name = String::new();
        let object = layout::Object { offset: partition.first, digits: self.digits, suffix: self.suffix };
        write_name(&mut name, "", &partition.stem, object);
        done.objects.push(Object { dir: partition.dir.clone(), name, bytes });
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        let offsets = partition.first..;
        let known = offsets.zip(partition.records.drain(..));
        done.settled.extend(known.map(|(offset, record)| (record, place, offset)));
        partition.first += partition.lines;
        partition.lines = 0;
        Ok(())
    }

    fn put(&mut self, done: Done) -> Result<Written> {
        let sent_at = micros();
        objects::put_all(&self.store, self.pool.as_ref(), done.objects, self.durable)?;
        let known_at = micros();
        self.outcomes.extend(done.settled.into_iter().map(|(record, place, offset)| Outcome {
            record,
            attempts: 1,
            sent_at,
            known_at,
            status: Status::Acked { place, position: Position::Offset(offset) },
        }));
        Ok(done.written)
    }
}

/// Objects that are full, and what they hold.
#[derive(Debug, Default)]
struct Done {
    objects: Vec<Object>,
    written: Written,
    /// Record, place and offset.
    settled: Vec<(u64, u32, u64)>,
}

impl Sink for Landing {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        let mut done = Done::default();
        let mut key = Vec::with_capacity(20);
        for entry in &batch.entries {
            let mut at = usize::from(entry.topic) * self.partitions as usize;
            if self.partitions > 1 {
                key.clear();
                // Writing to a Vec cannot fail.
                let _ = write!(key, "{}", entry.key);
                at += partition(&key, self.partitions) as usize;
            }
            let partition = &mut self.all[at];
            partition
                .open
                .extend_from_slice(&batch.values[usize::from(entry.topic)][entry.start..=entry.end]);
            partition.lines += 1;
            if self.tells {
                partition.records.push(entry.record);
            }
            if partition.lines == self.flush_size {
                self.close(at, &mut done)?;
            }
        }
        self.put(done)
    }

    fn finish(&mut self) -> Result<Written> {
        let mut done = Done::default();
        for at in 0..self.all.len() {
            if self.all[at].lines > 0 {
                self.close(at, &mut done)?;
            }
        }
        self.put(done)
    }

    fn settled(&mut self, outcomes: &mut Vec<Outcome>) {
        outcomes.append(&mut self.outcomes);
    }

    fn tells(&self) -> bool {
        self.tells
    }

    fn place_name(&self, place: u32) -> String {
        let partition = &self.all[place as usize];
        let topic = partition.stem.split('+').next().unwrap_or_default();
        format!("{topic}/{}", place % self.partitions)
    }

    fn place(&self) -> String {
        self.store.location().url().to_owned()
    }
}

fn check(options: &SinkOptions) -> Result<()> {
    let wrong = |why: String| Err(Error::Config(why));
    if options.flush_size == 0 {
        return wrong("flush size 0: an object holds at least one record".into());
    }
    if !(1..=MAX_PARTITIONS).contains(&options.partitions) {
        return wrong(format!("{} partitions: use 1 to {MAX_PARTITIONS}", options.partitions));
    }
    if ![layout::SHORT, layout::LONG].contains(&options.digits) {
        return wrong(format!("offsets of {} digits: use 10 or 20", options.digits));
    }
    if options.existing == Some(Existing::Replace) {
        return wrong(
            "a landing cannot be replaced, its readers remember offsets: append, or choose another folder"
                .into(),
        );
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::Sink(format!("gzip: {error}")))
}

/// The offset behind the last record of a partition: the last object's first one plus its lines.
fn next_offset(store: &Store, partition: &Partition) -> Result<u64> {
    let names = Names { dir: &partition.dir, prefix: &partition.stem, ..Names::default() };
    let objects = store.names(names, |name| parse_name(&partition.stem, name))?;
    let Some(last) = objects.into_iter().max() else {
        return Ok(0);
    };
    let mut name = String::new();
    write_name(&mut name, &partition.dir, &partition.stem, last);
    let url = store.location().url_of(&name);
    let wrong = |error| Error::io(&url, error);
    let packed = store.read(&name)?;
    let mut bytes = Vec::new();
    match Archive::of_name(&name) {
        Archive::Gzip => MultiGzDecoder::new(&packed[..]).read_to_end(&mut bytes).map(drop),
        Archive::Zstd => zstd::stream::copy_decode(&packed[..], &mut bytes),
        Archive::Plain => {
            bytes = packed;
            Ok(())
        }
    }
    .map_err(wrong)?;
    Ok(last.offset + lines(&bytes))
}

/// Lines of an object: an empty one is one empty line, a newline at the end starts none.
fn lines(bytes: &[u8]) -> u64 {
    let newlines = memchr::memchr_iter(b'\n', bytes).count() as u64;
    newlines + u64::from(bytes.last() != Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use std::fs;
    use std::path::Path;

    fn batch(keys: std::ops::Range<u64>) -> Batch {
        let mut batch = Batch::default();
        batch.clear(1);
        for key in keys {
            let start = batch.values[0].len();
            batch.values[0].extend_from_slice(format!("{{\"index\": {key}}}").as_bytes());
            batch.close(Entry::new(0, key), start);
        }
        batch
    }

    fn land(dir: &Path, keys: std::ops::Range<u64>, options: &SinkOptions) -> Result<Written> {
        let mut landing = Landing::open(dir.to_str().unwrap(), &["x.pin".into()], options)?;
        let middle = (keys.start + keys.end) / 2;
        let mut written = landing.write(&batch(keys.start..middle))?;
        written.add(landing.write(&batch(middle..keys.end))?);
        written.add(landing.finish()?);
        Ok(written)
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn names_are_confluents_and_a_second_run_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let options = SinkOptions { flush_size: 2, durable: true, ..SinkOptions::default() };
        let written = land(dir.path(), 0..5, &options).unwrap();
        assert_eq!(written, Written { records: 5, bytes: 65, objects: 3, ..Written::default() });
        land(dir.path(), 5..7, &options).unwrap();
        let folder = dir.path().join("topics/x.pin/partition=0");
        assert_eq!(
            names(&folder),
            [
                "x.pin+0+0000000000.json",
                "x.pin+0+0000000002.json",
                "x.pin+0+0000000004.json",
                "x.pin+0+0000000005.json",
            ]
        );
        let first = fs::read_to_string(folder.join("x.pin+0+0000000000.json")).unwrap();
        assert_eq!(first, "{\"index\": 0}\n{\"index\": 1}\n");
    }

    #[test]
    fn forms_of_objects() {
        let dir = tempfile::tempdir().unwrap();
        let options = SinkOptions {
            gzip: true,
            digits: 20,
            last_newline: false,
            flush_size: 3,
            ..SinkOptions::default()
        };
        land(dir.path(), 0..4, &options).unwrap();
        land(dir.path(), 4..5, &options).unwrap();
        let folder = dir.path().join("topics/x.pin/partition=0");
        assert_eq!(
            names(&folder),
            [
                "x.pin+0+00000000000000000000.json.gz",
                "x.pin+0+00000000000000000003.json.gz",
                "x.pin+0+00000000000000000004.json.gz",
            ]
        );
        let packed = fs::read(folder.join("x.pin+0+00000000000000000000.json.gz")).unwrap();
        let mut text = String::new();
        MultiGzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "{\"index\": 0}\n{\"index\": 1}\n{\"index\": 2}");
    }

    #[test]
    fn versions_of_a_key_share_a_partition_and_no_thread_count_matters() {
        let mut trees = Vec::new();
        for threads in [1, 2, 8] {
            let dir = tempfile::tempdir().unwrap();
            let options = SinkOptions {
                partitions: 3,
                flush_size: 1,
                threads: Some(threads),
                ..SinkOptions::default()
            };
            land(dir.path(), 0..400, &options).unwrap();
            let mut tree = Vec::new();
            for number in 0..3u32 {
                let folder = dir.path().join(format!("topics/x.pin/partition={number}"));
                for name in names(&folder) {
                    let text = fs::read_to_string(folder.join(&name)).unwrap();
                    let key: String = text.chars().filter(char::is_ascii_digit).collect();
                    assert_eq!(partition(key.as_bytes(), 3), number);
                    tree.push((name, text));
                }
            }
            assert_eq!(tree.len(), 400);
            trees.push(tree);
        }
        assert!(trees.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn of_two_writers_the_second_is_refused_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for (flush_size, durable) in [(1, false), (2, true)] {
            let options = SinkOptions { flush_size, durable, ..SinkOptions::default() };
            let url = dir.path().join(flush_size.to_string());
            let open = || Landing::open(url.to_str().unwrap(), &["x.pin".into()], &options).unwrap();
            let (mut first, mut second, mut same) = (open(), open(), open());
            first.write(&batch(0..100)).unwrap();
            let folder = url.join("topics/x.pin/partition=0");
            let all = || {
                let read = |name: String| fs::read(folder.join(&name)).map(|bytes| (name, bytes)).unwrap();
                names(&folder).into_iter().map(read).collect::<Vec<_>>()
            };
            let objects = all();
            let error = second.write(&batch(100..200)).unwrap_err().to_string();
            assert!(error.contains("x.pin+0+00000000"), "{error}");
            assert!(error.contains("holds other records; another writer uses this landing"), "{error}");
            // What was written before and is written again, as after a reply that was lost.
            same.write(&batch(0..100)).unwrap();
            assert!(all() == objects);
        }
    }

    #[test]
    fn options_that_cannot_be_used_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let good = SinkOptions::default;
        land(dir.path(), 0..1, &good()).unwrap();
        for (options, why) in [
            (SinkOptions { flush_size: 0, ..good() }, "at least one"),
            (SinkOptions { partitions: 0, ..good() }, "0 partitions"),
            (SinkOptions { digits: 12, ..good() }, "10 or 20"),
            (SinkOptions { existing: Some(Existing::Replace), ..good() }, "cannot be replaced"),
            (SinkOptions { existing: Some(Existing::Refuse), ..good() }, "holds records"),
        ] {
            let error = land(dir.path(), 0..1, &options).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
