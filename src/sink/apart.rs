//! Outputs must not stand where inputs, or one another, do: what is read would be overwritten.

use crate::error::{Error, Result};
use crate::source::{Location, Place};

use super::part;

/// Checks that no output is an input, lies in one, or is another output.
///
/// # Errors
/// [`Error::Config`] naming both, or for a URL that cannot be used.
pub fn check_apart(inputs: &[String], outputs: &[String]) -> Result<()> {
    let inputs = inputs.iter().map(|input| place(input)).collect::<Result<Vec<_>>>()?;
    let mut taken: Vec<(&str, Place)> = Vec::new();
    for output in outputs {
        let mut own = vec![place(output)?];
        if let Some(Place::Local(path)) = own.first() {
            // It is written under this name first.
            own.push(Place::Local(part::name_of(path)));
        }
        for place in &own {
            if let Some(input) = inputs.iter().find(|input| input.holds(place)) {
                let how = if input == place { "is an input" } else { "lies in an input" };
                return Err(Error::Config(format!(
                    "{output}: {how}, which it would overwrite or add to; write it to another place"
                )));
            }
            if let Some((other, _)) = taken.iter().find(|(_, other)| other == place) {
                return Err(Error::Config(format!(
                    "{output}: rows and what is rejected cannot both go there ({other}); give them two names"
                )));
            }
        }
        taken.extend(own.into_iter().map(|place| (output.as_str(), place)));
    }
    Ok(())
}

fn place(url: &str) -> Result<Place> {
    Ok(Location::parse(url)?.place.real())
}
