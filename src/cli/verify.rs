//! `dsrd verify`: evidence checked offline.

use std::path::Path;

use crate::app::{self, KeyFiles};
use crate::cli::output::{CliError, End, bar, checking, line};
use crate::config::settings::Settings;
use crate::domain::failure::{Failure, FailureKind, chain};

/// Checks an archive and says what was found.
///
/// # Errors
/// The archive cannot be read or does not hold.
pub fn archive(path: &Path, files: &KeyFiles<'_>) -> Result<End, CliError> {
    let archive = app::verify_archive(path, files).map_err(|error| {
        let failure = error.0.downcast_ref::<Failure>();
        if failure.is_some_and(|failure| failure.kind == FailureKind::Permanent) {
            CliError::Evidence(chain(&*error.0))
        } else {
            // Nothing is said of an archive that could not be looked into.
            error.into()
        }
    })?;
    line(format!(
        "the archive holds: request {}, {} files of {} bytes in all, {} items listed as \
         unreadable, written by {}",
        archive.request, archive.files, archive.bytes, archive.unreadable, archive.program
    ))?;
    Ok(End::Done)
}

/// Checks a ledger and says what was found.
///
/// # Errors
/// The ledger cannot be read or does not hold.
pub async fn ledger(settings: &Settings, path: Option<&Path>) -> Result<End, CliError> {
    let bar = bar();
    bar.set_style(checking());
    let account = app::verify_ledger(settings, path, |requests| bar.set_position(requests)).await;
    bar.finish_and_clear();
    let account = account.map_err(|error| CliError::Evidence(chain(&*error.0)))?;
    line(format!(
        "the ledger holds: {} requests, {} records, heads {}",
        account.requests, account.records, account.heads
    ))?;
    Ok(End::Done)
}
