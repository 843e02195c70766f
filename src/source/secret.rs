//! Credentials by the names of variables: from the environment, from `.env`, or from the file that one of
//! them names. They stand in no options, no list of processes and no error.

use std::path::Path;

use super::dotenv;
use crate::error::{Error, Result};

/// The ending of variables that name a file which holds the value.
const IN_FILE: &str = "_FILE";

/// A variable of the environment, or of `.env` in the working directory; an empty one counts as none.
pub(crate) fn variable(name: &str) -> Result<Option<String>> {
    if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
        return Ok(Some(value));
    }
    Ok(dotenv::read(Path::new(dotenv::FILE))?.remove(name).filter(|value| !value.is_empty()))
}

/// The first of some variables that is set; of one whose name ends in `_FILE`, what the file holds.
pub(crate) fn first(names: &[&str]) -> Result<Option<String>> {
    for name in names {
        let Some(value) = variable(name)? else { continue };
        if !name.ends_with(IN_FILE) {
            return Ok(Some(value));
        }
        let text = std::fs::read_to_string(&value).map_err(|error| {
            Error::Config(format!("{value}, which {name} names, cannot be read: {error}"))
        })?;
        return Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    Ok(None)
}
