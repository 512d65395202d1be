//! `dsrd catalogue`: how much sweeps have learned of each source, read from the ledger.

use crate::app;
use crate::cli::output::{self, CliError, End, line};
use crate::config::settings::Settings;

/// Prints it, a line a source.
///
/// # Errors
/// The ledger cannot be read.
pub async fn catalogue(settings: &Settings, as_json: bool) -> Result<End, CliError> {
    let known = app::status(settings).await?.catalogue().await?;
    if as_json {
        known.iter().try_for_each(output::json_line)?;
        return Ok(End::Done);
    }
    if settings.mandate.catalogue_age_max.is_none() {
        line("the catalogue is switched off: every sweep reads everything")?;
    } else if known.is_empty() {
        line("nothing is known yet: the first sweep reads everything")?;
    }
    for of in &known {
        let text = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
        let (source, oldest) = (text("source"), text("oldest"));
        let (items, always, bytes) = (&of["items"], &of["always_read"], &of["bytes"]);
        line(format!(
            "{source}: {items} items are known, of which every sweep reads {always}; {bytes} bytes \
             in the ledger, the oldest learned at {oldest}"
        ))?;
    }
    Ok(End::Done)
}
