//! Keys that take the place of others. Each step can be repeated: whoever is stopped on the way
//! begins again, and comes to the same end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::{AppError, has_ledger};
use crate::adapters::keys::{self, KeyFile};
use crate::adapters::sql::store::SqlLedger;
use crate::adapters::system::{self, Alone, SystemEntropy};
use crate::config::settings::Settings;
use crate::worker::offline::{self, PublicKey};

/// A master key that took the place of another.
pub struct NewMasterKey {
    /// Where it is.
    pub path: PathBuf,
    /// Where the former one is, which opens earlier backups; none where somebody has to put the new
    /// one in its place.
    pub former: Option<PathBuf>,
    /// How far it came.
    pub stage: KeyStage,
}

/// How far a replacement came.
pub enum KeyStage {
    /// The new key is written, and nothing is sealed under it yet.
    Written,
    /// So many places of the ledger were sealed anew; `None` where that was done before.
    Sealed(Option<u64>),
}

/// Draws a new master key, seals the ledger anew, and puts the key in the place of the former one.
///
/// With `to` it is written there and nothing else is done; found there, the ledger is sealed under
/// it, and it is put nowhere.
///
/// # Errors
/// A daemon serves the ledger; there is none; the key at hand is not its key; a file cannot be
/// written.
pub async fn replace_master_key(
    settings: &Settings,
    to: Option<&Path>,
) -> Result<NewMasterKey, AppError> {
    let (ledger, _alone) = open(settings).await?;
    let entropy = Arc::new(SystemEntropy);
    let file = keys::master(&settings.ledger.master_key_file);
    if to.is_none() && settings.ledger.master_key.is_some() {
        let text = "the master key comes from [ledger] master_key: give --to FILE, where the new \
                    one is written, and put it where that setting comes from";
        return Err(AppError(text.into()));
    }
    let former = keys::master_key(&settings.ledger)?;
    let path = to.map_or_else(|| file.next(), Path::to_owned);
    let next = KeyFile { path: &path, ..file };
    let begun = next.found()?;
    if begun.as_ref().is_some_and(|begun| begun.trim() == former.trim()) {
        let text = format!("{} holds the key that is to be replaced", path.display());
        return Err(AppError(text.into()));
    }
    let is_begun = begun.is_some();
    let next = match begun {
        Some(begun) => begun,
        None => {
            let its = offline::digest_of(&former, Arc::<SystemEntropy>::clone(&entropy))?;
            if !ledger.is_keyed_by(&its).await? {
                let text =
                    "the ledger is sealed under another master key than that in the settings";
                return Err(AppError(text.into()));
            }
            next.made(&offline::successor(&former, Arc::<SystemEntropy>::clone(&entropy))?)?
        }
    };
    if to.is_some() && !is_begun {
        return Ok(NewMasterKey { path, former: None, stage: KeyStage::Written });
    }
    // Before anything is sealed: what cannot be kept could not be replaced either.
    let kept = if to.is_none() { Some(file.keep()?) } else { None };
    let sealed = offline::replace_master_key(&ledger, &former, &next, entropy).await?;
    let stage = KeyStage::Sealed(sealed);
    if to.is_some() {
        return Ok(NewMasterKey { path, former: None, stage });
    }
    file.succeed()?;
    Ok(NewMasterKey { path: file.path.to_owned(), former: kept, stage })
}

/// A signing key that took the place of another.
pub struct NewSigningKey {
    /// Where it is.
    pub path: PathBuf,
    /// Whether the daemon finds it there.
    pub is_in_place: bool,
    /// Its id.
    pub id: String,
}

/// Draws a new signing key, notes both in the ledger, and puts it in the place of the former one,
/// which is gone then; with `to` it is written there, or taken from there, and put nowhere.
///
/// # Errors
/// A daemon serves the ledger; there is none, or no signing key; a file cannot be written.
pub async fn replace_signing_key(
    settings: &Settings,
    to: Option<&Path>,
) -> Result<NewSigningKey, AppError> {
    let (ledger, _alone) = open(settings).await?;
    let file = keys::signing(&settings.deployment.signing_key_file);
    let former = file.found()?.ok_or_else(|| AppError(file.missing().into()))?;
    let path = to.map_or_else(|| file.next(), Path::to_owned);
    let next = KeyFile { path: &path, ..file }.made(&offline::fresh_signing_key(&SystemEntropy))?;
    if next.trim() == former.trim() {
        let text = format!("{} holds the key that is to be replaced", path.display());
        return Err(AppError(text.into()));
    }
    for key in [&former, &next] {
        offline::note_signing_key(&ledger, key).await?;
    }
    let id = offline::public_key(&next)?.id;
    if to.is_some() {
        return Ok(NewSigningKey { path, is_in_place: false, id });
    }
    file.succeed()?;
    Ok(NewSigningKey { path: file.path.to_owned(), is_in_place: true, id })
}

/// The public halves of all keys that this deployment has signed with, as far as its ledger knows.
///
/// # Errors
/// The ledger cannot be read.
pub async fn signing_keys(settings: &Settings) -> Result<Vec<(PublicKey, Timestamp)>, AppError> {
    Ok(offline::signing_keys(&SqlLedger::inspect(&settings.ledger.url).await?).await?)
}

/// A ledger that is there, of this version, and that no daemon works on. One of a server that was
/// asleep all the while writes nothing more once the key is another.
async fn open(settings: &Settings) -> Result<(SqlLedger, Option<Alone>), AppError> {
    let alone = match settings.ledger.url.expose().strip_prefix("sqlite:") {
        Some(path) if has_ledger(settings) => Some(system::alone(path.as_ref())?),
        Some(path) => return Err(AppError(format!("there is no ledger at {path}").into())),
        None => None,
    };
    // Daemons of an earlier version would neither be seen nor shut out.
    let before = SqlLedger::inspect(&settings.ledger.url).await?;
    if let (None, Some(daemon)) = (&alone, offline::at_work(&before).await?) {
        let text = format!(
            "a daemon works on this ledger, seen at {daemon}: stop all of them (one that was \
             killed counts for a minute more)"
        );
        return Err(AppError(text.into()));
    }
    Ok((SqlLedger::open(&settings.ledger.url).await?, alone))
}
