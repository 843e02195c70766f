//! Tables and SQL dumps into MySQL or MariaDB, for those whose database is gone.

mod dump;
mod loader;
mod statement;
mod tables;
mod tokens;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::kind::builtins;
use crate::source::Options;
use crate::source::mysql::Settings;
use loader::Loader;

/// A table that was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// Its name.
    pub table: String,
    /// Rows.
    pub rows: u64,
}

/// Loads the three tables from files (CSV, JSON lines, Parquet, found by name) or from a dump that
/// `mysqldump` or `mariadb-dump` wrote (`*.sql`, packed or not) into a database, and gives those loaded.
///
/// Tables are made under other names and get their own at the end, all at once: a load that fails changes
/// nothing. Those that are there already are refused unless `replace` is set. Of a dump the three tables
/// are taken as it makes them; other tables in it are passed over.
///
/// # Errors
/// [`Error::NotFound`] for a source without any of the tables, [`Error::Source`] for a source that cannot
/// be read and for a dump with other statements than a dump of tables has, [`Error::Sink`] for tables that
/// are there already and for what the server refuses; and those of the connection.
pub fn load(source: &str, from: &Options, to: &str, options: &Options, replace: bool) -> Result<Vec<Loaded>> {
    let settings = Settings::read(to, options)?;
    let wanted: Vec<String> =
        builtins().iter().filter_map(|kind| settings.table(&kind.name).map(str::to_owned)).collect();
    let mut loader = Loader::open(&settings, replace)?;
    let done = if dump::is_dump(source) {
        dump::load(source, from, &wanted, &mut loader)
    } else {
        tables::load(source, from, &settings, &mut loader)
    };
    match done {
        Ok(()) if loader.is_empty() => {
            loader.give_up();
            let what = wanted.join(", ");
            Err(Error::NotFound(format!("{source}: holds none of the tables {what}")))
        }
        Ok(()) => loader.finish(),
        Err(error) => {
            loader.give_up();
            Err(error)
        }
    }
}
