//! `dsrd verify`: evidence checked offline.

use crate::app;
use crate::cli::args::Evidence;
use crate::domain::failure::chain;
use crate::cli::output::{CliError, End, line};

/// Checks and says what was found.
///
/// # Errors
/// The evidence cannot be read or does not hold.
pub fn verify(what: &Evidence) -> Result<End, CliError> {
    let Evidence::Archive { path } = what;
    match app::verify_archive(path) {
        Ok(archive) => {
            line(format!(
                "the archive holds: request {}, {} files of {} bytes in all, {} items listed as \
                 unreadable, written by {}",
                archive.request, archive.files, archive.bytes, archive.unreadable, archive.program
            ))?;
            Ok(End::Done)
        }
        Err(error) => Err(CliError::Evidence(chain(&*error.0))),
    }
}
