//! A file that is one JSON array: records with the place they were read from.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::hidden;
use crate::parse;

/// A record as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Consumed<'a> {
    /// Topic or stream.
    pub topic: &'a str,
    /// Partition or shard.
    pub partition: &'a str,
    /// Offset or sequence number; a number stays one.
    pub offset: &'a str,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Value; None for a null message.
    pub value: Option<&'a [u8]>,
}

/// Writes one; the file appears whole, when it is finished. One that is not leaves nothing behind.
#[derive(Debug)]
pub struct ArrayFile {
    path: PathBuf,
    hidden: PathBuf,
    out: BufWriter<File>,
    records: u64,
}

impl ArrayFile {
    /// Begins a file, in a folder that is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let hidden = hidden::beside(path);
        fs::create_dir_all(folder).map_err(|error| Error::cannot_write(folder, &error))?;
        let file = File::create(&hidden).map_err(|error| Error::cannot_write(path, &error))?;
        Ok(Self { path: path.to_owned(), hidden, out: BufWriter::new(file), records: 0 })
    }

    /// Adds a record. A value that is JSON stands as it is; any other bytes as `{"base64": …}`.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn add(&mut self, record: &Consumed<'_>) -> Result<()> {
        let mut line = Vec::new();
        line.extend_from_slice(if self.records == 0 { b"[\n" } else { b",\n" });
        line.extend_from_slice(b"{\"topic\": ");
        parse::push_string(record.topic.as_bytes(), &mut line);
        line.extend_from_slice(b", \"partition\": ");
        number_or_text(record.partition, &mut line);
        line.extend_from_slice(b", \"offset\": ");
        number_or_text(record.offset, &mut line);
        line.extend_from_slice(b", \"key\": ");
        match record.key {
            None => line.extend_from_slice(b"null"),
            Some(key) => match std::str::from_utf8(key) {
                Ok(text) => parse::push_string(text.as_bytes(), &mut line),
                Err(_) => base64(key, &mut line),
            },
        }
        line.extend_from_slice(b", \"value\": ");
        match record.value {
            None => line.extend_from_slice(b"null"),
            Some(value) if is_json(value) => line.extend_from_slice(value),
            Some(value) => base64(value, &mut line),
        }
        line.push(b'}');
        self.records += 1;
        self.out.write_all(&line).map_err(|error| Error::cannot_write(&self.path, &error))
    }

    /// Ends the array and gives the file its name; how many records it holds.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be written.
    pub fn finish(mut self) -> Result<u64> {
        let end: &[u8] = if self.records == 0 { b"[]\n" } else { b"\n]\n" };
        let write = || {
            self.out.write_all(end)?;
            self.out.flush()?;
            fs::rename(&self.hidden, &self.path)
        };
        let records = self.records;
        let mut write = write;
        write().map_err(|error| Error::cannot_write(&self.path, &error))?;
        Ok(records)
    }
}

impl Drop for ArrayFile {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.hidden);
    }
}

fn is_json(value: &[u8]) -> bool {
    serde_json::from_slice::<&serde_json::value::RawValue>(value).is_ok()
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"base64\": \"");
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    out.extend_from_slice(b"\"}");
}

/// Offsets and partitions of Kafka are numbers; shards and sequence numbers of 56 digits are text.
fn number_or_text(text: &str, out: &mut Vec<u8>) {
    if text.parse::<u64>().is_ok() {
        out.extend_from_slice(text.as_bytes());
    } else {
        parse::push_string(text.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_make_one_valid_array() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/pin_consumer.json");
        let read = || serde_json::from_slice::<serde_json::Value>(&fs::read(&path).unwrap()).unwrap();
        ArrayFile::create(&path).unwrap().finish().unwrap();
        assert_eq!(read(), serde_json::json!([]));
        let mut file = ArrayFile::create(&path).unwrap();
        let values = [Some(&b"{\"a\": \"\xc3\xa9\"}"[..]), None, Some(b"{\"a\": "), Some(b"\xff"), Some(b"")];
        for (value, offset) in values.into_iter().zip(["0", "1", "2", "49671234567890123456789012345", "4"]) {
            let key = Some(&b"7"[..]);
            file.add(&Consumed { topic: "u.pin", partition: "0", offset, key, value }).unwrap();
        }
        assert_eq!(file.finish().unwrap(), 5);
        let array = read();
        assert_eq!(array[0]["value"]["a"], "é");
        assert_eq!(array[1]["value"], serde_json::Value::Null);
        assert_eq!(array[3]["value"]["base64"], "/w==");
        assert_eq!(
            (&array[2]["offset"], &array[3]["offset"]),
            (&2.into(), &"49671234567890123456789012345".into())
        );
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let left = || fs::read_dir(dir.path()).unwrap().count();
        let path = dir.path().join("pin_consumer.json");
        let mut file = ArrayFile::create(&path).unwrap();
        let value = Some(&b"{}"[..]);
        file.add(&Consumed { topic: "u.pin", partition: "0", offset: "0", key: None, value }).unwrap();
        assert_eq!(left(), 1);
        drop(file);
        assert_eq!(left(), 0);
        ArrayFile::create(&path).unwrap().finish().unwrap();
        assert_eq!(left(), 1);
        // A folder has the name: it cannot be given.
        let taken = dir.path().join("taken");
        fs::create_dir(&taken).unwrap();
        ArrayFile::create(&taken).unwrap().finish().unwrap_err();
        assert_eq!(left(), 2);
    }
}
