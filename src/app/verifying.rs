//! Evidence checked offline.

use std::path::Path;

use zeroize::Zeroizing;

use super::AppError;
use crate::adapters::keys;
use crate::adapters::sql::store::SqlLedger;
use crate::config::settings::Settings;
use crate::worker::offline;

/// Files with the key of an archive, should it be encrypted.
#[derive(Default)]
pub struct KeyFiles<'a> {
    /// Age identities.
    pub identities: Option<&'a Path>,
    /// A passphrase; the end of its line is not part of it.
    pub passphrase: Option<&'a Path>,
}

/// Checks an archive, offline; what it says of itself if it holds.
///
/// # Errors
/// A permanent `Failure` for the first fault of the archive; anything else where it could not be
/// looked into.
pub fn archive(path: &Path, files: &KeyFiles<'_>) -> Result<offline::Archive, AppError> {
    let unread = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| AppError(format!("reading {path}: {error}").into())
    };
    let text = |path: Option<&Path>| {
        let text = path.map(|path| std::fs::read_to_string(path).map_err(unread(path)));
        text.transpose()
    };
    let keys = offline::Keys {
        identities: text(files.identities)?.map(Zeroizing::new),
        passphrase: text(files.passphrase)?
            .map(|text| Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())),
    };
    let file = std::fs::File::open(path).map_err(unread(path))?;
    Ok(offline::verify_archive(file, &keys)?)
}

/// Checks a certificate, offline: with the public key given as PEM, or else with the one in it.
///
/// Whether it is about somebody, named by type and value of an identity, is told by the master key
/// in the settings.
///
/// # Errors
/// A key that is none or is not there; the first fault of the certificate.
pub fn certificate(
    json: &[u8],
    public_key: Option<&str>,
    asked_for: Option<((&str, &str), &Settings)>,
) -> Result<offline::Certificate, AppError> {
    let Some((identity, settings)) = asked_for else {
        return Ok(offline::verify_certificate(json, public_key, None)?);
    };
    let key = keys::master_key(&settings.ledger)?;
    Ok(offline::verify_certificate(json, public_key, Some((identity, &key)))?)
}

/// Checks the chains of a ledger, and changes nothing in it: of the SQLite file at `path`, or else
/// of the ledger in the settings. `seen` is told how many requests were checked.
///
/// # Errors
/// The ledger cannot be read; the first link that does not hold.
pub async fn ledger(
    settings: &Settings,
    path: Option<&Path>,
    seen: impl FnMut(u64),
) -> Result<offline::SoundLedger, AppError> {
    let url = match path {
        Some(path) => SqlLedger::url_of(path),
        None => settings.ledger.url.clone(),
    };
    let ledger = SqlLedger::inspect(&url).await?;
    Ok(offline::verify_ledger(&ledger, seen).await?)
}
