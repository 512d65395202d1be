//! `dsrd config` and `dsrd schema`: what is built in and what is in force.

use crate::cli::args::Schema;
use crate::cli::output::{CliError, End, line};
use crate::config::settings::Settings;

/// Prints the settings in force; secrets cannot be printed.
///
/// # Errors
/// Standard output went away.
pub fn config(settings: &Settings) -> Result<End, CliError> {
    line(format!("{settings:#?}"))?;
    Ok(End::Done)
}

/// Prints a document of the contract.
///
/// # Errors
/// Standard output went away.
pub fn schema(which: Schema) -> Result<End, CliError> {
    let text = match which {
        Schema::Request => include_str!("../../config/schema/request.schema.json"),
        Schema::Event => include_str!("../../config/schema/event.schema.json"),
        Schema::Manifest => include_str!("../../config/schema/manifest.schema.json"),
        Schema::Asyncapi => include_str!("../../config/schema/asyncapi.json"),
    };
    line(text.trim_end())?;
    Ok(End::Done)
}
