//! `.env`: variables that stand in a file of the working directory.
//!
//! Lines of others are theirs, in whatever form. Those of pinlake are read strictly: one that is not
//! understood is an error, no value is put into another (`$` is a dollar sign), and an error never repeats a
//! line, which may hold a password.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Result};

/// The file's name, in the working directory.
pub const FILE: &str = ".env";

/// How the names begin that are read.
const PREFIX: &str = "PINLAKE_";

/// The variables of pinlake that a file sets; nothing if it is not there, or is a folder.
///
/// Lines are `PINLAKE_NAME=value`, with or without `export ` in front; `'…'` is taken as it stands, `"…"` knows
/// `\n`, `\r`, `\t`, `\"` and `\\`; a bare value ends before ` #`. Lines that begin otherwise count for
/// nothing. Of a name that stands there twice the last line holds.
///
/// # Errors
/// [`Error::Config`] for a line of pinlake's in another form and for a file that cannot be read as UTF-8.
pub fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|(line, why)| {
            Error::Config(format!("{}, line {line}: {why}; use NAME=value", path.display()))
        }),
        // Some keep a virtual environment of Python in a folder of this name.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            Ok(BTreeMap::new())
        }
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
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        if !line.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) {
            continue;
        }
        let (name, value) = pair(line).map_err(|why| (at + 1, why))?;
        found.insert(name, value);
    }
    Ok(found)
}

fn pair(line: &str) -> Result<(String, String), &'static str> {
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
        let text = "\u{feff}PINLAKE_A=1\n\n# of us\nexport PINLAKE_B = two words # said\nPINLAKE_C='$x \\n # '\n\
                    PINLAKE_D=\"a\\\"b\\n\\\\\" # e\nPINLAKE_E=\r\nPINLAKE_A=p#w=d\nOTHER=\"x\ny\"\nwhatever\n";
        let found = parse(text).unwrap();
        let wanted = [("A", "p#w=d"), ("B", "two words"), ("C", "$x \\n # "), ("D", "a\"b\n\\"), ("E", "")];
        assert_eq!(found.len(), wanted.len());
        for (name, value) in wanted {
            assert_eq!(found[&format!("PINLAKE_{name}")], value, "{name}");
        }
    }

    #[test]
    fn lines_that_are_not_understood_are_named_by_number() {
        for (text, line) in [
            ("PINLAKE_A=1\nPINLAKE_hunter2", 2),
            ("PINLAKE_A-B=hunter2", 1),
            ("pinlake_a='hunter2", 1),
            ("PINLAKE_A=\"hunter2\\q\"", 1),
            ("PINLAKE_A='hunter2'y", 1),
            ("PINLAKE_A B=hunter2", 1),
        ] {
            let (at, why) = parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(!why.contains("hunter2"));
        }
    }

    #[test]
    fn no_file_sets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        assert!(read(&folder.path().join(FILE)).unwrap().is_empty());
        std::fs::write(folder.path().join(FILE), b"PINLAKE_A=\xff").unwrap();
        let error = read(&folder.path().join(FILE)).unwrap_err().to_string();
        assert!(error.contains("UTF-8"), "{error}");
    }
}
