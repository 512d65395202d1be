//! `dsrd config`: what is in force.

use crate::app;
use crate::cli::output::{CliError, End, line};
use crate::config::file::File;
use crate::config::masked::masked;
use crate::config::settings::Settings;

/// Prints the settings in force as TOML, secrets masked: a file that says the same.
///
/// # Errors
/// Standard output went away.
pub fn config(file: File, settings: &Settings) -> Result<End, CliError> {
    let text = toml::to_string(&masked(file, settings));
    line(text.map_err(|error| CliError::Usage(error.to_string()))?.trim_end())?;
    Ok(End::Done)
}

/// Prints the public key of the deployment as a PEM file, the key id in the line before it, where
/// readers of PEM skip it.
///
/// # Errors
/// The key cannot be read or made; standard output went away.
pub fn public_key(settings: &Settings) -> Result<End, CliError> {
    let key = app::public_key(settings)?;
    line(format!("Key id: {}", key.id))?;
    line(key.pem.trim_end())?;
    Ok(End::Done)
}
