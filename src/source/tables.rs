//! The rows of a table, for those who replay them.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::parse::{ChunkBuffer, Form as PayloadForm, Next, Tag, next_value};

use super::files::Opened;
use super::form::is_readable;
use super::json::compact;
use super::plan::FilePlan;
use super::{Options, Store, layout};

/// A row of a table: its index, and the record as compact JSON in the table's column order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// The record's key.
    pub index: i64,
    /// The record.
    pub json: Vec<u8>,
}

/// All rows of a kind's table, in file order: a file, or a folder in which files are found by
/// name (`pinterest_data`, `geolocation_data`, `user_data`, `*.pin.*`, …; CSV, JSON lines,
/// Parquet; packed or not).
///
/// # Errors
/// [`Error::NotFound`] if there is no table of the kind, [`Error::Source`] if a row has no key
/// or is no JSON record.
pub fn table_rows(kind: &Kind, url: &str, options: &Options) -> Result<Vec<TableRow>> {
    let store = Store::open(url, options)?;
    let files = match store.stat("")? {
        Some(file) => vec![file],
        None => {
            let mut files = store.walk()?;
            files.retain(|file| {
                is_readable(&file.name) && layout::file_is_of_kind(&file.name, kind) == Some(true)
            });
            files
        }
    };
    if files.is_empty() {
        return Err(Error::NotFound(format!(
            "{url}: no table of kind {:?}; files are found by name, as in pinterest_data.csv or x.{}.jsonl",
            kind.name, kind.name
        )));
    }
    let mut rows = Vec::new();
    for file in files {
        let plan = FilePlan {
            end: file.size,
            name: file.name,
            size: file.size,
            etag: file.etag,
            start: 0,
            modified: file.modified,
        };
        add_rows(kind, &store, &plan, &mut rows)?;
    }
    Ok(rows)
}

fn add_rows(kind: &Kind, store: &Store, file: &FilePlan, rows: &mut Vec<TableRow>) -> Result<()> {
    let url = store.location().url_of(&file.name);
    let mut opened = Opened::open(kind, store, file)?;
    let mut chunk = ChunkBuffer::default();
    loop {
        chunk.clear();
        let done = opened.fill(&mut chunk, 0)?.done;
        for payload in &chunk.payloads {
            let bytes = &chunk.bytes[payload.start as usize..payload.end as usize];
            let wrong = |what: &str| Error::Source(format!("{url}, row {}: {what}", rows.len() + 1));
            if matches!(payload.form, PayloadForm::Refused(_)) {
                return Err(wrong("it cannot be read"));
            }
            let json = match next_value(bytes, 0, false) {
                Next::Value { start, end, tag: Tag::Object } => compact(&bytes[start..end]),
                _ => return Err(wrong("no JSON record")),
            };
            let index = key_of(kind, &json).ok_or_else(|| wrong("no key, or one that is no whole number"))?;
            rows.push(TableRow { index, json });
        }
        if done {
            return Ok(());
        }
    }
}

/// The key of a record: the kind's own name first.
fn key_of(kind: &Kind, json: &[u8]) -> Option<i64> {
    let record: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json).ok()?;
    let names = std::iter::once(kind.key.as_str()).chain(crate::kind::KEY_NAMES);
    let key = names.into_iter().find_map(|name| record.get(name))?;
    let key = match key {
        serde_json::Value::String(text) => text.parse().ok()?,
        number => number.as_i64()?,
    };
    (key >= 0).then_some(key)
}
