//! Sequence numbers: decimal digits, compared as the numbers they are.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Most digits of a sequence number in `_source` (RULES: 56, zeros in front).
const DIGITS: usize = 56;

/// A record's place in its shard.
///
/// They are 56 digits as a rule, too long for any integer: kept as text, compared as numbers.
///
/// ```
/// use pinlake::source::kinesis::Sequence;
/// let number = |digits: &str| Sequence::parse(digits);
/// assert!(number("9")? < number("10")?);
/// assert!(number("x1").is_err());
/// # Ok::<(), pinlake::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sequence(String);

impl Sequence {
    /// A sequence number of its digits; zeros in front say nothing.
    ///
    /// # Errors
    /// [`Error::Source`] for other than digits, or more of them than a position has room for.
    pub fn parse(digits: &str) -> Result<Self> {
        let significant = digits.trim_start_matches('0');
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || significant.len() > DIGITS {
            return Err(Error::Source(format!(
                "{digits:?} is no sequence number of at most {DIGITS} digits"
            )));
        }
        Ok(Self(if significant.is_empty() { "0".into() } else { significant.to_owned() }))
    }

    /// Its digits, without zeros in front.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its digits as `_source` has them: as many as are compared as text.
    #[must_use]
    pub fn padded(&self) -> String {
        format!("{:0>DIGITS$}", self.0)
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Sequence {
    type Error = Error;

    fn try_from(digits: String) -> Result<Self> {
        Self::parse(&digits)
    }
}

impl From<Sequence> for String {
    fn from(sequence: Sequence) -> Self {
        sequence.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_compared_as_numbers_and_padded_as_text() {
        let sorted = ["0", "9", "10", "49", "100", &"9".repeat(55), &"1".repeat(56)];
        let numbers: Vec<_> = sorted.iter().map(|digits| Sequence::parse(digits).unwrap()).collect();
        assert!(numbers.is_sorted());
        assert!(numbers.iter().map(Sequence::padded).is_sorted());
        assert_eq!(Sequence::parse("007").unwrap(), Sequence::parse("7").unwrap());
        assert_eq!(Sequence::parse("000").unwrap().as_str(), "0");
    }

    #[test]
    fn what_is_no_number_or_too_long_is_refused() {
        for digits in ["", "-1", "1e3", " 1", &"1".repeat(57)] {
            assert!(matches!(Sequence::parse(digits), Err(Error::Source(_))), "{digits}");
        }
        assert!(serde_json::from_str::<Sequence>("\"x\"").is_err());
        assert_eq!(serde_json::from_str::<Sequence>("\"12\"").unwrap().to_string(), "12");
    }
}
