//! Files of credentials as the original pipelines keep them: `KEY: value`, one a line.
//!
//! That is the flat form of YAML, and all of it that such files use. What is not flat is refused by the
//! number of its line; no line is repeated, for it may hold a password.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};

/// In front of the names in some of those files, as in `RDS_HOST`.
const PREFIX: &str = "rds_";

/// What a file holds: names in lower case, without `rds_` in front.
///
/// # Errors
/// [`Error::Config`] for a file that cannot be read or that is not flat.
pub(super) fn read(path: &str) -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(Path::new(path))
        .map_err(|error| Error::Config(format!("{path}: cannot be read: {error}")))?;
    parse(&text).map_err(|(line, why)| Error::Config(format!("{path}, line {line}: {why}; use KEY: value")))
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, (usize, &'static str)> {
    let mut found = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let wrong = |why| (at + 1, why);
        let bare = line.trim_end();
        if bare.is_empty() || bare.trim_start().starts_with('#') || bare == "---" || bare == "..." {
            continue;
        }
        if bare.starts_with([' ', '\t', '-']) {
            return Err(wrong("a list or a nested value"));
        }
        let (name, value) = bare.split_once(':').ok_or_else(|| wrong("no : behind the name"))?;
        if !value.is_empty() && !value.starts_with([' ', '\t']) {
            return Err(wrong("no blank behind the :"));
        }
        let name = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        let name = name.strip_prefix(PREFIX).unwrap_or(&name).to_owned();
        if found.insert(name, scalar(value.trim()).map_err(wrong)?).is_some() {
            return Err(wrong("a name that stood there already"));
        }
    }
    Ok(found)
}

fn scalar(text: &str) -> Result<String, &'static str> {
    let unclosed = "a quote that is never closed";
    let behind = |rest: &str| {
        let rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            Ok(())
        } else {
            Err("something behind the closing quote")
        }
    };
    let mut value = String::new();
    let mut rest = text.chars();
    match rest.next() {
        Some('\'') => loop {
            match rest.next().ok_or(unclosed)? {
                // Two of them are one.
                '\'' if rest.as_str().starts_with('\'') => {
                    rest.next();
                    value.push('\'');
                }
                '\'' => return behind(rest.as_str()).map(|()| value),
                plain => value.push(plain),
            }
        },
        Some('"') => loop {
            match rest.next().ok_or(unclosed)? {
                '"' => return behind(rest.as_str()).map(|()| value),
                '\\' => match rest.next().ok_or(unclosed)? {
                    plain @ ('"' | '\\' | '/') => value.push(plain),
                    _ => return Err("a \\ before something else than \" or \\"),
                },
                plain => value.push(plain),
            }
        },
        Some('[' | '{' | '&' | '*' | '|' | '>' | '!' | '@' | '`' | '%') => {
            Err("a value that is no text; put it in quotes")
        }
        Some('#') | None => Ok(value),
        Some(_) => Ok(text.split(" #").next().unwrap_or_default().trim_end().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_files_are_flat() {
        let text = "---\n# of the course\nRDS_HOST: db.example.com\nUser: 'it''s'\nPASSWORD: \"a#b \\\" c\" # x\n\
                    rds_database: pinterest_data # here\nPORT: 3306\r\nempty:\n";
        let found = parse(text).unwrap();
        for (name, value) in [
            ("host", "db.example.com"),
            ("user", "it's"),
            ("password", "a#b \" c"),
            ("database", "pinterest_data"),
            ("port", "3306"),
            ("empty", ""),
        ] {
            assert_eq!(found[name], value, "{name}");
        }
    }

    #[test]
    fn what_is_not_flat_is_named_by_its_line() {
        for (text, at) in [
            ("db:\n  HOST: canary", 2),
            ("- canary", 1),
            ("A: [canary]", 1),
            ("A: |\ncanary", 1),
            ("canary", 1),
            ("A:canary", 1),
            ("A: 'canary", 1),
            ("A: x\na: canary", 2),
        ] {
            let (line, why) = parse(text).unwrap_err();
            assert_eq!(line, at, "{text}");
            assert!(!why.contains("canary"));
        }
    }
}
