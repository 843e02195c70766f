//! One Rust error, exact Python exceptions.

use pyo3::exceptions::{PyException, PyFileNotFoundError};
use pyo3::prelude::*;
use pyo3::{PyTypeInfo, create_exception};

use crate::error::Error;

create_exception!(pinlake.errors, PinlakeError, PyException, "Any error that pinlake raises by itself.");
create_exception!(
    pinlake.errors,
    ConfigError,
    PinlakeError,
    "A setting, an option, a plan or a URL that cannot be used."
);
create_exception!(
    pinlake.errors,
    SchemaError,
    PinlakeError,
    "Arrow data, a frame or a table whose columns or types do not fit."
);
create_exception!(
    pinlake.errors,
    SourceError,
    PinlakeError,
    "Something that cannot be read, or state that contradicts itself."
);
create_exception!(pinlake.errors, SinkError, PinlakeError, "Something that cannot be written.");
create_exception!(
    pinlake.errors,
    QualityError,
    PinlakeError,
    "Data below the quality that was asked for, or books that do not balance."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Config(_) => ConfigError::new_err(text),
            Error::Schema(_) | Error::Arrow(_) => SchemaError::new_err(text),
            Error::NotFound(_) => PyFileNotFoundError::new_err(text),
            Error::Source(_) | Error::Io { .. } => SourceError::new_err(text),
            Error::Sink(_) => SinkError::new_err(text),
            Error::Quality(_) => QualityError::new_err(text),
        }
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    for (name, class) in [
        ("PinlakeError", PinlakeError::type_object(py)),
        ("ConfigError", ConfigError::type_object(py)),
        ("SchemaError", SchemaError::type_object(py)),
        ("SourceError", SourceError::type_object(py)),
        ("SinkError", SinkError::type_object(py)),
        ("QualityError", QualityError::type_object(py)),
    ] {
        module.add(name, class)?;
    }
    Ok(())
}
