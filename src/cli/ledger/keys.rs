//! `dsrd keys`: the keys of the deployment, and how others take their place.

use std::path::Path;

use crate::app::rekeying::{self, KeyStage};
use crate::cli::args::{KeyWork, Which};
use crate::cli::output::{CliError, End, line};
use crate::config::settings::Settings;

/// Does it, and says what to do next.
///
/// # Errors
/// See [`rekeying::replace_master_key`], [`rekeying::replace_signing_key`] and
/// [`rekeying::signing_keys`]; standard output went away.
pub async fn keys(settings: &Settings, work: &KeyWork) -> Result<End, CliError> {
    match work {
        KeyWork::List => list(settings).await,
        KeyWork::Rotate { which: Which::Master, to } => master(settings, to.as_deref()).await,
        KeyWork::Rotate { which: Which::Signing, to } => signing(settings, to.as_deref()).await,
    }
}

async fn list(settings: &Settings) -> Result<End, CliError> {
    let keys = rekeying::signing_keys(settings).await?;
    if keys.is_empty() {
        let text = "no daemon has begun with this ledger; `dsrd config --public-key` shows the key";
        return Err(CliError::Failed(text.to_owned()));
    }
    for (key, since) in keys {
        line(format!("Key id: {}", key.id))?;
        line(format!("Known since: {since}"))?;
        line(key.pem.trim_end())?;
    }
    Ok(End::Done)
}

async fn master(settings: &Settings, to: Option<&Path>) -> Result<End, CliError> {
    let key = rekeying::replace_master_key(settings, to).await?;
    let path = key.path.display();
    match key.stage {
        KeyStage::Written => {
            return line(format!(
                "the new key is in {path}, and nothing is sealed under it yet: keep a copy of all \
                 of it, leave the present key in force, and say the same again"
            ))
            .map(|()| End::Done);
        }
        KeyStage::Sealed(Some(sealed)) => {
            line(format!("the ledger is sealed anew, in {sealed} places"))?;
        }
        KeyStage::Sealed(None) => line("the ledger was sealed anew before")?,
    }
    line(match key.former {
        Some(former) => format!(
            "{path} holds the new key, and {} the former one, which opens earlier backups of the \
             ledger: keep it where those are, and not here",
            former.display()
        ),
        None => format!(
            "only the key in {path} opens it from now on: put all of it where the settings have \
             the master key from, before a daemon starts, and remove the file; keep the former key \
             with the earlier backups of the ledger"
        ),
    })?;
    Ok(End::Done)
}

async fn signing(settings: &Settings, to: Option<&Path>) -> Result<End, CliError> {
    let key = rekeying::replace_signing_key(settings, to).await?;
    let path = key.path.display();
    line(match key.is_in_place {
        true => format!("{path} holds the new key, {}; the former one is gone", key.id),
        false => format!(
            "the new key, {}, is in {path}: put it where [deployment] signing_key_file has it \
             from, before a daemon starts, and remove this one and the former one",
            key.id
        ),
    })?;
    line(
        "hand out what `dsrd keys list` prints: what was signed before is checked by the former \
         public key, which is in it",
    )?;
    Ok(End::Done)
}
