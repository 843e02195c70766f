//! Where records come from: index → canonical JSON bytes of each kind.

use super::PostKind;
use super::replay::Replay;
use super::synthetic::{SYNTHETIC_VERSION, Synthetic};
use crate::error::{Error, Result};
#[cfg(feature = "mysql")]
use crate::kind::Kind;
use crate::source::Options;
#[cfg(feature = "mysql")]
use crate::source::mysql;

/// A source of records by index; pure, so that any thread can ask for any record at any time.
pub trait Rows: Send + Sync {
    /// Appends the record of a kind and an index; `false` (and nothing) if there is none.
    fn write(&self, kind: PostKind, index: u64, out: &mut Vec<u8>) -> bool;

    /// Every index there is, ascending; `None` if there is no end to them.
    fn keys(&self) -> Option<&[u64]>;

    /// What tells the source's content from another's, for reports.
    fn fingerprint(&self) -> String;
}

impl Rows for Synthetic {
    fn write(&self, kind: PostKind, index: u64, out: &mut Vec<u8>) -> bool {
        Self::write(self, kind, index, out);
        true
    }

    fn keys(&self) -> Option<&[u64]> {
        None
    }

    fn fingerprint(&self) -> String {
        format!("synthetic-{SYNTHETIC_VERSION}")
    }
}

impl Rows for Replay {
    fn write(&self, kind: PostKind, index: u64, out: &mut Vec<u8>) -> bool {
        Self::write(self, kind, index, out)
    }

    fn keys(&self) -> Option<&[u64]> {
        Some(Self::keys(self))
    }

    fn fingerprint(&self) -> String {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        let mut record = Vec::new();
        for kind in PostKind::ALL {
            for index in Self::keys(self) {
                record.clear();
                Self::write(self, kind, *index, &mut record);
                record.push(b'\n');
                hash.update(&record);
            }
        }
        format!("replay-{:032x}", hash.digest128())
    }
}

/// Made records, or those of the tables at a path or URL: `mysql://…` is a database, all else files.
///
/// # Errors
/// What [`Replay::open`] says, or the database; [`Error::Config`] where the build cannot read databases.
pub fn open_rows(source: Option<&str>, seed: u64, options: &Options) -> Result<Box<dyn Rows>> {
    Ok(match source {
        None => Box::new(Synthetic::new(seed)),
        Some(url) if url.starts_with("mysql:") => Box::new(from_database(url, options)?),
        Some(url) => Box::new(Replay::open(url, options)?),
    })
}

#[cfg(feature = "mysql")]
fn from_database(url: &str, options: &Options) -> Result<Replay> {
    let plans = PostKind::ALL.map(|kind| Kind::builtin(kind.name()));
    let plans = plans.into_iter().collect::<Result<Vec<_>>>()?;
    let kinds: Vec<&Kind> = plans.iter().map(AsRef::as_ref).collect();
    let replay = Replay::from_rows(|add| {
        mysql::each_row(url, options, &kinds, |at, row| {
            add(PostKind::ALL[at], &row);
            Ok(())
        })
    })?;
    replay.ok_or_else(|| Error::NotFound("the database's tables of pins, geo and users hold no row".into()))
}

#[cfg(not(feature = "mysql"))]
fn from_database(_: &str, _: &Options) -> Result<Replay> {
    Err(Error::Config("this build of pinlake reads no databases; it lacks the feature mysql".into()))
}
