//! What is asked of a store, and what it knows of an object.

use std::collections::BTreeMap;

/// Plain store options: `endpoint`, `region`, `allow_http`, `virtual_hosted_style_request`,
/// `skip_signature` and what else the S3 client knows; never secrets.
pub type Options = BTreeMap<String, String>;

/// What a store knows of a file or object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Name below the store's place.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Last change, µs since 1970 UTC.
    pub modified: i64,
    /// What changes when it does: the store's ETag, or size and time of a local file.
    pub etag: String,
}

/// Which names of one folder to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// The folder, below the store's place.
    pub dir: &'a str,
    /// Only names that start so.
    pub prefix: &'a str,
    /// Only names behind this one, by bytes.
    pub after: Option<&'a str>,
    /// Only names before this one, by bytes.
    pub until: Option<&'a str>,
    /// Stop once so many came; 0 is without end.
    pub limit: usize,
}

impl Names<'_> {
    /// Whether a name is one of those asked for.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        name.starts_with(self.prefix)
            && self.after.is_none_or(|after| name > after)
            && self.until.is_none_or(|until| name < until)
    }
}
