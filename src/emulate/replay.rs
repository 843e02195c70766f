//! Replayed records: the rows of three tables, by their index.

use std::collections::HashSet;

use super::PostKind;
use super::fields::fields;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::source::{Options, Store, TableRow, layout, table_rows};

/// Fields that hold datetimes; the emulators send them with a `T`.
const DATETIMES: [&[u8]; 2] = [b"timestamp", b"date_joined"];

/// The rows of one table, end to end, and where each stands.
#[derive(Debug, Default)]
struct Table {
    bytes: Vec<u8>,
    /// Index, first byte, byte behind the last; ascending.
    rows: Vec<(u64, usize, usize)>,
}

impl Table {
    fn row(&self, index: u64) -> Option<&[u8]> {
        let at = self.rows.binary_search_by_key(&index, |row| row.0).ok()?;
        let (_, start, end) = self.rows[at];
        Some(&self.bytes[start..end])
    }
}

/// A table that is being filled.
#[derive(Debug, Default)]
struct Filling {
    table: Table,
    seen: HashSet<u64>,
}

impl Filling {
    fn add(&mut self, row: &TableRow) {
        let Ok(index) = u64::try_from(row.index) else { return };
        if self.seen.insert(index) {
            let start = self.table.bytes.len();
            restyle(&row.json, &mut self.table.bytes);
            self.table.rows.push((index, start, self.table.bytes.len()));
        }
    }

    fn filled(mut self) -> Table {
        self.table.rows.sort_unstable();
        self.table
    }
}

/// The source of replayed records.
///
/// Of rows with one index the first counts. A row without partner is sent alone.
#[derive(Debug, Default)]
pub struct Replay {
    tables: [Table; 3],
    keys: Vec<u64>,
}

impl Replay {
    /// Reads the tables of the three kinds from a folder or a file: CSV, JSON lines or Parquet,
    /// found by name (`pinterest_data`, `geolocation_data`, `user_data`, `*.pin.*`, …).
    ///
    /// # Errors
    /// [`Error::NotFound`] if no kind has a table, [`Error::Source`] for a row without key.
    pub fn open(url: &str, options: &Options) -> Result<Self> {
        let store = Store::open(url, options)?;
        let file = store.stat("")?.is_some();
        if !file && !store.exists()? {
            return Err(Error::NotFound(format!("{url}: no such file or folder to take records from")));
        }
        let mut tables: [Table; 3] = Default::default();
        for (kind, table) in PostKind::ALL.into_iter().zip(&mut tables) {
            let plan = Kind::builtin(kind.name())?;
            if file && layout::file_is_of_kind(url, &plan) != Some(true) {
                continue;
            }
            match read_table(&plan, url, options) {
                Ok(read) => *table = read,
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Self::of(tables).ok_or_else(|| {
            Error::NotFound(format!(
                "{url}: no rows of pins, geo or users; files are found by name, as in \
                 pinterest_data.csv or x.pin.jsonl"
            ))
        })
    }

    /// Takes the rows that a source hands out, each with its kind; `None` if there is none.
    ///
    /// # Errors
    /// What the source says.
    pub fn from_rows(
        rows: impl FnOnce(&mut dyn FnMut(PostKind, &TableRow)) -> Result<()>,
    ) -> Result<Option<Self>> {
        let mut filling: [Filling; 3] = Default::default();
        rows(&mut |kind, row| filling[kind as usize].add(row))?;
        Ok(Self::of(filling.map(Filling::filled)))
    }

    fn of(tables: [Table; 3]) -> Option<Self> {
        let mut keys: Vec<u64> = tables.iter().flat_map(|table| &table.rows).map(|row| row.0).collect();
        keys.sort_unstable();
        keys.dedup();
        (!keys.is_empty()).then_some(Self { tables, keys })
    }

    /// Every index that any table has, ascending.
    #[must_use]
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// How many rows a kind has.
    #[must_use]
    pub fn rows(&self, kind: PostKind) -> usize {
        self.tables[kind as usize].rows.len()
    }

    /// Appends the record of a kind and an index; `false` if there is none.
    pub fn write(&self, kind: PostKind, index: u64, out: &mut Vec<u8>) -> bool {
        let row = self.tables[kind as usize].row(index);
        if let Some(row) = row {
            out.extend_from_slice(row);
        }
        row.is_some()
    }
}

fn read_table(plan: &Kind, url: &str, options: &Options) -> Result<Table> {
    let mut filling = Filling::default();
    table_rows(plan, url, options)?.iter().for_each(|row| filling.add(row));
    Ok(filling.filled())
}

/// Appends a compact record as `json.dumps` writes it, with `T` in its datetimes.
fn restyle(compact: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let (mut inside, mut escaped) = (false, false);
    for &byte in compact {
        out.push(byte);
        if inside {
            inside = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            inside = byte == b'"';
            if matches!(byte, b',' | b':') {
                out.push(b' ');
            }
        }
    }
    for field in fields(start, out) {
        let name = &out[field.name.0 + 1..field.name.1];
        let (from, to) = field.value;
        // "YYYY-MM-DD HH:MM:SS": the blank stands behind ten characters and the quote.
        if DATETIMES.contains(&name) && to - from >= 21 && out[from + 11] == b' ' {
            out[from + 11] = b'T';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn records_are_written_as_the_emulators_do() {
        let mut out = b"x".to_vec();
        restyle(
            br#"{"ind":3,"a":"b, c:\" d","timestamp":"2019-11-09 07:45:20","n":[1,{"o":null}]}"#,
            &mut out,
        );
        let wanted =
            br#"x{"ind": 3, "a": "b, c:\" d", "timestamp": "2019-11-09T07:45:20", "n": [1, {"o": null}]}"#;
        assert_eq!(out, wanted);
    }

    #[test]
    fn tables_are_found_by_name_and_rows_without_partner_kept() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pinterest_data.jsonl"), "{\"index\": 5, \"title\": \"a\"}\n").unwrap();
        fs::write(
            dir.path().join("geolocation_data.csv"),
            "ind,timestamp,latitude,longitude,country\n7,2019-11-09 07:45:20,-1.5,2,Peru\n5,,0,0,Chad\n",
        )
        .unwrap();
        fs::write(dir.path().join("notes.txt"), "not a table").unwrap();
        let replay = Replay::open(dir.path().to_str().unwrap(), &Options::default()).unwrap();
        assert_eq!(replay.keys(), [5, 7]);
        let mut out = Vec::new();
        assert!(replay.write(PostKind::Geo, 7, &mut out));
        assert!(!replay.write(PostKind::Pin, 7, &mut out));
        assert!(!replay.write(PostKind::User, 7, &mut out));
        let wanted = "{\"ind\": 7, \"timestamp\": \"2019-11-09T07:45:20\", \"latitude\": -1.5, \
                      \"longitude\": 2, \"country\": \"Peru\"}";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }

    #[test]
    fn of_rows_with_one_index_the_first_counts() {
        let rows = [(7, "{\"ind\":7}"), (5, "{\"ind\":5,\"a\":1}"), (5, "{\"ind\":5,\"a\":2}"), (-1, "{}")];
        let replay = Replay::from_rows(|add| {
            for (index, json) in rows {
                add(PostKind::User, &TableRow { index, json: json.into() });
            }
            Ok(())
        });
        let replay = replay.unwrap().unwrap();
        assert_eq!((replay.keys(), replay.rows(PostKind::User)), ([5, 7].as_slice(), 2));
        let mut out = Vec::new();
        assert!(replay.write(PostKind::User, 5, &mut out));
        assert_eq!(out, b"{\"ind\": 5, \"a\": 1}");
        assert!(Replay::from_rows(|_| Ok(())).unwrap().is_none());
    }

    #[test]
    fn nothing_to_replay_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let error = Replay::open(dir.path().to_str().unwrap(), &Options::default()).unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{error}");
    }
}
