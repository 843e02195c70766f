//! Why a record is no row: stable codes.

/// A quarantine code. The spelling of [`RejectCode::as_str`] is part of the data contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectCode {
    /// An empty, blank or null message, or an empty array.
    EmptyPayload,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Not JSON by RFC 8259.
    NotJson,
    /// A record above [`super::MAX_RECORD`].
    TooLarge,
    /// More than [`super::MAX_DEPTH`] brackets open at once.
    TooDeep,
    /// JSON, but no object.
    NotAnObject,
    /// The record sits inside a wrapper such as `{"value": {…}}`.
    WrappedRecord,
    /// No key, or a null one.
    MissingKey,
    /// A key that is no whole number from 0 to 2⁶³−1.
    InvalidKey,
    /// None of its kind's fields, but another kind's.
    ForeignRecord,
    /// What of a gz or zst file could not be read.
    CorruptArchive,
    /// A field broke its rule, and `invalid="quarantine"` was asked for.
    InvalidField,
}

impl RejectCode {
    /// Every code, in the order in which they are tested.
    pub const ALL: [Self; 12] = [
        Self::EmptyPayload,
        Self::InvalidUtf8,
        Self::NotJson,
        Self::TooLarge,
        Self::TooDeep,
        Self::NotAnObject,
        Self::WrappedRecord,
        Self::MissingKey,
        Self::InvalidKey,
        Self::ForeignRecord,
        Self::CorruptArchive,
        Self::InvalidField,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyPayload => "empty_payload",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::NotJson => "not_json",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::NotAnObject => "not_an_object",
            Self::WrappedRecord => "wrapped_record",
            Self::MissingKey => "missing_key",
            Self::InvalidKey => "invalid_key",
            Self::ForeignRecord => "foreign_record",
            Self::CorruptArchive => "corrupt_archive",
            Self::InvalidField => "invalid_field",
        }
    }
}
