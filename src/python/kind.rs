//! Plans and schemas.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3_arrow::PySchema;

use crate::clean::ERROR_CODES;
use crate::error::Result;
use crate::kind::{Kind, builtins};
use crate::parse::RejectCode;
use crate::schema::Frame;
use crate::source::layout;

/// A plan from its JSON text.
pub(super) fn plan(text: &str) -> Result<Arc<Kind>> {
    Kind::from_json(text).map(Arc::new)
}

/// Names of the built-in kinds.
#[pyfunction]
fn kinds() -> Vec<String> {
    builtins().iter().map(|kind| kind.name.clone()).collect()
}

/// The plan of a built-in kind, as JSON text.
#[pyfunction]
fn kind_plan(name: &str) -> PyResult<String> {
    Ok(Kind::builtin(name)?.to_json())
}

/// A plan checked and completed, as JSON text.
#[pyfunction]
fn check_plan(plan: &str) -> PyResult<String> {
    Ok(Kind::from_json(plan)?.to_json())
}

/// The words by which names of files tell this kind, and those by which they tell another one, in small
/// letters: each stands there with no letter beside it.
#[pyfunction]
fn file_words(plan: &str) -> PyResult<(Vec<String>, Vec<String>)> {
    let kind = self::plan(plan)?;
    let words = |kind: &Kind| -> Vec<String> {
        layout::words_of(&kind.name, &kind.table).into_iter().map(str::to_owned).collect()
    };
    let others = builtins().iter().filter(|other| other.name != kind.name);
    Ok((words(&kind), others.flat_map(|other| words(other)).collect()))
}

/// The columns of a frame as Spark DDL.
#[pyfunction]
#[pyo3(signature = (plan, frame, *, comments = false))]
fn ddl(plan: &str, frame: &str, comments: bool) -> PyResult<String> {
    Ok(Frame::of(frame)?.ddl(&*self::plan(plan)?, comments))
}

/// The columns of a frame as an Arrow schema.
#[pyfunction]
fn schema(plan: &str, frame: &str) -> PyResult<PySchema> {
    Ok(PySchema::new(Frame::of(frame)?.schema(&*self::plan(plan)?)))
}

/// Names of a frame's columns.
#[pyfunction]
fn column_names(plan: &str, frame: &str) -> PyResult<Vec<String>> {
    let columns = Frame::of(frame)?.columns(&*self::plan(plan)?);
    Ok(columns.into_iter().map(|column| column.name).collect())
}

/// The quarantine codes.
#[pyfunction]
fn reject_codes() -> Vec<&'static str> {
    RejectCode::ALL.iter().map(|code| code.as_str()).collect()
}

/// The field codes.
#[pyfunction]
fn error_codes() -> Vec<&'static str> {
    ERROR_CODES.iter().map(|code| code.as_str()).collect()
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(kinds, module)?)?;
    module.add_function(wrap_pyfunction!(kind_plan, module)?)?;
    module.add_function(wrap_pyfunction!(check_plan, module)?)?;
    module.add_function(wrap_pyfunction!(file_words, module)?)?;
    module.add_function(wrap_pyfunction!(ddl, module)?)?;
    module.add_function(wrap_pyfunction!(schema, module)?)?;
    module.add_function(wrap_pyfunction!(column_names, module)?)?;
    module.add_function(wrap_pyfunction!(reject_codes, module)?)?;
    module.add_function(wrap_pyfunction!(error_codes, module)?)?;
    Ok(())
}
