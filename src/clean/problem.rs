//! What is wrong with a field: stable codes, and the list that becomes `_errors`.

use super::builder::Input;
use crate::parse::{Span, Tag, push_canonical, push_string};

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
    /// Notes a bad field with its JSON text: the canonical one, since it is content, and the same
    /// content has one fingerprint however a sink orders its keys or spells its strings.
    #[cold]
    pub(crate) fn push(
        &mut self,
        input: &Input<'_>,
        row: usize,
        column: &'k str,
        code: ErrorCode,
        span: Span,
    ) {
        let mut value = Vec::new();
        push_canonical(input.bytes, span, &mut value);
        self.push_text(row, column, code, &value);
    }

    /// Notes a bad pair of fields as one JSON object, in the pair's order.
    #[cold]
    pub(crate) fn push_pair(
        &mut self,
        input: &Input<'_>,
        row: usize,
        column: &'k str,
        code: ErrorCode,
        pair: [(&str, Span); 2],
    ) {
        let mut value = Vec::new();
        for (place, (name, span)) in pair.into_iter().enumerate() {
            value.push(if place == 0 { b'{' } else { b',' });
            push_string(name.as_bytes(), &mut value);
            value.push(b':');
            match span.tag {
                Tag::Absent => value.extend_from_slice(b"null"),
                _ => push_canonical(input.bytes, span, &mut value),
            }
        }
        value.push(b'}');
        self.push_text(row, column, code, &value);
    }

    fn push_text(&mut self, row: usize, column: &'k str, code: ErrorCode, value: &[u8]) {
        let value = String::from_utf8_lossy(value);
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
