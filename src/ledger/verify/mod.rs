//! `verify`: what a ledger says was sent, against what stands at a target, record for record.
//!
//! A record is told from another by [`record_hash`](super::record_hash), and where the target has the
//! ledger's own positions, by its position too.

mod account;
mod judge;
mod landing;
#[cfg(any(feature = "kafka", feature = "kinesis"))]
mod logs;
mod objects;
mod pool;
mod tables;
mod verdict;

pub use judge::{Judge, Seen};
pub use tables::{Tables, TablesJudge, quarantine_hashes};
pub use verdict::{Finding, Findings, Verdict, What};

use std::path::Path;

use crate::error::{Error, Result};
use crate::source::Options;

/// Explains every record of a ledger, and every record at a target: `landing:DIR`,
/// `landing:s3://bucket/prefix`, `objects:DIR`, `objects:s3://bucket/prefix` (Firehose's, known by their
/// content alone), `kafka://host:9092`, `kinesis://region`,
/// `gateway+https://host/stage`.
///
/// # Errors
/// [`Error::Config`] for a target that cannot be read, those of [`super::Reader`], and those of
/// reading the target.
pub fn verify(ledger: &Path, against: &str, options: &Options) -> Result<Verdict> {
    let mut judge = Judge::open(ledger)?;
    let target = match against.split_once(':') {
        Some(("landing", url)) => landing::read(&mut judge, url, options)?,
        Some(("objects", url)) => objects::read(&mut judge, url, options)?,
        #[cfg(any(feature = "kafka", feature = "kinesis"))]
        Some(_) if crate::source::logs::Logs::is_url(against) => logs::read(&mut judge, against, options)?,
        _ => {
            return Err(Error::Config(format!(
                "cannot verify against {against:?}: use landing: or objects: with a folder or s3://bucket/prefix, \
                 kafka://host:9092, kinesis://region or gateway+https://host/stage; tables: is what the command \
                 and verify_tables take"
            )));
        }
    };
    Ok(judge.verdict(target))
}
