//! `-`: standard output, one JSON line a record.
//!
//! With one kind a line is the record. With several it is `{"kind": "pin", "record": {…}}`, in the
//! order of sending; such a line cannot carry bytes that are no JSON.

use std::io::{ErrorKind, Write};

use super::{Batch, Sink, Written};
use crate::error::{Error, Result};

/// Lines to a stream.
#[derive(Debug)]
pub struct Stdout<W> {
    to: W,
    heads: Vec<Vec<u8>>,
    lines: Vec<u8>,
    closed: bool,
}

impl<W: Write + Send> Stdout<W> {
    /// Lines of these kinds to a stream.
    pub fn new(to: W, kinds: &[&str]) -> Self {
        let head = |kind: &&str| format!("{{\"kind\": \"{kind}\", \"record\": ").into_bytes();
        Self { to, heads: kinds.iter().map(head).collect(), lines: Vec::new(), closed: false }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<bool> {
        let outcome = self.to.write_all(bytes).and_then(|()| self.to.flush());
        match outcome {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(false)
            }
            Err(error) => Err(Error::Sink(format!("standard output: {error}"))),
        }
    }
}

impl<W: Write + Send> Sink for Stdout<W> {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        let sent = if self.heads.len() == 1 {
            self.put(&batch.values[0])?
        } else {
            let mut lines = std::mem::take(&mut self.lines);
            lines.clear();
            for entry in &batch.entries {
                lines.extend_from_slice(&self.heads[usize::from(entry.topic)]);
                lines.extend_from_slice(batch.value(entry));
                lines.extend_from_slice(b"}\n");
            }
            let sent = self.put(&lines)?;
            self.lines = lines;
            sent
        };
        if !sent {
            return Ok(Written::default());
        }
        let (records, bytes) = (batch.entries.len() as u64, batch.bytes() as u64);
        Ok(Written { records, bytes, ..Written::default() })
    }

    fn finish(&mut self) -> Result<Written> {
        Ok(Written::default())
    }

    fn refuses(&self) -> &'static [&'static str] {
        if self.heads.len() == 1 { &[] } else { &["corrupt", "invalid_utf8"] }
    }

    fn closed(&self) -> bool {
        self.closed
    }

    fn place(&self) -> String {
        "standard output".into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;

    fn batch(topics: usize) -> Batch {
        let mut batch = Batch::default();
        batch.clear(topics);
        for topic in 0..topics {
            batch.values[topic].extend_from_slice(format!("{{\"ind\": {topic}}}").as_bytes());
            batch.close(Entry::new(topic, 1), 0);
        }
        batch
    }

    #[test]
    fn lines_name_their_kind_where_there_are_several() {
        let mut out = Vec::new();
        Stdout::new(&mut out, &["pin", "geo"]).write(&batch(2)).unwrap();
        let wanted =
            "{\"kind\": \"pin\", \"record\": {\"ind\": 0}}\n{\"kind\": \"geo\", \"record\": {\"ind\": 1}}\n";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        let mut out = Vec::new();
        Stdout::new(&mut out, &["pin"]).write(&batch(1)).unwrap();
        assert_eq!(out, b"{\"ind\": 0}\n");
    }

    #[test]
    fn a_reader_who_left_ends_it_quietly() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut sink = Stdout::new(writer, &["pin"]);
        assert_eq!(sink.write(&batch(1)).unwrap(), Written::default());
        assert!(sink.closed());
    }
}
