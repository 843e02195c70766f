//! Rejected records as NDJSON, for the command line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch, StructArray};
use base64::Engine as _;
use serde_json::{Map, Value};

use super::part::Part;
use crate::error::{Error, Result};
use crate::kind::Kind;

/// A file with a line a rejected record: kind, code, detail, position, and the payload as text, or
/// as `payload_base64` where it is no UTF-8. It appears when it is whole.
#[derive(Debug)]
pub struct QuarantineFile {
    part: Part,
    file: BufWriter<File>,
}

impl QuarantineFile {
    /// Starts the file; a pipe or a device is written as lines come.
    ///
    /// # Errors
    /// [`Error::Sink`] if it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let part = Part::or_stream(path);
        let file = File::create(part.at()).map_err(|error| Error::cannot_write(part.at(), &error))?;
        Ok(Self { part, file: BufWriter::new(file) })
    }

    /// Writes the rejected rows of a batch that has `_reject` and `_source`.
    ///
    /// # Errors
    /// [`Error::Sink`] if the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch, kind: &Kind) -> Result<()> {
        let part = |name: &str| batch.column_by_name(name).and_then(|column| column.as_struct_opt());
        let (Some(rejects), Some(sources)) = (part("_reject"), part("_source")) else {
            return Err(Error::Schema("no _reject and _source to write to the quarantine".into()));
        };
        for row in (0..batch.num_rows()).filter(|&row| rejects.is_valid(row)) {
            let mut line = Map::new();
            line.insert("kind".into(), kind.name.as_str().into());
            for name in ["code", "detail"] {
                line.insert(name.into(), text(rejects, name, row));
            }
            for name in ["name", "part", "seq"] {
                line.insert(format!("source_{name}"), text(sources, name, row));
            }
            let payload = rejects.column_by_name("payload").and_then(|column| column.as_binary_opt::<i32>());
            if let Some(payload) = payload.filter(|payload| payload.is_valid(row)) {
                match std::str::from_utf8(payload.value(row)) {
                    Ok(text) => line.insert("payload".into(), text.into()),
                    Err(_) => {
                        let text = base64::engine::general_purpose::STANDARD.encode(payload.value(row));
                        line.insert("payload_base64".into(), text.into())
                    }
                };
            }
            writeln!(self.file, "{}", Value::from(line))
                .map_err(|error| Error::cannot_write(self.part.at(), &error))?;
        }
        Ok(())
    }

    /// Ends the file and puts it in its place.
    ///
    /// # Errors
    /// [`Error::Sink`] if what is left cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.file.flush().map_err(|error| Error::cannot_write(self.part.at(), &error))?;
        self.part.finish()
    }
}

fn text(of: &StructArray, name: &str, row: usize) -> Value {
    let column = of.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    match column {
        Some(column) if column.is_valid(row) => column.value(row).into(),
        _ => Value::Null,
    }
}
