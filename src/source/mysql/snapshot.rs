//! The rows of the tables as they were at one moment, a page at a time.

use mysql_async::{Params, Row, Value};

use super::pages::Layout;
use super::server::Server;
use super::settings::Settings;
use super::value::Form;
use crate::error::{Error, Result};
use crate::kind::{KEY_NAMES, Kind};
use crate::source::json::{Cell, string};
use crate::source::{Options, TableRow, aws};

/// Whole numbers, by `information_schema`'s names of types.
const WHOLE: [&str; 5] = ["tinyint", "smallint", "mediumint", "int", "bigint"];

/// What opens the snapshot. All pages of all tables are read in it: what others change meanwhile is not
/// seen, as long as the tables are InnoDB's.
const SNAPSHOT: [&str; 2] = [
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
];

/// Hands out every row of some kinds' tables with its kind's place among `kinds`: ascending by key, of
/// rows with one key the first, all as of one moment.
///
/// # Errors
/// [`Error::Config`] for a URL, an option or credentials that cannot be used, [`Error::NotFound`] for a
/// database or table that is not there, [`Error::Source`] where nothing answers, for a row without key,
/// and what `add` says.
pub fn each_row(
    url: &str,
    options: &Options,
    kinds: &[&Kind],
    mut add: impl FnMut(usize, TableRow) -> Result<()>,
) -> Result<()> {
    let settings = Settings::read(url, options)?;
    aws::wait(async {
        let mut server = Server::connect(&settings).await?;
        for statement in SNAPSHOT {
            server.run(statement).await?;
        }
        for (at, kind) in kinds.iter().enumerate() {
            if let Some(table) = settings.table(&kind.name) {
                let layout = layout_of(&mut server, kind, table).await?;
                read(&mut server, kind, &layout, settings.page, |row| add(at, row)).await?;
            }
        }
        server.close().await;
        Ok(())
    })?
}

/// The tables of the kinds that are there, by name, with how many rows each has.
///
/// # Errors
/// As [`each_row`], but tables that are not there are left out.
pub fn tables(url: &str, options: &Options, kinds: &[&Kind]) -> Result<Vec<(String, u64)>> {
    let settings = Settings::read(url, options)?;
    aws::wait(async {
        let mut server = Server::connect(&settings).await?;
        let mut found = Vec::new();
        for table in kinds.iter().filter_map(|kind| settings.table(&kind.name)) {
            if !columns(&mut server, table).await?.is_empty() {
                let count = format!("SELECT COUNT(*) FROM {}", super::pages::quoted(table));
                let rows = server.rows(&count, Params::Empty).await?;
                found.push((table.to_owned(), rows.first().and_then(|row| row.get(0)).unwrap_or(0)));
            }
        }
        server.close().await;
        Ok(found)
    })?
}

/// Names and types of a table's columns, in its order; none if it is not there.
pub(crate) async fn columns(server: &mut Server, table: &str) -> Result<Vec<(String, String)>> {
    let rows = server
        .rows(
            "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
            Params::Positional(vec![table.into()]),
        )
        .await?;
    let texts = rows.iter().filter_map(|row| Some((text(row, 0)?, text(row, 1)?, text(row, 2)?)));
    // The server may compare names without regard to case.
    Ok(texts.filter(|(name, ..)| name == table).map(|(_, column, of)| (column, of)).collect())
}

/// A column of a row as text, whatever type the server gives it.
pub(crate) fn text(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at)? {
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

async fn layout_of(server: &mut Server, kind: &Kind, table: &str) -> Result<Layout> {
    let columns = columns(server, table).await?;
    let at = format!("{}, table {table}", server.url());
    if columns.is_empty() {
        return Err(Error::NotFound(format!(
            "{at}: is not there; name it with tables.{} under [mysql] (\"\" leaves the kind out)",
            kind.name
        )));
    }
    let mut names = std::iter::once(kind.key.as_str()).chain(KEY_NAMES);
    let key = names.find_map(|name| columns.iter().find(|(column, _)| column == name));
    let Some((key, of)) = key else {
        return Err(Error::Source(format!("{at}: no column {} for the key", kind.key)));
    };
    if !WHOLE.contains(&of.as_str()) {
        return Err(Error::Source(format!("{at}: key column {key} is {of}, it has to be a whole number")));
    }
    let key = key.clone();
    let columns = columns.into_iter().map(|(name, _)| name).collect();
    let ties = ties(server, table, &key).await?;
    let layout = Layout { table: table.to_owned(), columns, key, ties };
    if !server.rows(&layout.without_key(), Params::Empty).await?.is_empty() {
        return Err(Error::Source(format!("{at}: a row without key, {} is NULL or below 0", layout.key)));
    }
    Ok(layout)
}

/// What orders rows of one key: nothing where an index says that there is only one, else the primary key.
async fn ties(server: &mut Server, table: &str, key: &str) -> Result<Option<Vec<String>>> {
    let rows = server
        .rows(
            "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
             AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
            Params::Positional(vec![table.into()]),
        )
        .await?;
    // A part that is an expression has no column, and counts all the same.
    let part = |row: &Row| Some((text(row, 0)?, text(row, 1).unwrap_or_default()));
    let parts: Vec<(String, String)> = rows.iter().filter_map(part).collect();
    let alone = |index: &str| parts.iter().filter(|(name, _)| name == index).count() == 1;
    if parts.iter().any(|(index, column)| column == key && alone(index)) {
        return Ok(None);
    }
    let primary = parts.into_iter().filter(|(index, column)| index == "PRIMARY" && column != key);
    Ok(Some(primary.map(|(_, column)| column).collect()))
}

async fn read(
    server: &mut Server,
    kind: &Kind,
    layout: &Layout,
    page: u32,
    mut add: impl FnMut(TableRow) -> Result<()>,
) -> Result<()> {
    let names: Vec<(Vec<u8>, Cell)> = layout.columns.iter().map(|name| key_of(kind, name)).collect();
    let at = layout.columns.iter().position(|name| *name == layout.key).unwrap_or_default();
    let mut last: Option<i64> = None;
    loop {
        let parameters = vec![Value::Int(last.unwrap_or(0)), Value::UInt(page.into())];
        let rows = server.rows(&layout.page(last.is_none()), Params::Positional(parameters)).await?;
        let full = rows.len() == page as usize;
        for row in rows {
            let index = match row.as_ref(at) {
                Some(Value::Int(index)) => *index,
                Some(Value::UInt(index)) if i64::try_from(*index).is_ok() => index.cast_signed(),
                _ => {
                    let what = format!("{}, table {}: a key that is none", server.url(), layout.table);
                    return Err(Error::Source(what));
                }
            };
            if last != Some(index) {
                add(TableRow { index, json: json(row, &names) })?;
            }
            last = Some(index);
        }
        if !full {
            return Ok(());
        }
    }
}

/// A column's name as JSON with the colon, and what its cells are by the kind's plan.
fn key_of(kind: &Kind, name: &str) -> (Vec<u8>, Cell) {
    let mut key = Vec::new();
    string(name.as_bytes(), &mut key);
    key.push(b':');
    (key, Cell::of(kind, name))
}

/// A row as compact JSON, in the table's column order; NULL is null.
fn json(row: Row, names: &[(Vec<u8>, Cell)]) -> Vec<u8> {
    let forms: Vec<Form> = row.columns_ref().iter().map(Form::of).collect();
    let mut out = vec![b'{'];
    for ((value, form), (key, cell)) in row.unwrap_raw().into_iter().zip(forms).zip(names) {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(key);
        match form.text(value.unwrap_or(Value::NULL)) {
            None => out.extend_from_slice(b"null"),
            Some(text) => cell.write(&text, &mut out),
        }
    }
    out.push(b'}');
    out
}
