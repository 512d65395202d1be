//! `dsrd verify`: evidence checked offline.

use std::path::Path;

use serde_json::json;

use crate::app::AppError;
use crate::app::verifying::{self, KeyFiles};
use crate::cli::output::{CliError, End, bar, checking, input, line};
use crate::config::settings::Settings;
use crate::domain::asked::subject::IdentityType;
use crate::domain::failure::{Failure, FailureKind, chain};

/// Checks an archive and says what was found.
///
/// # Errors
/// The archive cannot be read or does not hold.
pub fn archive(path: &Path, files: &KeyFiles<'_>) -> Result<End, CliError> {
    let archive = verifying::archive(path, files).map_err(unsound)?;
    line(format!(
        "the archive holds: request {}, {} files of {} bytes in all, {} items listed as \
         unreadable, written by {}",
        archive.request, archive.files, archive.bytes, archive.unreadable, archive.program
    ))?;
    Ok(End::Done)
}

/// Checks a certificate and says what was found; with an identity and the settings that have the
/// master key, also whether that person is meant.
///
/// # Errors
/// The certificate or the key cannot be read; the certificate does not hold.
pub fn certificate(
    path: &Path,
    public_key: Option<&Path>,
    asked_for: Option<(&str, Settings)>,
) -> Result<End, CliError> {
    let json = input(path)?;
    let pem = public_key.map(pem).transpose()?;
    let who = match &asked_for {
        Some((text, settings)) => Some((identity(text)?, settings)),
        None => None,
    };
    let checked = verifying::certificate(&json, pem.as_deref(), who);
    let certificate = checked.map_err(|error| match error.0.downcast_ref::<Failure>() {
        Some(failure) if failure.kind == FailureKind::Permanent => {
            CliError::Evidence(failure.chain())
        }
        // A key that is none, or not there, says nothing of the certificate.
        _ => CliError::Failed(chain(&*error.0)),
    })?;
    line(format!(
        "the certificate holds: request {} of {} is {} {}, signed {} with the key {}",
        certificate.request,
        certificate.deployment,
        certificate.state,
        json!(certificate.outcomes),
        certificate.signed_at,
        certificate.key_id
    ))?;
    line(match pem {
        Some(_) => "that is the key that was given",
        None => {
            "that key stands in the certificate itself, where anybody could have put it: compare \
             its id with the one that the operator hands out (dsrd config --public-key)"
        }
    })?;
    match certificate.is_about {
        None => Ok(End::Done),
        Some(true) => line("it is about the person whom this identity names").map(|()| End::Done),
        Some(false) => line("none of its identities is this one").map(|()| End::Failed),
    }
}

fn pem(path: &Path) -> Result<String, CliError> {
    let not_pem = |_| CliError::Usage(format!("{} is no PEM file", path.display()));
    String::from_utf8(input(path)?).map_err(not_pem)
}

/// Type and value from `TYPE=VALUE`. The value is not repeated.
fn identity(text: &str) -> Result<(&str, &str), CliError> {
    let parts = text.split_once('=').filter(|(kind, _)| IdentityType::parse(kind).is_some());
    parts.ok_or_else(|| {
        let types = IdentityType::ALL.map(IdentityType::as_str).join(", ");
        CliError::Usage(format!("--identity takes TYPE=VALUE, and the types are {types}"))
    })
}

/// Checks a ledger and says what was found.
///
/// # Errors
/// The ledger cannot be read or does not hold.
pub async fn ledger(settings: &Settings, path: Option<&Path>) -> Result<End, CliError> {
    let bar = bar();
    bar.set_style(checking());
    let sound = verifying::ledger(settings, path, |requests| bar.set_position(requests)).await;
    bar.finish_and_clear();
    let sound = sound.map_err(unsound)?;
    line(format!(
        "the ledger holds: {} requests, {} records, heads {}",
        sound.requests, sound.records, sound.heads
    ))?;
    Ok(End::Done)
}

/// Of what could not be looked into nothing is said.
fn unsound(error: AppError) -> CliError {
    let failure = error.0.downcast_ref::<Failure>();
    match failure.map(|failure| failure.kind) {
        Some(FailureKind::Permanent) => CliError::Evidence(chain(&*error.0)),
        _ => error.into(),
    }
}
