//! Whether a daemon of these settings could begin: what it would reach, by which keys.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use crate::adapters::keys;
use crate::adapters::sql::store::SqlLedger;
use crate::adapters::stores;
use crate::adapters::system::SystemEntropy;
use crate::app::{AppError, Beside, collector, door, sources, tenant_logs};
use crate::config::settings::Settings;
use crate::worker::offline;
use crate::worker::reach::{self, Reached};

/// Who may read, write or run a file that is neither its owner nor of its group.
const OTHERS: u32 = 0o007;

/// Reaches everything that the settings name, with the rights that the work needs. Changes nothing,
/// but for folders that a start would make too.
///
/// # Errors
/// Something cannot even be asked.
pub async fn check(settings: &Settings) -> Result<Vec<Reached>, AppError> {
    warn_of_open_keys(settings);
    let (door, exports) = (door(settings)?, stores::exports(settings)?);
    let sources = sources(settings, Beside::default())?;
    let tenant_logs = tenant_logs(settings)?;
    // The first start makes one.
    let found = SqlLedger::find(&settings.ledger.url).await;
    let keys = keys_fit(settings, found.as_ref().ok().and_then(Option::as_ref)).await;
    let (ledger, logs) = (async { found.map(drop) }, tenant_logs.as_deref());
    let mut reached = reach::all(ledger, &door, &*exports, logs, &sources).await;
    reached.splice(1..1, keys);
    if let Some(collector) = collector(settings)? {
        reached.push(reach::reached("collector", collector.ping()).await);
    }
    Ok(reached)
}

/// Whether the keys that are there have the form of keys, for which no ledger is needed.
///
/// Warns where everybody on this machine may read one.
///
/// # Errors
/// One has another form, or its file cannot be read.
pub fn keys_have_form(settings: &Settings) -> Result<(), AppError> {
    warn_of_open_keys(settings);
    if let Some(key) = keys::configured(&settings.ledger)? {
        offline::digest_of(&key, Arc::new(SystemEntropy))?;
    }
    if let Some(key) = keys::signing(&settings.deployment.signing_key_file).found()? {
        offline::public_key(&key)?;
    }
    Ok(())
}

fn warn_of_open_keys(settings: &Settings) {
    let signing = keys::signing(&settings.deployment.signing_key_file);
    for file in [keys::master(&settings.ledger.master_key_file), signing] {
        if let Ok(about) = fs::metadata(file.path)
            && about.permissions().mode() & OTHERS != 0
        {
            let (key, path) = (file.which, file.path.display());
            tracing::warn!(key, "everybody on this machine may read {path}: chmod 600");
        }
    }
}

/// Whether the keys are there and are those of the ledger, as far as there is one.
async fn keys_fit(settings: &Settings, ledger: Option<&SqlLedger>) -> [Reached; 2] {
    let begun = match ledger {
        // One that cannot be asked is told of by itself.
        Some(ledger) if ledger.is_keyed().await.unwrap_or(true) => Some(ledger),
        _ => None,
    };
    let master = async {
        let Some(key) = keys::configured(&settings.ledger)? else {
            return keys::master(&settings.ledger.master_key_file).need_not_be(begun.is_none());
        };
        let digest = offline::digest_of(&key, Arc::new(SystemEntropy))?;
        match begun {
            Some(ledger) if !ledger.is_keyed_by(&digest).await? => {
                Err(keys::master(&settings.ledger.master_key_file).is_another())
            }
            _ => Ok(()),
        }
    };
    let signing = async {
        let file = keys::signing(&settings.deployment.signing_key_file);
        match file.found()? {
            Some(key) => offline::public_key(&key).map(drop),
            None => file.need_not_be(begun.is_none()),
        }
    };
    [reach::reached("master key", master).await, reach::reached("signing key", signing).await]
}
