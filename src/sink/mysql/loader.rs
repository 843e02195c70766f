//! Tables that are filled beside those that are there, and take their places at the end.

use mysql_async::{Params, Value};

use super::Loaded;
use super::statement::Cell;
use crate::error::{Error, Result};
use crate::source::aws::wait;
use crate::source::mysql::{Server, Settings, columns, quoted};

/// Bytes of values in one INSERT, but for a single row: below the smallest `max_allowed_packet` that
/// servers have by default (MySQL 5.7's 4 MiB).
const BATCH_BYTES: usize = 1 << 20;

/// Parameters of one statement: the protocol counts them with 16 bits.
const MAX_PARAMETERS: usize = u16::MAX as usize;

/// In front of the names of tables that are being filled, and of those that they replace.
const NEW: &str = "_pinlake_new_";
const OLD: &str = "_pinlake_old_";

#[derive(Debug)]
struct Filling {
    table: String,
    rows: u64,
    replaces: bool,
}

/// Fills tables of a database.
pub(super) struct Loader {
    server: Server,
    replace: bool,
    filling: Vec<Filling>,
    /// Whether rows wait for their commit.
    open: bool,
}

impl Loader {
    pub(super) fn open(settings: &Settings, replace: bool) -> Result<Self> {
        let server = wait(Server::connect(settings))??;
        Ok(Self { server, replace, filling: Vec::new(), open: false })
    }

    /// Whether no table was begun.
    pub(super) fn is_empty(&self) -> bool {
        self.filling.is_empty()
    }

    /// Makes a table, by what stands behind its name in `CREATE TABLE`.
    pub(super) fn begin(&mut self, table: &str, definition: &str) -> Result<()> {
        if self.filling.iter().any(|filling| filling.table == table) {
            return Err(Error::Source(format!("table {table} is made twice")));
        }
        let replaces = !wait(columns(&mut self.server, table))??.is_empty();
        if replaces && !self.replace {
            let url = self.server.url();
            return Err(Error::Sink(format!(
                "{url}, table {table}: is there already; --replace puts it in its place"
            )));
        }
        self.commit()?;
        let new = quoted(&format!("{NEW}{table}"));
        // One that an earlier load left behind.
        self.run(&format!("DROP TABLE IF EXISTS {new}"))?;
        self.run(&format!("CREATE TABLE {new} {definition}"))?;
        self.filling.push(Filling { table: table.to_owned(), rows: 0, replaces });
        Ok(())
    }

    /// The collations among these that the server does not know.
    pub(super) fn unknown(&mut self, collations: Vec<String>) -> Result<Vec<String>> {
        let mut unknown = Vec::new();
        for name in collations {
            let statement =
                "SELECT COLLATION_NAME FROM information_schema.COLLATIONS WHERE COLLATION_NAME = ?";
            let parameters = Params::Positional(vec![name.as_str().into()]);
            if wait(self.server.rows(statement, parameters))??.is_empty() {
                unknown.push(name);
            }
        }
        Ok(unknown)
    }

    /// Adds rows to a table that was begun; without names of columns they fill all of them.
    pub(super) fn add(&mut self, table: &str, columns: &[String], rows: Vec<Vec<Cell>>) -> Result<()> {
        let Some(at) = self.filling.iter().position(|filling| filling.table == table) else {
            return Err(Error::Source(format!("rows of table {table} before it is made")));
        };
        let width = rows.first().map_or(0, Vec::len);
        if width == 0 || rows.iter().any(|row| row.len() != width) || width > MAX_PARAMETERS {
            return Err(Error::Source(format!(
                "rows of table {table} that differ in their number of values"
            )));
        }
        if !self.open {
            self.run("START TRANSACTION")?;
            self.open = true;
        }
        self.filling[at].rows += rows.len() as u64;
        let mut batch = Vec::new();
        let mut bytes = 0;
        for row in rows {
            let size: usize = row.iter().flatten().map(Vec::len).sum();
            if !batch.is_empty() && (bytes + size > BATCH_BYTES || batch.len() + width > MAX_PARAMETERS) {
                self.insert(table, columns, width, std::mem::take(&mut batch))?;
                bytes = 0;
            }
            bytes += size;
            batch.extend(row.into_iter().map(|cell| cell.map_or(Value::NULL, Value::Bytes)));
        }
        self.insert(table, columns, width, batch)
    }

    fn insert(&mut self, table: &str, columns: &[String], width: usize, values: Vec<Value>) -> Result<()> {
        let new = quoted(&format!("{NEW}{table}"));
        let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let row = format!("({})", vec!["?"; width].join(", "));
        let rows = vec![row; values.len() / width].join(", ");
        let statement = format!("INSERT INTO {new}{names} VALUES {rows}");
        let done = wait(self.server.change(&statement, Params::Positional(values)))?;
        done.map_err(|error| sink(error, Some(table)))
    }

    fn run(&mut self, statement: &str) -> Result<()> {
        wait(self.server.run(statement))?.map_err(|error| sink(error, None))
    }

    fn commit(&mut self) -> Result<()> {
        if std::mem::take(&mut self.open) {
            self.run("COMMIT")?;
        }
        Ok(())
    }

    /// Puts the tables in their places, all at once, and gives them.
    pub(super) fn finish(mut self) -> Result<Vec<Loaded>> {
        if let Err(error) = self.commit().and_then(|()| self.swap()) {
            self.give_up();
            return Err(error);
        }
        let loaded =
            self.filling.drain(..).map(|filling| Loaded { table: filling.table, rows: filling.rows });
        let loaded = loaded.collect();
        wait(self.server.close())?;
        Ok(loaded)
    }

    fn swap(&mut self) -> Result<()> {
        let mut moves = Vec::new();
        let mut olds = Vec::new();
        for filling in &self.filling {
            let (table, new) = (quoted(&filling.table), quoted(&format!("{NEW}{}", filling.table)));
            if filling.replaces {
                let old = quoted(&format!("{OLD}{}", filling.table));
                moves.push(format!("{table} TO {old}"));
                olds.push(old);
            }
            moves.push(format!("{new} TO {table}"));
        }
        let drop = format!("DROP TABLE IF EXISTS {}", olds.join(", "));
        if !olds.is_empty() {
            self.run(&drop)?;
        }
        self.run(&format!("RENAME TABLE {}", moves.join(", ")))?;
        if olds.is_empty() { Ok(()) } else { self.run(&drop) }
    }

    /// Takes away what was begun; what that meets is not said, for something else is.
    pub(super) fn give_up(mut self) {
        let _ = self.run("ROLLBACK");
        for filling in std::mem::take(&mut self.filling) {
            let _ = self.run(&format!("DROP TABLE IF EXISTS {}", quoted(&format!("{NEW}{}", filling.table))));
        }
        let _ = wait(self.server.close());
    }
}

/// What the server refuses while something is written.
fn sink(error: Error, table: Option<&str>) -> Error {
    let table = table.map(|table| format!(" (table {table})")).unwrap_or_default();
    match error {
        Error::Source(text) | Error::NotFound(text) => Error::Sink(format!("{text}{table}")),
        other => other,
    }
}
