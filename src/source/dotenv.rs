//! `.env`: variables that stand in a file of the working directory.
//!
//! Strict on purpose: a line that is not understood is an error, no value is put into another (`$` is a
//! dollar sign), and an error never repeats a line, which may hold a password.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Result};

/// The file's name, in the working directory.
pub const FILE: &str = ".env";

/// What a file sets; nothing if it is not there.
///
/// Lines are `NAME=value`, with or without `export ` in front; `'…'` is taken as it stands, `"…"` knows
/// `\n`, `\r`, `\t`, `\"` and `\\`; a bare value ends before ` #`. Blank lines and those that begin with
/// `#` count for nothing. Of a name that stands there twice the last line holds.
///
/// # Errors
/// [`Error::Config`] for a line of another form and for a file that cannot be read as UTF-8.
pub fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|(line, why)| {
            Error::Config(format!("{}, line {line}: {why}; use NAME=value", path.display()))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => {
            Err(Error::Config(format!("{}: cannot be read as UTF-8 text: {error}", path.display())))
        }
    }
}

/// The pairs of a text, or the number of the line that is none and why.
fn parse(text: &str) -> Result<BTreeMap<String, String>, (usize, &'static str)> {
    let mut found = BTreeMap::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = pair(line).map_err(|why| (at + 1, why))?;
        found.insert(name, value);
    }
    Ok(found)
}

fn pair(line: &str) -> Result<(String, String), &'static str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("no = behind the name")?;
    let name = name.trim();
    let word =
        |at: usize, byte: u8| byte == b'_' || byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit();
    if name.is_empty() || !name.bytes().enumerate().all(|(at, byte)| word(at, byte)) {
        return Err("no name of a variable in front of the =");
    }
    Ok((name.to_owned(), value_of(value.trim())?))
}

fn value_of(text: &str) -> Result<String, &'static str> {
    let mut rest = text.chars();
    let mut value = String::new();
    match rest.next() {
        Some(quote @ ('\'' | '"')) => {
            loop {
                match rest.next().ok_or("a quote that is never closed")? {
                    end if end == quote => break,
                    '\\' if quote == '"' => match rest.next() {
                        Some('n') => value.push('\n'),
                        Some('r') => value.push('\r'),
                        Some('t') => value.push('\t'),
                        Some(plain @ ('"' | '\\')) => value.push(plain),
                        _ => return Err("a \\ before something else than n, r, t, \" or \\"),
                    },
                    plain => value.push(plain),
                }
            }
            let behind = rest.as_str().trim_start();
            if !behind.is_empty() && !behind.starts_with('#') {
                return Err("something behind the closing quote");
            }
            Ok(value)
        }
        Some('#') | None => Ok(value),
        Some(_) => Ok(text.split(" #").next().unwrap_or_default().trim_end().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bare_or_quoted() {
        let text = "\u{feff}# of us\n\nA=1\nexport B = two words # said\nC='$x \\n # '\nD=\"a\\\"b\\n\\\\\" # e\n\
                    E=\r\nA=p#w=d\n";
        let found = parse(text).unwrap();
        let wanted = [("A", "p#w=d"), ("B", "two words"), ("C", "$x \\n # "), ("D", "a\"b\n\\"), ("E", "")];
        assert_eq!(found.len(), wanted.len());
        for (name, value) in wanted {
            assert_eq!(found[name], value, "{name}");
        }
    }

    #[test]
    fn lines_that_are_not_understood_are_named_by_number() {
        for (text, line) in [
            ("A=1\nhunter2", 2),
            ("1A=x", 1),
            ("=x", 1),
            ("A='x", 1),
            ("A=\"\\q\"", 1),
            ("A='x'y", 1),
            ("A B=1", 1),
        ] {
            let (at, why) = parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(!why.contains("hunter2"));
        }
    }

    #[test]
    fn no_file_sets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join(FILE)).unwrap().is_empty());
        std::fs::write(folder.path().join(FILE), b"A=\xff").unwrap();
        let error = read(&folder.path().join(FILE)).unwrap_err().to_string();
        assert!(error.contains("UTF-8"), "{error}");
    }
}
