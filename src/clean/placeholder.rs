//! Placeholders: values that stand for "missing" in tables that hold no NULL.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::builder::Input;
use crate::error::{Error, Result};
use crate::parse::{Span, Tag};

/// Compiled size limit of one user-given expression, bytes: what a worker will spend on it.
const REGEX_SIZE_LIMIT: usize = 1 << 20;

/// One placeholder: an exact value, or a regular expression that the whole value must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Placeholder {
    /// The whole value, byte for byte.
    Exact(String),
    /// An expression of the `regex` crate (linear time), anchored at both ends.
    Pattern {
        /// The expression.
        regex: String,
    },
}

impl Placeholder {
    /// An exact placeholder.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self::Exact(text.into())
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// [`Error::Config`] if the expression does not compile.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Exact(_) => Ok(()),
            Self::Pattern { regex } => compile(regex).map(|_| ()),
        }
    }
}

fn compile(expression: &str) -> Result<Regex> {
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .size_limit(REGEX_SIZE_LIMIT)
            .build()
            .map_err(|error| Error::Config(format!("placeholder regex {expression:?}: {error}")))
    };
    // By itself first: `a)|(?:b` would close the group and leave the anchors.
    build(expression)?;
    build(&format!("^(?:{expression})$"))
}

/// A column's placeholders, ready to match.
#[derive(Debug, Clone, Default)]
pub struct Placeholders {
    exact: Vec<String>,
    patterns: Vec<Regex>,
}

impl Placeholders {
    /// Compiles a column's placeholders.
    ///
    /// # Errors
    /// [`Error::Config`] if an expression does not compile.
    pub fn new(placeholders: &[Placeholder]) -> Result<Self> {
        let mut ready = Self::default();
        for placeholder in placeholders {
            match placeholder {
                Placeholder::Exact(text) => ready.exact.push(text.clone()),
                Placeholder::Pattern { regex } => ready.patterns.push(compile(regex)?),
            }
        }
        Ok(ready)
    }

    /// Whether a value means "missing": the empty string always does.
    #[inline]
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        value.is_empty() || self.lists(value)
    }

    /// Whether a field is a text that was listed: for rules to which the empty string is a bad value.
    #[inline]
    pub(crate) fn stand_for(&self, input: &Input<'_>, span: Span, scratch: &mut Vec<u8>) -> bool {
        let none = self.exact.is_empty() && self.patterns.is_empty();
        !none && matches!(span.tag, Tag::Text | Tag::Escaped) && self.lists(input.text(span, scratch))
    }

    #[inline]
    fn lists(&self, value: &[u8]) -> bool {
        self.exact.iter().any(|text| text.as_bytes() == value)
            || self.patterns.iter().any(|pattern| pattern.is_match(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_values_match_whole_and_patterns_are_anchored() {
        let both =
            [Placeholder::exact("No Title Data Available"), Placeholder::Pattern { regex: "n/?a|-+".into() }];
        let ready = Placeholders::new(&both).unwrap();
        for missing in ["", "No Title Data Available", "na", "n/a", "---"] {
            assert!(ready.matches(missing.as_bytes()), "{missing}");
        }
        for kept in ["Untitled", "No Title Data Available ", "nap", "a n/a", " "] {
            assert!(!ready.matches(kept.as_bytes()), "{kept}");
        }
    }

    #[test]
    fn a_broken_or_huge_expression_is_a_config_error() {
        for regex in ["(", "(a{1000}){1000}", "a)|(?:b", "a)(?:b"] {
            let bad = Placeholder::Pattern { regex: regex.into() };
            assert!(matches!(bad.check(), Err(Error::Config(_))));
        }
    }
}
