//! Key vaults that were deleted: each can be had back for a time, unless it is purged.

use serde_json::Value;

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::dependents::look::{Told, all, is_absent};
use crate::adapters::azureml::dependents::spot::Spot;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{self, Handle, LOOK_MS};
use crate::domain::failure::Failure;
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::Erased;

const PURGING: &str = "purging a key vault";

/// What its service says of a vault that was deleted.
///
/// # Errors
/// It does not say.
pub async fn deleted(entry: &Entry, spot: &Spot) -> Result<Told<Option<Value>>, Failure> {
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/deletedVaults",
        encoded(&spot.subscription)
    );
    let all = match all(entry, entry.at(&path, spot.sort.version)).await? {
        Told::So(all) => all,
        Told::Refused => return Ok(Told::Refused),
    };
    let is_it = |vault: &Value| {
        let id = vault["properties"]["vaultId"].as_str().unwrap_or_default();
        id.trim_end_matches('/').eq_ignore_ascii_case(&spot.id())
    };
    Ok(Told::So(all.into_iter().find(is_it)))
}

/// Whether nobody can purge it before its time.
pub fn is_protected(properties: &Value) -> bool {
    ["purgeProtectionEnabled", "enablePurgeProtection"]
        .iter()
        .any(|field| properties[*field] == Value::Bool(true))
}

/// Purges one that is deleted. What cannot be purged is gone all the same, and says until when it
/// can be had back.
///
/// # Errors
/// Its service does not say.
pub async fn purge(entry: &Entry, spot: &Spot) -> Result<Erased, Failure> {
    let vault = match deleted(entry, spot).await? {
        Told::So(vault) => vault,
        Told::Refused => return Ok(Erased::Blocked(Barrier::new(Block::Lock, "PurgeNotSeen"))),
    };
    let Some(vault) = vault.filter(|vault| !is_protected(&vault["properties"])) else {
        return Ok(Erased::AlreadyAbsent);
    };
    let location = vault["properties"]["location"].as_str().unwrap_or_default();
    let location = location.replace(' ', "").to_lowercase();
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{}/deletedVaults/{}/purge",
        encoded(&spot.subscription),
        encoded(&location),
        encoded(&spot.name)
    );
    let answer = entry.post(PURGING, entry.at(&path, spot.sort.version)).await?;
    let again = |look_in_ms| Erased::Begun(Handle::Turn { detach: false }.ticket(look_in_ms));
    Ok(match answer.status {
        202 => Erased::Begun(operations::begun(entry, &answer)),
        200 | 204 => match deleted(entry, spot).await? {
            Told::So(None) => Erased::Done,
            Told::So(Some(_)) | Told::Refused => again(LOOK_MS),
        },
        _ if is_absent(&answer) => Erased::AlreadyAbsent,
        // Right after the vault was deleted it is too early (terraform-provider-azurerm#10454), and
        // while it is purged too late.
        409 if !answer.is_locked() => again(answer.wait_ms()),
        _ => match answer.barrier() {
            Some(barrier) => Erased::Blocked(barrier),
            None => return Err(answer.failure(PURGING)),
        },
    })
}
