//! Days on the command line: they begin at midnight where the deployment is.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::output::CliError;

/// When a day begins.
///
/// # Errors
/// [`CliError::Usage`] for a day that is out of range.
pub fn midnight(day: Date, zone: &TimeZone) -> Result<Timestamp, CliError> {
    let begins = day.to_zoned(zone.clone());
    begins.map(|begins| begins.timestamp()).map_err(|error| CliError::Usage(error.to_string()))
}
