//! `verify`: a ledger against what arrived.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::convert::to_python;
use super::guard;
use crate::ledger::verify as judge;
use crate::source::Options;

/// Explains every record that a ledger tells of, and every record at a target.
///
/// ``against`` is ``landing:DIR``, ``landing:s3://bucket/prefix``, ``objects:DIR``,
/// ``objects:s3://bucket/prefix``, ``kafka://host:9092``, ``kinesis://region`` or
/// ``gateway+https://host/stage``. Records are compared as canonical JSON (keys sorted, numbers by value),
/// and by topic, partition and offset, or stream, shard and sequence number. Reads all of the target;
/// holds about 100 bytes a record.
///
/// Objects are what Firehose writes, and any folder of files of JSON records: one behind the other or
/// one a line, packed or not, all kinds together. Nothing there has a position, so records are told by
/// their content alone. What is no JSON goes to the end of its line, or of its object: without newlines
/// between records, a corrupt one swallows what follows it, which is then missing.
///
/// Tables are judged by ``verify_tables``.
///
/// Gives a dict: target, sent (records of the ledger), withheld (dropped on purpose), seen (records at
/// the target), arrived, arrived_unsettled (nobody was told that they are), repeats (there once more, as
/// they were sent again), unsettled and failed (not there, and nobody was told that they are), orphans
/// (keys without a pin, as none was sent), unexplained, and, each with ``count`` and the first ten
/// (``shown``): missing, altered, doubled, refused, unexpected. ``unexplained`` is the sum of these five.
/// ``sent`` = arrived + missing + altered + unsettled + failed, and ``seen`` = arrived + repeats + doubled +
/// unexpected: what stands in the place of an altered record is one of these.
///
/// Raises
/// ------
/// ConfigError
///     A target that cannot be read.
/// FileNotFoundError
///     No ledger, no landing, or no folder.
/// SourceError
///     A file that is no ledger, or is damaged; a landing that cannot be read.
///
/// Examples
/// --------
/// >>> import tempfile
/// >>> from pinlake import Emulator, verify
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     report = Emulator(count=100).run(f"landing:{folder}/landing", ledger=f"{folder}/ledger")
/// ...     verdict = verify(f"{folder}/ledger", f"landing:{folder}/landing")
/// >>> verdict["sent"], verdict["arrived"], verdict["unexplained"]
/// (300, 300, 0)
#[pyfunction]
#[pyo3(signature = (ledger, against, *, options = None))]
#[allow(clippy::needless_pass_by_value)] // what pyo3 hands over is owned
fn verify<'py>(
    py: Python<'py>,
    ledger: PathBuf,
    against: String,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options.unwrap_or_default();
    let verdict = guard::heeding(py, move || judge::verify(&ledger, &against, &options))?;
    let report = to_python(py, &verdict)?;
    report.set_item("unexplained", verdict.unexplained())?;
    Ok(report)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(verify, module)?)
}
