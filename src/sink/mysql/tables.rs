//! Tables as files into the database, with the columns that the originals have.

use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::loader::Loader;
use super::statement::Cell;
use crate::error::{Error, Result};
use crate::kind::{KEY_NAMES, Kind, Rule, builtins};
use crate::source::mysql::{Settings, quoted};
use crate::source::{Options, Store, TableRow, layout, table_rows};

/// Rows that are handed on at a time.
const ROWS: usize = 500;

/// Loads the kinds that have a table at the source.
pub(super) fn load(source: &str, options: &Options, settings: &Settings, loader: &mut Loader) -> Result<()> {
    let store = Store::open(source, options)?;
    let file = store.stat("")?.is_some();
    if !file && !store.exists()? {
        return Err(Error::NotFound(format!("{source}: no such file or folder to load tables from")));
    }
    for kind in builtins() {
        let Some(table) = settings.table(&kind.name) else { continue };
        if file && layout::file_is_of_kind(source, kind) != Some(true) {
            continue;
        }
        match table_rows(kind, source, options) {
            Ok(rows) => load_table(kind, table, &rows, loader)?,
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn load_table(kind: &Kind, table: &str, rows: &[TableRow], loader: &mut Loader) -> Result<()> {
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        for (name, _) in fields(&row.json)? {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut keys = std::iter::once(kind.key.as_str()).chain(KEY_NAMES);
    let Some(key) = keys.find(|key| names.iter().any(|name| name == key)) else {
        return Err(Error::Source(format!("table {table}: no column {} for the key", kind.key)));
    };
    let columns: Vec<Column> = names.iter().map(|name| Column::of(kind, name, name == key)).collect();
    let made: Vec<String> = names
        .iter()
        .zip(&columns)
        .map(|(name, column)| format!("{} {}", quoted(name), column.sql()))
        .collect();
    let definition = format!(
        "({}, PRIMARY KEY ({})) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        made.join(", "),
        quoted(key)
    );
    loader.begin(table, &definition)?;
    // Of rows with one key the first counts, as for those who replay the files.
    let mut seen = HashSet::new();
    let mut batch = Vec::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| seen.insert(row.index)) {
        batch.push(
            cells(&names, &columns, row).map_err(|(name, why)| {
                Error::Source(format!("table {table}, row {}, {name}: {why}", at + 1))
            })?,
        );
        if batch.len() == ROWS {
            loader.add(table, &names, std::mem::take(&mut batch))?;
        }
    }
    if batch.is_empty() { Ok(()) } else { loader.add(table, &names, batch) }
}

/// What a column holds: the types of the original tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Key,
    Whole,
    Number,
    Time,
    Text,
}

impl Column {
    fn of(kind: &Kind, name: &str, key: bool) -> Self {
        if key {
            return Self::Key;
        }
        let column = kind.columns.iter().find(|column| column.fields.iter().any(|field| field == name));
        match column.map(|column| &column.rule) {
            Some(Rule::Integer(..) | Rule::Boolean) => Self::Whole,
            Some(Rule::Number(..) | Rule::Coordinates) => Self::Number,
            Some(Rule::Timestamp) => Self::Time,
            _ => Self::Text,
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Key => "BIGINT NOT NULL",
            Self::Whole => "BIGINT",
            Self::Number => "DOUBLE",
            Self::Time => "DATETIME",
            Self::Text => "TEXT",
        }
    }

    /// A JSON value as the column's; the server itself would round what does not fit.
    fn cell(self, json: &str) -> Result<Cell, &'static str> {
        let text = match json {
            "null" => return Ok(None),
            quoted if quoted.starts_with('"') => {
                serde_json::from_str::<String>(quoted).map_err(|_| "no text in UTF-8")?
            }
            plain => plain.to_owned(),
        };
        if text.is_empty() && self != Self::Text {
            return Ok(None);
        }
        match (self, text.as_str()) {
            (Self::Whole, "true") => return Ok(Some(b"1".to_vec())),
            (Self::Whole, "false") => return Ok(Some(b"0".to_vec())),
            (Self::Key | Self::Whole, whole) if whole.parse::<i64>().is_err() => {
                return Err("no whole number");
            }
            (Self::Number, number) if !number.parse::<f64>().is_ok_and(f64::is_finite) => {
                return Err("no number");
            }
            (Self::Time, time) if !is_time(time) => return Err("no YYYY-MM-DD HH:MM:SS"),
            _ => {}
        }
        Ok(Some(text.into_bytes()))
    }
}

/// `YYYY-MM-DD HH:MM:SS` by its form; whether there is such a day the server says.
fn is_time(text: &str) -> bool {
    let form = b"dddd-dd-dd dd:dd:dd";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        b' ' => matches!(byte, b' ' | b'T'),
        other => byte == *other,
    };
    text.len() == form.len() && text.bytes().zip(form).all(fits)
}

/// The row's cells in the order of the columns; absent ones are NULL.
fn cells(names: &[String], columns: &[Column], row: &TableRow) -> Result<Vec<Cell>, (String, String)> {
    let held = fields(&row.json).map_err(|error| ("record".to_owned(), error.to_string()))?;
    let cell = |(name, column): (&String, &Column)| {
        // Of a repeated name the last value counts, as everywhere.
        let json = held.iter().rev().find(|(own, _)| own == name).map_or("null", |(_, json)| json.get());
        column.cell(json).map_err(|why| (name.clone(), why.to_owned()))
    };
    names.iter().zip(columns).map(cell).collect()
}

/// A record's fields in its own order, values as they are written.
fn fields(json: &[u8]) -> Result<Vec<(String, &RawValue)>> {
    struct Fields;
    impl<'de> Visitor<'de> for Fields {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("a record")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some(field) = map.next_entry()? {
                fields.push(field);
            }
            Ok(fields)
        }
    }
    let mut from = serde_json::Deserializer::from_slice(json);
    from.deserialize_map(Fields)
        .map_err(|error| Error::Source(format!("a row that is no JSON record: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_originals_types() {
        let types = |kind: &str, names: &[&str]| {
            let kind = Kind::builtin(kind).unwrap();
            names.iter().map(|name| Column::of(&kind, name, *name == kind.key).sql()).collect::<Vec<_>>()
        };
        assert_eq!(
            types("pin", &["index", "title", "follower_count", "downloaded", "other"]),
            ["BIGINT NOT NULL", "TEXT", "TEXT", "BIGINT", "TEXT"]
        );
        assert_eq!(types("geo", &["timestamp", "latitude", "country"]), ["DATETIME", "DOUBLE", "TEXT"]);
        assert_eq!(types("user", &["first_name", "age", "date_joined"]), ["TEXT", "BIGINT", "DATETIME"]);
    }

    #[test]
    fn values_that_would_be_rounded_are_refused() {
        for (column, json, wanted) in [
            (Column::Text, r#""a\"b""#, Ok(Some("a\"b"))),
            (Column::Text, r#""""#, Ok(Some(""))),
            (Column::Text, "null", Ok(None)),
            (Column::Text, "[1]", Ok(Some("[1]"))),
            (Column::Whole, "true", Ok(Some("1"))),
            (Column::Whole, r#""""#, Ok(None)),
            (Column::Whole, "1.5", Err("no whole number")),
            (Column::Number, "-88.8298", Ok(Some("-88.8298"))),
            (Column::Number, "\"nan\"", Err("no number")),
            (Column::Time, r#""2019-01-01T07:21:13""#, Ok(Some("2019-01-01T07:21:13"))),
            (Column::Time, r#""2019-01-01 07:21:13.5""#, Err("no YYYY-MM-DD HH:MM:SS")),
        ] {
            let wanted = wanted.map(|cell| cell.map(|text: &str| text.as_bytes().to_vec()));
            assert_eq!(column.cell(json), wanted, "{json}");
        }
    }

    #[test]
    fn fields_keep_their_order_and_spelling() {
        let found = fields(br#"{"b":1.50,"a":"x","b":2}"#).unwrap();
        let found: Vec<_> = found.iter().map(|(name, json)| (name.as_str(), json.get())).collect();
        assert_eq!(found, [("b", "1.50"), ("a", "\"x\""), ("b", "2")]);
        assert!(fields(b"[]").is_err());
    }
}
