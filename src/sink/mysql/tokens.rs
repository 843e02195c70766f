//! A dump cut into statements, and these into tokens: strings, comments and `;` as MySQL reads them.
//!
//! A statement is read whole; the next one only when it is asked for.

use std::io::Read;

/// The longest statement that is read. `mysqldump` ends an INSERT below 1 MiB unless it is told otherwise,
/// and a server takes no more than 1 GiB.
const MAX_STATEMENT: usize = 64 << 20;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// `/*!50701 …*/` and above is run by newer servers of MySQL only, MariaDB passes over it; what stands
/// below is run by all. From MariaDB's documentation of comments.
const NEWER: u32 = 50_700;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a keyword as it stands, `@variables` included.
    Word(String),
    /// A name in backticks.
    Name(String),
    /// A string, its escapes undone.
    Text(Vec<u8>),
    /// A number as it stands, without sign.
    Number(String),
    /// Bytes given in hexadecimal digits or bits.
    Bytes(Vec<u8>),
    /// Any other character.
    Mark(u8),
}

impl Token {
    /// Whether it is a certain word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }
}

/// A statement and the line that it begins in.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) line: u64,
    pub(super) tokens: Vec<Token>,
}

/// What cannot be read, and where.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) line: u64,
    pub(super) why: String,
}

/// Reads statements.
pub(super) struct Tokens<R: Read> {
    from: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    line: u64,
    /// In a comment whose content is run.
    inside: bool,
    /// Bytes of the statement so far.
    taken: usize,
}

impl<R: Read> Tokens<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), at: 0, ended: false, line: 1, inside: false, taken: 0 }
    }

    /// The next statement; `None` at the end.
    ///
    /// # Errors
    /// Where strings, comments or statements do not end, or something is no token.
    pub(super) fn statement(&mut self) -> Result<Option<Statement>, Unreadable> {
        let mut tokens = Vec::new();
        let mut line = self.line;
        self.taken = 0;
        loop {
            self.skip_blanks()?;
            if tokens.is_empty() {
                line = self.line;
            }
            match self.token()? {
                Some(Token::Mark(b';')) if tokens.is_empty() => {}
                Some(Token::Mark(b';')) => return Ok(Some(Statement { line, tokens })),
                Some(token) => tokens.push(token),
                None if tokens.is_empty() && !self.inside => return Ok(None),
                None => {
                    let why = "the file ends in the middle of a statement: it is not whole".into();
                    return Err(Unreadable { line, why });
                }
            }
        }
    }

    fn wrong<T>(&self, why: impl Into<String>) -> Result<T, Unreadable> {
        Err(Unreadable { line: self.line, why: why.into() })
    }

    /// The byte so far ahead, if there is one.
    fn peek(&mut self, ahead: usize) -> Result<Option<u8>, Unreadable> {
        while !self.ended && self.at + ahead >= self.buffer.len() {
            self.buffer.drain(..self.at);
            self.at = 0;
            let had = self.buffer.len();
            self.buffer.resize(had + BLOCK, 0);
            match self.from.read(&mut self.buffer[had..]) {
                Ok(count) => {
                    self.buffer.truncate(had + count);
                    self.ended = count == 0;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => self.buffer.truncate(had),
                Err(error) => {
                    self.buffer.truncate(had);
                    return self.wrong(format!("cannot be read: {error}"));
                }
            }
        }
        Ok(self.buffer.get(self.at + ahead).copied())
    }

    fn starts_with(&mut self, text: &[u8]) -> Result<bool, Unreadable> {
        for (ahead, byte) in text.iter().enumerate() {
            if self.peek(ahead)? != Some(*byte) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a byte.
    fn next(&mut self) -> Result<Option<u8>, Unreadable> {
        let byte = self.peek(0)?;
        if byte.is_some() {
            self.at += 1;
            self.taken += 1;
            if self.taken > MAX_STATEMENT {
                return self.wrong(format!("a statement of more than {} MiB", MAX_STATEMENT >> 20));
            }
        }
        if byte == Some(b'\n') {
            self.line += 1;
        }
        Ok(byte)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Unreadable> {
        (0..bytes).try_for_each(|_| self.next().map(|_| ()))
    }

    /// Passes over blanks and comments, and over the marks of comments whose content is run.
    fn skip_blanks(&mut self) -> Result<(), Unreadable> {
        loop {
            match self.peek(0)? {
                Some(byte) if byte.is_ascii_whitespace() => self.skip(1)?,
                Some(b'#') => self.skip_line()?,
                Some(b'-') if self.is_dashes()? => self.skip_line()?,
                Some(b'/') if self.peek(1)? == Some(b'*') => self.comment()?,
                Some(b'*') if self.inside && self.peek(1)? == Some(b'/') => {
                    self.inside = false;
                    self.skip(2)?;
                }
                // A mark of byte order, or nothing.
                Some(0xef) if self.line == 1 && self.starts_with(b"\xef\xbb\xbf")? => self.skip(3)?,
                _ => return Ok(()),
            }
        }
    }

    /// Two dashes begin a comment before a blank only: `5--3` is a difference.
    fn is_dashes(&mut self) -> Result<bool, Unreadable> {
        Ok(self.peek(1)? == Some(b'-') && self.peek(2)?.is_none_or(|byte| byte.is_ascii_whitespace()))
    }

    fn skip_line(&mut self) -> Result<(), Unreadable> {
        while !matches!(self.next()?, None | Some(b'\n')) {
            // A long one is no part of a statement.
            self.taken = self.taken.saturating_sub(1);
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), Unreadable> {
        let run = if self.starts_with(b"/*!")? {
            Some(3)
        } else if self.starts_with(b"/*M!")? {
            Some(4)
        } else {
            None
        };
        if let Some(length) = run {
            if self.inside {
                return self.wrong("a comment in a comment");
            }
            self.skip(length)?;
            let mut version = 0_u32;
            while let Some(digit @ b'0'..=b'9') = self.peek(0)? {
                version = version.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
                self.skip(1)?;
            }
            if version <= NEWER {
                self.inside = true;
                return Ok(());
            }
        } else {
            self.skip(2)?;
        }
        while !self.starts_with(b"*/")? {
            if self.next()?.is_none() {
                return self.wrong("a comment that is never closed");
            }
        }
        self.skip(2)
    }

    fn token(&mut self) -> Result<Option<Token>, Unreadable> {
        let Some(byte) = self.peek(0)? else { return Ok(None) };
        let behind = self.peek(1)?;
        Ok(Some(match byte {
            b'\'' | b'"' => Token::Text(self.quoted(byte, true)?),
            b'`' => match String::from_utf8(self.quoted(byte, false)?) {
                Ok(name) => Token::Name(name),
                Err(_) => return self.wrong("a name that is not UTF-8"),
            },
            b'x' | b'X' if behind == Some(b'\'') => {
                self.skip(1)?;
                let digits = self.quoted(b'\'', false)?;
                Token::Bytes(self.digits(&digits, 16)?)
            }
            b'b' | b'B' if behind == Some(b'\'') => {
                self.skip(1)?;
                let digits = self.quoted(b'\'', false)?;
                Token::Bytes(self.digits(&digits, 2)?)
            }
            b'0' if matches!(behind, Some(b'x')) => {
                self.skip(2)?;
                let digits = self.run_of(|byte| byte.is_ascii_hexdigit())?;
                Token::Bytes(self.digits(digits.as_bytes(), 16)?)
            }
            b'0'..=b'9' => self.number()?,
            b'.' if behind.is_some_and(|byte| byte.is_ascii_digit()) => self.number()?,
            byte if is_word(byte) => Token::Word(self.run_of(is_word)?),
            byte => {
                self.skip(1)?;
                Token::Mark(byte)
            }
        }))
    }

    fn run_of(&mut self, of: impl Fn(u8) -> bool) -> Result<String, Unreadable> {
        let mut bytes = Vec::new();
        while let Some(byte) = self.peek(0)?.filter(|byte| of(*byte)) {
            bytes.push(byte);
            self.skip(1)?;
        }
        String::from_utf8(bytes).or_else(|_| self.wrong("a word that is not UTF-8"))
    }

    fn number(&mut self) -> Result<Token, Unreadable> {
        let mut text = self.run_of(|byte| byte.is_ascii_digit() || byte == b'.')?;
        if matches!(self.peek(0)?, Some(b'e' | b'E')) {
            let signed = matches!(self.peek(1)?, Some(b'+' | b'-'));
            if self.peek(1 + usize::from(signed))?.is_some_and(|byte| byte.is_ascii_digit()) {
                for _ in 0..1 + usize::from(signed) {
                    text.extend(self.next()?.map(char::from));
                }
                text.push_str(&self.run_of(|byte| byte.is_ascii_digit())?);
            }
        }
        if self.peek(0)?.is_some_and(is_word) || text.bytes().filter(|byte| *byte == b'.').count() > 1 {
            return self.wrong("a number that is none");
        }
        Ok(Token::Number(text))
    }

    /// What stands between quotes; two of them are one, and strings have escapes.
    fn quoted(&mut self, quote: u8, escapes: bool) -> Result<Vec<u8>, Unreadable> {
        let begun = self.line;
        let mut text = Vec::new();
        self.skip(1)?;
        loop {
            match self.next()? {
                None => {
                    let why = "a quote that is never closed".into();
                    return Err(Unreadable { line: begun, why });
                }
                Some(byte) if byte == quote => {
                    if self.peek(0)? != Some(quote) {
                        return Ok(text);
                    }
                    self.skip(1)?;
                    text.push(quote);
                }
                Some(b'\\') if escapes => match self.next()? {
                    Some(byte) => unescape(byte, &mut text),
                    None => return self.wrong("a quote that is never closed"),
                },
                Some(byte) => text.push(byte),
            }
        }
    }

    /// Digits as bytes; an odd first one stands alone.
    fn digits(&self, digits: &[u8], base: u32) -> Result<Vec<u8>, Unreadable> {
        let a_byte = if base == 16 { 2 } else { 8 };
        let mut values = Vec::with_capacity(digits.len());
        for digit in digits {
            match char::from(*digit).to_digit(base) {
                Some(value) => values.push(value),
                None => return self.wrong("digits that are none"),
            }
        }
        let one = |part: &[u32]| part.iter().fold(0, |number, digit| number * base + digit).to_le_bytes()[0];
        let (first, rest) = values.split_at(values.len() % a_byte);
        let first = (!first.is_empty()).then(|| one(first));
        Ok(first.into_iter().chain(rest.chunks(a_byte).map(one)).collect())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@') || byte >= 0x80
}

/// MySQL's escapes: `\%` and `\_` stay as they are, any other character stands for itself.
fn unescape(byte: u8, text: &mut Vec<u8>) {
    match byte {
        b'0' => text.push(0),
        b'b' => text.push(8),
        b'n' => text.push(b'\n'),
        b'r' => text.push(b'\r'),
        b't' => text.push(b'\t'),
        b'Z' => text.push(0x1a),
        b'%' | b'_' => text.extend([b'\\', byte]),
        byte => text.push(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Result<Vec<(u64, Vec<Token>)>, Unreadable> {
        let mut tokens = Tokens::new(text);
        let mut found = Vec::new();
        while let Some(statement) = tokens.statement()? {
            found.push((statement.line, statement.tokens));
        }
        Ok(found)
    }

    fn word(text: &str) -> Token {
        Token::Word(text.into())
    }

    #[test]
    fn strings_keep_what_would_end_a_statement() {
        let text = br#"INSERT 'a;b''c\'d\\', "e""f\n\%\0", `x``;y`, -1.5e-3 ,0xFf0,x'0a',b'101';"#;
        let (line, tokens) = all(text).unwrap().remove(0);
        assert_eq!(line, 1);
        let wanted = [
            word("INSERT"),
            Token::Text(br"a;b'c'd\".to_vec()),
            Token::Mark(b','),
            Token::Text(b"e\"f\n\\%\0".to_vec()),
            Token::Mark(b','),
            Token::Name("x`;y".into()),
            Token::Mark(b','),
            Token::Mark(b'-'),
            Token::Number("1.5e-3".into()),
            Token::Mark(b','),
            Token::Bytes(vec![0x0f, 0xf0]),
            Token::Mark(b','),
            Token::Bytes(vec![10]),
            Token::Mark(b','),
            Token::Bytes(vec![5]),
        ];
        assert_eq!(tokens, wanted);
    }

    #[test]
    fn comments_are_passed_over_or_run() {
        let text = b"\xef\xbb\xbf-- a; b\n# c;\n/* d;\n */ /*!40101 SET @x=1 */;\n/*M!999999\\- sandbox; */ \
                     SELECT/*!80016 new */ 5--3 ;;\n--\n";
        let found = all(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, 4);
        assert_eq!(found[0].1, [word("SET"), word("@x"), Token::Mark(b'='), Token::Number("1".into())]);
        assert_eq!(found[1].0, 5);
        assert_eq!(found[1].1.len(), 5);
    }

    #[test]
    fn what_does_not_end_is_named_by_its_line() {
        for (text, line, why) in [
            (&b"A;\nB"[..], 2, "not whole"),
            (b"A;\n\n'b\nc", 3, "never closed"),
            (b"/* a", 1, "never closed"),
            (b"/*!40101 SET a=1;", 1, "not whole"),
            (b"A 'b\\", 1, "never closed"),
            (b"A 1b;", 1, "no"),
            (b"A \xff;", 1, "UTF-8"),
        ] {
            let error = all(text).unwrap_err();
            assert!(error.line == line && error.why.contains(why), "{error:?}");
        }
    }

    #[test]
    fn blocks_end_anywhere() {
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
                let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
                to[0] = *first;
                self.0 = rest;
                Ok(1)
            }
        }
        let text = b"/*!40101 A 'x''y\\n' */ -- z\n;".as_slice();
        let slow = Tokens::new(Slow(text)).statement().unwrap().unwrap();
        assert_eq!(slow.tokens, all(text).unwrap().remove(0).1);
    }
}
