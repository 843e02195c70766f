//! A strict scanner of JSON text (RFC 8259): finds where values end, builds nothing.

use super::code::RejectCode;
use super::find::string_stop;
use super::{MAX_DEPTH, is_blank};

/// What a span of JSON text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tag {
    /// Not there.
    #[default]
    Absent,
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number without fraction and exponent.
    Integer,
    /// A number with a fraction or an exponent.
    Fraction,
    /// A string without escapes; the span leaves the quotes out.
    Text,
    /// A string with escapes; the span leaves the quotes out.
    Escaped,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// A value's place in the chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What it is.
    pub tag: Tag,
}

impl Span {
    /// Its bytes; a string's without the quotes.
    #[inline]
    #[must_use]
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Why scanning stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Not JSON.
    Syntax,
    /// One bracket too many.
    TooDeep,
    /// The bytes ended inside a value.
    End,
}

/// Scans one run of bytes. Positions are those of the whole chunk.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at `at`; `depth` brackets are open already. The chunk ends where `bytes` ends.
    pub(crate) const fn new(bytes: &'a [u8], at: usize, depth: usize) -> Self {
        Self { bytes, at, depth }
    }

    /// Brackets open here.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// Goes back to a place at which `depth` brackets were open.
    pub(crate) const fn rewind(&mut self, at: usize, depth: usize) {
        self.at = at;
        self.depth = depth;
    }

    /// The next byte, not taken.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(crate) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    /// Takes a byte if it is the next one.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// Takes bytes if they are the next ones.
    #[inline]
    pub(crate) fn take_all(&mut self, wanted: &[u8]) -> bool {
        let is = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(wanted));
        self.at += if is { wanted.len() } else { 0 };
        is
    }

    /// Opens a bracket that was taken.
    #[inline]
    pub(crate) const fn open(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        Ok(())
    }

    /// Closes a bracket.
    #[inline]
    pub(crate) const fn close(&mut self) {
        self.depth -= 1;
    }

    /// What is wrong with the next byte: nothing there, or the wrong thing.
    #[inline]
    pub(crate) fn wrong(&self) -> Stop {
        if self.at >= self.bytes.len() { Stop::End } else { Stop::Syntax }
    }

    /// A value that starts here.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Span, Stop> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') => self.nested(),
            Some(b't') => self.word(b"true", Tag::True),
            Some(b'f') => self.word(b"false", Tag::False),
            Some(b'n') => self.word(b"null", Tag::Null),
            _ => Err(self.wrong()),
        }
    }

    #[inline]
    fn span(&self, start: usize, end: usize, tag: Tag) -> Span {
        #[allow(clippy::cast_possible_truncation, reason = "a chunk has fewer than 2^32 bytes")]
        Span { start: start as u32, end: end as u32, tag }
    }

    fn word(&mut self, word: &[u8], tag: Tag) -> Result<Span, Stop> {
        let start = self.at;
        if self.take_all(word) {
            return Ok(self.span(start, self.at, tag));
        }
        let rest = self.bytes.get(start..).unwrap_or_default();
        Err(if word.starts_with(rest) { Stop::End } else { Stop::Syntax })
    }

    /// A string that starts here; the opening quote is not taken yet.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Span, Stop> {
        let start = self.at + 1;
        let mut at = start;
        let mut tag = Tag::Text;
        loop {
            at = string_stop(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    tag = Tag::Escaped;
                    at = self.escape(at)?;
                }
                Some(_) => return Err(Stop::Syntax),
                None => return Err(Stop::End),
            }
        }
        self.at = at + 1;
        Ok(self.span(start, at, tag))
    }

    /// The end of an escape that starts at `at`; a lone surrogate is no JSON text.
    fn escape(&self, at: usize) -> Result<usize, Stop> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match self.hex(at + 2)? {
                0xD800..=0xDBFF => {
                    for (place, byte) in [(at + 6, b'\\'), (at + 7, b'u')] {
                        match self.bytes.get(place) {
                            Some(&found) if found == byte => {}
                            Some(_) => return Err(Stop::Syntax),
                            None => return Err(Stop::End),
                        }
                    }
                    match self.hex(at + 8)? {
                        0xDC00..=0xDFFF => Ok(at + 12),
                        _ => Err(Stop::Syntax),
                    }
                }
                0xDC00..=0xDFFF => Err(Stop::Syntax),
                _ => Ok(at + 6),
            },
            Some(_) => Err(Stop::Syntax),
            None => Err(Stop::End),
        }
    }

    fn hex(&self, at: usize) -> Result<u32, Stop> {
        let mut unit = 0;
        for place in at..at + 4 {
            let byte = *self.bytes.get(place).ok_or(Stop::End)?;
            let digit = char::from(byte).to_digit(16).ok_or(Stop::Syntax)?;
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    #[inline]
    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    #[inline]
    fn number(&mut self) -> Result<Span, Stop> {
        let start = self.at;
        self.take(b'-');
        // A leading zero stands alone.
        if !self.take(b'0') && !self.digits() {
            return Err(self.wrong());
        }
        let mut tag = Tag::Integer;
        if self.take(b'.') {
            tag = Tag::Fraction;
            if !self.digits() {
                return Err(self.wrong());
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            tag = Tag::Fraction;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.wrong());
            }
        }
        Ok(self.span(start, self.at, tag))
    }

    /// An object or an array, passed over without recursion.
    fn nested(&mut self) -> Result<Span, Stop> {
        let start = self.at;
        let floor = self.depth;
        let tag = if self.peek() == Some(b'{') { Tag::Object } else { Tag::Array };
        // A bit an open bracket, the innermost lowest: 1 is an object. MAX_DEPTH is 128.
        let mut objects: u128 = 0;
        loop {
            // A value starts here.
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    self.open()?;
                    let object = bracket == b'{';
                    objects = objects << 1 | u128::from(object);
                    self.skip_blanks();
                    if self.take(if object { b'}' } else { b']' }) {
                        self.close();
                        objects >>= 1;
                    } else {
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                _ => {
                    self.value()?;
                }
            }
            // A value ended: close what closes here, or go on behind a comma.
            loop {
                if self.depth == floor {
                    return Ok(self.span(start, self.at, tag));
                }
                self.skip_blanks();
                let object = objects & 1 == 1;
                if self.take(b',') {
                    self.skip_blanks();
                    if object {
                        self.key()?;
                    }
                    break;
                }
                if !self.take(if object { b'}' } else { b']' }) {
                    return Err(self.wrong());
                }
                self.close();
                objects >>= 1;
            }
        }
    }

    /// A key, its colon, and the blanks around them.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Span, Stop> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong());
        }
        let key = self.string()?;
        self.skip_blanks();
        if !self.take(b':') {
            return Err(self.wrong());
        }
        self.skip_blanks();
        Ok(key)
    }
}

/// Why the value that `start` begins with is no record, and where in it that shows; `None` if so much
/// of it may be the start of one. A bad byte comes first, unless too many brackets were open before.
#[must_use]
pub fn fault(start: &[u8]) -> Option<(RejectCode, usize)> {
    let mut scanner = Scanner::new(start, 0, 0);
    let stop = scanner.value().err();
    // A character that the end cuts is none: it has no length.
    let bad = std::str::from_utf8(start).err().filter(|error| error.error_len().is_some());
    match (stop, bad.map(|error| error.valid_up_to())) {
        (Some(Stop::TooDeep), bad) if bad.is_none_or(|at| at >= scanner.at) => {
            Some((RejectCode::TooDeep, scanner.at))
        }
        (_, Some(at)) => Some((RejectCode::InvalidUtf8, at)),
        (Some(Stop::Syntax | Stop::TooDeep), None) => Some((RejectCode::NotJson, scanner.at)),
        (Some(Stop::End) | None, None) => None,
    }
}

/// What [`next_value`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Only blanks up to the end.
    Blank,
    /// A whole value.
    Value {
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
        /// What it is.
        tag: Tag,
    },
    /// A value starts at `start`, but the bytes end before it does.
    Unfinished {
        /// First byte.
        start: usize,
        /// Whether it is an array, which has a limit of its own.
        array: bool,
    },
    /// What starts at `start` is not JSON, or too deep.
    Bad {
        /// First byte.
        start: usize,
    },
}

/// The next top-level value at or behind `at`. With `more`, bytes may follow those given, so a
/// number at the very end counts as unfinished.
///
/// ```
/// use pinlake::parse::{Next, Tag, next_value};
/// let next = next_value(b"{} {\"a\":1}", 2, false);
/// assert_eq!(next, Next::Value { start: 3, end: 10, tag: Tag::Object });
/// ```
#[must_use]
pub fn next_value(bytes: &[u8], at: usize, more: bool) -> Next {
    let mut scanner = Scanner::new(bytes, at, 0);
    scanner.skip_blanks();
    let start = scanner.at;
    let Some(first) = scanner.peek() else {
        return Next::Blank;
    };
    let array = first == b'[';
    match scanner.value() {
        Ok(span) if more && scanner.at == bytes.len() && matches!(span.tag, Tag::Integer | Tag::Fraction) => {
            Next::Unfinished { start, array }
        }
        Ok(span) => Next::Value { start, end: scanner.at, tag: span.tag },
        Err(Stop::End) if more => Next::Unfinished { start, array },
        Err(_) => Next::Bad { start },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_where_it_shows() {
        let deep = [b'['; MAX_DEPTH + 1];
        let bad_then_deep = [b"[\"\xff\",", &deep[..]].concat();
        for (start, want) in [
            (&b"{\"a\":1,\"b\""[..], None),
            (b"[1,tru", None),
            (b"\"\xc3", None),
            (b"x{}", Some((RejectCode::NotJson, 0))),
            (b"{\"a\":1 \"b\"", Some((RejectCode::NotJson, 7))),
            (b"[1,]", Some((RejectCode::NotJson, 3))),
            (b"[\"\xff\"]", Some((RejectCode::InvalidUtf8, 2))),
            (b"x \xff", Some((RejectCode::InvalidUtf8, 2))),
            (&deep, Some((RejectCode::TooDeep, MAX_DEPTH + 1))),
            (&bad_then_deep, Some((RejectCode::InvalidUtf8, 2))),
        ] {
            assert_eq!(fault(start), want, "{}", String::from_utf8_lossy(start));
        }
    }
}
