//! What a file holds, by its name.

/// How records stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One or many JSON records a line.
    Lines,
    /// RFC 4180 with a header.
    Csv,
    /// Parquet.
    Parquet,
}

/// Endings of files of records, archives' left out. Firehose writes names without an ending.
const ENDINGS: [&str; 8] = ["json", "jsonl", "ndjson", "txt", "log", "data", "csv", "parquet"];

/// How records stand in a file of that name.
#[must_use]
pub fn form_of(name: &str) -> Form {
    match ending(name).as_deref() {
        Some("csv") => Form::Csv,
        Some("parquet") => Form::Parquet,
        _ => Form::Lines,
    }
}

pub(super) fn is_lines(name: &str) -> bool {
    form_of(name) == Form::Lines
}

/// Whether a name looks like a file of records.
pub(super) fn is_readable(name: &str) -> bool {
    ending(name).is_none_or(|ending| ENDINGS.contains(&ending.as_str()))
}

/// A name's ending, in small letters, without what an archive adds; `None` if there is none: what
/// stands behind a dot of a stream's name (`129a.geo-1-2024-01-01-…`) is no word, and no ending.
fn ending(name: &str) -> Option<String> {
    let base = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let mut base = base.as_str();
    for packed in [".gz", ".gzip", ".zst", ".zstd"] {
        base = base.strip_suffix(packed).unwrap_or(base);
    }
    let (_, ending) = base.rsplit_once('.')?;
    let word = ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    word.then(|| ending.to_owned())
}
