//! What is wrong with a field: stable codes, and the list that becomes `_errors`.

use crate::parse::{Span, Tag};

use super::builder::Input;

/// Most characters of a bad value that `_errors` keeps.
pub(super) const MAX_VALUE_CHARS: usize = 1_000;

/// Why a field became null. The spelling is part of the data contract; a code belongs to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// A JSON type that the rule does not name.
    WrongType,
    /// The count rule.
    InvalidFollowerCount,
    /// The coordinates rule.
    InvalidCoordinates,
    /// The timestamp rule.
    InvalidTimestamp,
    /// The integer rule.
    InvalidAge,
    /// The number rule.
    InvalidNumber,
}

/// Every field code, in a stable order.
pub const ERROR_CODES: [ErrorCode; 6] = [
    ErrorCode::WrongType,
    ErrorCode::InvalidFollowerCount,
    ErrorCode::InvalidCoordinates,
    ErrorCode::InvalidTimestamp,
    ErrorCode::InvalidAge,
    ErrorCode::InvalidNumber,
];

impl ErrorCode {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongType => "wrong_type",
            Self::InvalidFollowerCount => "invalid_follower_count",
            Self::InvalidCoordinates => "invalid_coordinates",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::InvalidAge => "invalid_age",
            Self::InvalidNumber => "invalid_number",
        }
    }
}

/// One entry of `_errors`.
#[derive(Debug)]
pub(crate) struct Problem<'k> {
    pub(crate) row: u32,
    pub(crate) column: &'k str,
    pub(crate) code: ErrorCode,
    pub(crate) value: String,
}

/// A batch's problems, in plan order first, then sorted by row.
#[derive(Debug, Default)]
pub(crate) struct Problems<'k> {
    pub(crate) list: Vec<Problem<'k>>,
}

impl<'k> Problems<'k> {
    /// Notes a bad field with its JSON source text.
    #[cold]
    pub(crate) fn push(
        &mut self,
        input: &Input<'_>,
        row: usize,
        column: &'k str,
        code: ErrorCode,
        span: Span,
    ) {
        self.push_text(row, column, code, &String::from_utf8_lossy(span.source(input.bytes)));
    }

    /// Notes a bad pair of fields as one JSON object.
    #[cold]
    pub(crate) fn push_pair(
        &mut self,
        input: &Input<'_>,
        row: usize,
        column: &'k str,
        code: ErrorCode,
        pair: [(&str, Span); 2],
    ) {
        let text = |span: Span| match span.tag {
            Tag::Absent => "null".into(),
            _ => String::from_utf8_lossy(span.source(input.bytes)),
        };
        let [(first, a), (second, b)] = pair;
        let names = [first, second].map(|name| serde_json::Value::from(name).to_string());
        let value = format!("{{{}:{},{}:{}}}", names[0], text(a), names[1], text(b));
        self.push_text(row, column, code, &value);
    }

    fn push_text(&mut self, row: usize, column: &'k str, code: ErrorCode, value: &str) {
        let end = value.char_indices().nth(MAX_VALUE_CHARS).map_or(value.len(), |(at, _)| at);
        self.list.push(Problem {
            row: u32::try_from(row).unwrap_or(u32::MAX),
            column,
            code,
            value: value[..end].to_owned(),
        });
    }

    /// Brings the entries into row order; within a row they keep the plan's.
    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|problem| problem.row);
    }
}
