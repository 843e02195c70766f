//! A dump's tables into the database.

use super::loader::Loader;
use super::statement::{Doing, collations, judge, written};
use super::tokens::Tokens;
use crate::error::{Error, Result};
use crate::source::{Archive, Inflate, Options, Store};

/// Whether a source is a dump, by its name: `*.sql`, packed or not.
pub(super) fn is_dump(source: &str) -> bool {
    let name = source.to_ascii_lowercase();
    let packed = [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending));
    packed.unwrap_or(&name).ends_with(".sql")
}

/// Loads the tables that are wanted, statement by statement.
pub(super) fn load(source: &str, options: &Options, wanted: &[String], loader: &mut Loader) -> Result<()> {
    let store = Store::open(source, options)?;
    if store.stat("")?.is_none() {
        return Err(Error::NotFound(format!("{source}: no such dump")));
    }
    let mut head = Vec::new();
    let mut from = store.reader("", 0)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(&mut from, 4), &mut head)
        .map_err(|error| Error::io(source, error))?;
    let archive = Archive::detect(source, &head);
    let input = std::io::Read::chain(std::io::Cursor::new(head), from);
    let mut tokens = Tokens::new(Inflate::new(std::io::BufReader::new(input), archive));
    let wrong = |line: u64, why: &str| Error::Source(format!("{source}, line {line}: {why}"));
    while let Some(statement) = tokens.statement().map_err(|found| wrong(found.line, &found.why))? {
        let line = statement.line;
        let done = match judge(statement.tokens).map_err(|why| wrong(line, &why))? {
            Doing::Create(table, body) if wanted.contains(&table) => {
                let unknown = loader.unknown(collations(&body))?;
                loader.begin(&table, &written(&body, |name| !unknown.iter().any(|other| other == name)))
            }
            Doing::Insert(table, columns, rows) if wanted.contains(&table) => {
                loader.add(&table, &columns, rows)
            }
            _ => Ok(()),
        };
        done.map_err(|error| match error {
            Error::Source(why) => wrong(line, &why),
            Error::Sink(why) => Error::Sink(format!("{source}, line {line}: {why}")),
            other => other,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_known_by_name() {
        for (name, is) in [
            ("a/x.sql", true),
            ("s3://b/x.SQL.gz", true),
            ("x.sql.zst", true),
            ("x.csv", false),
            ("sql", false),
        ] {
            assert_eq!(is_dump(name), is, "{name}");
        }
    }
}
