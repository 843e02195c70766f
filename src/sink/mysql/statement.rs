//! What a dump's statements may be. A dump is a foreign file: of its statements only the making of tables
//! and rows of plain values are ever handed on, written anew from their tokens.

use super::tokens::Token;

/// A value of a row; `None` is NULL.
pub(super) type Cell = Option<Vec<u8>>;

/// What a statement does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Makes a table: its name and all that stands behind it.
    Create(String, Vec<Token>),
    /// Adds rows: table, columns if they are named, rows.
    Insert(String, Vec<String>, Vec<Vec<Cell>>),
    /// What loading does by itself: settings, locks, tables to drop, databases to make and use.
    Nothing,
}

/// Words that have no place behind a table's name: what would read other tables, files or servers.
const BARRED: [&str; 10] = [
    "select",
    "as",
    "like",
    "connection",
    "union",
    "directory",
    "load_file",
    "tablespace",
    "encryption",
    "with",
];

/// Engines that keep rows in the database itself.
const ENGINES: [&str; 3] = ["InnoDB", "MyISAM", "Aria"];

/// Marks that definitions of columns are written with.
const MARKS: &[u8] = b"(),=+-*/<>!%";

/// Judges a statement.
///
/// # Errors
/// Why it is none that a dump of tables holds.
pub(super) fn judge(tokens: Vec<Token>) -> Result<Doing, String> {
    let starts = |words: &[&str]| {
        tokens.len() >= words.len() && words.iter().zip(&tokens).all(|(word, token)| token.is(word))
    };
    if starts(&["CREATE", "TABLE"]) {
        return create(tokens);
    }
    if starts(&["INSERT"]) {
        return insert(tokens);
    }
    if starts(&["SET"]) {
        return settings(&tokens);
    }
    let keys = starts(&["ALTER", "TABLE"])
        && tokens.len() == 5
        && (tokens[3].is("DISABLE") || tokens[3].is("ENABLE"))
        && tokens[4].is("KEYS");
    let passed = [
        &["DROP", "TABLE"][..],
        &["LOCK", "TABLES"],
        &["UNLOCK", "TABLES"],
        &["CREATE", "DATABASE"],
        &["USE"],
    ];
    if keys || passed.iter().any(|words| starts(words)) {
        return Ok(Doing::Nothing);
    }
    let words: Vec<&str> = tokens
        .iter()
        .map_while(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            _ => None,
        })
        .take(2)
        .collect();
    Err(format!("{} is no statement that a dump of tables needs", words.join(" ").to_ascii_uppercase()))
}

/// Settings are made by loading itself; those under which a dump would mean something else are refused.
fn settings(tokens: &[Token]) -> Result<Doing, String> {
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(name) = token else { continue };
        let value = match tokens.get(at + 1) {
            Some(Token::Mark(b'=')) => tokens.get(at + 2),
            other => other,
        };
        let value = match value {
            Some(Token::Word(value)) => value.clone(),
            Some(Token::Text(value)) => String::from_utf8_lossy(value).into_owned(),
            _ => continue,
        };
        let value = value.to_ascii_lowercase();
        // With an @ it is what stood there before.
        if value.starts_with('@') {
            continue;
        }
        let name = name.trim_start_matches('@').to_ascii_lowercase();
        match name.trim_start_matches("session.") {
            "sql_mode" if value.contains("no_backslash_escapes") || value.contains("ansi") => {
                return Err("a dump that writes strings in another way (sql_mode)".into());
            }
            "names" | "character_set_client" if !value.starts_with("utf8") => {
                return Err(format!("text in {value}: dump with --default-character-set=utf8mb4"));
            }
            "time_zone" if value != "+00:00" => {
                return Err("times of another zone: dump with --tz-utc".into());
            }
            _ => {}
        }
    }
    Ok(Doing::Nothing)
}

fn name_at(tokens: &[Token], at: usize) -> Result<String, String> {
    match tokens.get(at) {
        Some(Token::Name(name) | Token::Word(name)) if tokens.get(at + 1) != Some(&Token::Mark(b'.')) => {
            Ok(name.clone())
        }
        Some(Token::Name(_) | Token::Word(_)) => {
            Err("a table of a database that is named: dump without it".into())
        }
        _ => Err("no name of a table".into()),
    }
}

fn create(mut tokens: Vec<Token>) -> Result<Doing, String> {
    let behind = if tokens.get(2).is_some_and(|token| token.is("IF")) { 5 } else { 2 };
    let name = name_at(&tokens, behind)?;
    let body: Vec<Token> = tokens.drain(behind + 1..).collect();
    if body.first() != Some(&Token::Mark(b'(')) {
        return Err("a table that is not made of columns".into());
    }
    for (at, token) in body.iter().enumerate() {
        match token {
            Token::Word(word)
                if BARRED.contains(&word.to_ascii_lowercase().as_str()) || word.contains('@') =>
            {
                return Err(format!("a table made with {}", word.to_ascii_uppercase()));
            }
            Token::Word(word) if word.eq_ignore_ascii_case("ENGINE") => {
                let given = body[at + 1..].iter().find(|token| **token != Token::Mark(b'='));
                if !given.is_some_and(|engine| ENGINES.iter().any(|known| engine.is(known))) {
                    return Err(format!("a table of an engine that is none of {}", ENGINES.join(", ")));
                }
            }
            Token::Mark(mark) if !MARKS.contains(mark) => {
                return Err(format!("a table made with {:?}", char::from(*mark)));
            }
            _ => {}
        }
    }
    Ok(Doing::Create(name, body))
}

fn insert(tokens: Vec<Token>) -> Result<Doing, String> {
    let mut at = 1;
    for word in ["IGNORE", "INTO"] {
        at += usize::from(tokens.get(at).is_some_and(|token| token.is(word)));
    }
    let name = name_at(&tokens, at)?;
    at += 1;
    let mut columns = Vec::new();
    if tokens.get(at) == Some(&Token::Mark(b'(')) {
        loop {
            columns.push(name_at(&tokens, at + 1)?);
            at += 2;
            match tokens.get(at) {
                Some(Token::Mark(b',')) => {}
                Some(Token::Mark(b')')) => break,
                _ => return Err("names of columns that do not end".into()),
            }
        }
        at += 1;
    }
    if !tokens.get(at).is_some_and(|token| token.is("VALUES") || token.is("VALUE")) {
        return Err("an INSERT of something else than values".into());
    }
    let mut rest = tokens.into_iter().skip(at + 1).peekable();
    let mut rows = Vec::new();
    loop {
        rows.push(row(&mut rest)?);
        match rest.next() {
            None => return Ok(Doing::Insert(name, columns, rows)),
            Some(Token::Mark(b',')) => {}
            Some(_) => return Err("something behind the values".into()),
        }
    }
}

fn row(tokens: &mut impl Iterator<Item = Token>) -> Result<Vec<Cell>, String> {
    if tokens.next() != Some(Token::Mark(b'(')) {
        return Err("values without a bracket".into());
    }
    let mut cells = Vec::new();
    loop {
        cells.push(value(tokens)?);
        match tokens.next() {
            Some(Token::Mark(b',')) => {}
            Some(Token::Mark(b')')) => return Ok(cells),
            _ => return Err("a value that is not plain".into()),
        }
    }
}

fn value(tokens: &mut impl Iterator<Item = Token>) -> Result<Cell, String> {
    let mut token = tokens.next();
    let mut sign = None;
    if let Some(Token::Mark(mark @ (b'-' | b'+'))) = token {
        sign = Some(mark);
        token = tokens.next();
    }
    // Of the character set that stands in front of it, as in _binary 'x', only UTF-8 and bytes are known.
    if ["_binary", "_utf8mb4", "_utf8", "_utf8mb3"]
        .iter()
        .any(|set| token.as_ref().is_some_and(|it| it.is(set)))
    {
        token = tokens.next().filter(|token| matches!(token, Token::Text(_) | Token::Bytes(_)));
    }
    match (token, sign) {
        (Some(Token::Number(digits)), Some(b'-')) => Ok(Some(format!("-{digits}").into_bytes())),
        (Some(Token::Number(digits)), _) => Ok(Some(digits.into_bytes())),
        (Some(Token::Text(bytes) | Token::Bytes(bytes)), None) => Ok(Some(bytes)),
        (Some(word), None) if word.is("NULL") => Ok(None),
        (Some(word), None) if word.is("TRUE") => Ok(Some(b"1".to_vec())),
        (Some(word), None) if word.is("FALSE") => Ok(Some(b"0".to_vec())),
        _ => Err("a value that is not plain".into()),
    }
}

/// Tokens as a statement's text, but for collations that the server does not know.
pub(super) fn written(tokens: &[Token], knows: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.is("COLLATE") {
            let given = at + 1 + usize::from(tokens.get(at + 1) == Some(&Token::Mark(b'=')));
            if matches!(tokens.get(given), Some(Token::Word(name)) if !knows(name)) {
                at = given + 1;
                continue;
            }
        }
        // Functions want their bracket at once.
        let glued = *token == Token::Mark(b'(') && at > 0 && matches!(tokens[at - 1], Token::Word(_));
        if !glued {
            text.push(' ');
        }
        write_token(token, &mut text);
        at += 1;
    }
    text
}

/// The collations that a definition names.
pub(super) fn collations(tokens: &[Token]) -> Vec<String> {
    let behind = tokens.windows(3).filter(|three| three[0].is("COLLATE"));
    let names = behind.filter_map(|three| match (&three[1], &three[2]) {
        (Token::Word(name), _) | (Token::Mark(b'='), Token::Word(name)) => Some(name.clone()),
        _ => None,
    });
    let last = match tokens {
        [.., word, Token::Word(name)] if word.is("COLLATE") => Some(name.clone()),
        _ => None,
    };
    let mut found: Vec<String> = names.chain(last).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn write_token(token: &Token, text: &mut String) {
    match token {
        Token::Word(word) | Token::Number(word) => text.push_str(word),
        Token::Name(name) => {
            text.push('`');
            text.push_str(&name.replace('`', "``"));
            text.push('`');
        }
        Token::Text(bytes) => {
            let plain = String::from_utf8_lossy(bytes);
            text.push('\'');
            text.push_str(&plain.replace('\\', "\\\\").replace('\'', "''"));
            text.push('\'');
        }
        Token::Bytes(bytes) => {
            text.push_str("x'");
            bytes.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
            text.push('\'');
        }
        Token::Mark(mark) => text.push(char::from(*mark)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Tokens;
    use super::*;

    fn of(text: &str) -> Result<Doing, String> {
        judge(Tokens::new(format!("{text};").as_bytes()).statement().unwrap().unwrap().tokens)
    }

    #[test]
    fn rows_of_plain_values_are_read() {
        let doing = of("INSERT INTO `t` (`a`, b) VALUES (1,'x'),(-2.5,NULL),(_binary 'y',0x41)").unwrap();
        let cell = |text: &str| Some(text.as_bytes().to_vec());
        let rows = vec![vec![cell("1"), cell("x")], vec![cell("-2.5"), None], vec![cell("y"), cell("A")]];
        assert_eq!(doing, Doing::Insert("t".into(), vec!["a".into(), "b".into()], rows));
    }

    #[test]
    fn what_a_dump_needs_beside_is_done_anyway() {
        for text in [
            "DROP TABLE IF EXISTS `t`",
            "LOCK TABLES `t` WRITE",
            "UNLOCK TABLES",
            "ALTER TABLE `t` DISABLE KEYS",
            "SET NAMES utf8mb4",
            "SET @OLD_TIME_ZONE=@@TIME_ZONE",
            "SET TIME_ZONE='+00:00'",
            "SET TIME_ZONE=@OLD_TIME_ZONE",
            "SET @@GLOBAL.GTID_PURGED= ''",
            "SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
            "SET character_set_client = @saved_cs_client",
            "CREATE DATABASE IF NOT EXISTS `d`",
            "USE `d`",
        ] {
            assert_eq!(of(text), Ok(Doing::Nothing), "{text}");
        }
    }

    #[test]
    fn all_else_is_refused() {
        for (text, why) in [
            ("DROP DATABASE d", "DROP DATABASE"),
            ("DELETE FROM t", "DELETE FROM"),
            ("DELIMITER //", "DELIMITER"),
            ("GRANT ALL ON *.* TO x", "GRANT ALL"),
            ("CREATE TRIGGER x", "CREATE TRIGGER"),
            ("ALTER TABLE t ADD COLUMN x INT", "ALTER TABLE"),
            ("LOAD DATA INFILE 'x' INTO TABLE t", "LOAD DATA"),
            ("INSERT INTO t SELECT * FROM mysql.user", "else than values"),
            ("INSERT INTO t VALUES ((SELECT 1))", "not plain"),
            ("INSERT INTO t VALUES (load_file('/etc/passwd'))", "not plain"),
            ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a=1", "behind the values"),
            ("INSERT INTO mysql.user VALUES (1)", "database"),
            ("CREATE TABLE t AS SELECT 1", "columns"),
            ("CREATE TABLE t (a INT) AS SELECT 1", "AS"),
            ("CREATE TABLE t LIKE u", "columns"),
            ("CREATE TABLE t (a INT) ENGINE=FEDERATED CONNECTION='mysql://x'", "engine"),
            ("CREATE TABLE t (a INT) DATA DIRECTORY='/tmp'", "DIRECTORY"),
            ("CREATE TABLE d.t (a INT)", "database"),
            ("SET sql_mode='NO_BACKSLASH_ESCAPES'", "sql_mode"),
            ("SET NAMES latin1", "utf8mb4"),
            ("SET NAMES 'latin1'", "utf8mb4"),
            ("SET character_set_client = cp1252", "utf8mb4"),
            ("SET @@sql_mode = 'ANSI'", "sql_mode"),
            ("SET TIME_ZONE='+05:00'", "zone"),
        ] {
            let said = of(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn tables_are_written_anew() {
        let doing = of(
            "CREATE TABLE IF NOT EXISTS `t` (`a``b` varchar(5) COLLATE utf8mb4_0900_ai_ci DEFAULT 'it''s \\\\', \
             KEY `k` (`a``b`)) ENGINE=InnoDB COLLATE=utf8mb4_0900_ai_ci",
        );
        let Ok(Doing::Create(name, body)) = doing else { unreachable!() };
        assert_eq!(name, "t");
        assert_eq!(collations(&body), ["utf8mb4_0900_ai_ci"]);
        assert_eq!(
            written(&body, |_| false),
            " ( `a``b` varchar( 5 ) DEFAULT 'it''s \\\\' , KEY `k` ( `a``b` ) ) ENGINE = InnoDB"
        );
        assert!(written(&body, |_| true).ends_with("COLLATE = utf8mb4_0900_ai_ci"));
    }
}
