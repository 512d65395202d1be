//! Key vaults that were deleted: each can be had back for a time, unless it is purged.

use serde_json::Value;
use url::Url;

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::dependents::look::{Told, all, is_absent};
use crate::adapters::azureml::dependents::spot::{Spot, same_id};
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{self, Handle, look_ms};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::Erased;

const ASKING: &str = "looking for a key vault that was deleted";
const PURGING: &str = "purging a key vault";

/// In which region a vault is, where its item tells.
pub const REGION: &str = "dsrd-region";

/// What its service says of a vault that was deleted. Lists of them lag behind, so that it is asked
/// for by name where its region is known.
///
/// # Errors
/// It does not say.
pub async fn deleted(
    entry: &Entry,
    spot: &Spot,
    item: &Item,
) -> Result<Told<Option<Value>>, Failure> {
    if let Some(region) = item.properties.get(REGION) {
        let answer = entry.get(ASKING, at(entry, spot, region, "")).await?;
        return match answer.status {
            200 if answer.body.is_object() => Ok(Told::So(Some(answer.body))),
            403 => Ok(Told::Refused),
            _ if is_absent(&answer) => Ok(Told::So(None)),
            _ => Err(answer.failure(ASKING)),
        };
    }
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/deletedVaults",
        encoded(&spot.subscription)
    );
    let all = match all(entry, entry.at(&path, spot.sort.version)).await? {
        Told::So(all) => all,
        Told::Refused => return Ok(Told::Refused),
    };
    let is_it = |vault: &Value| {
        same_id(vault["properties"]["vaultId"].as_str().unwrap_or_default(), &spot.id())
    };
    Ok(Told::So(all.into_iter().find(is_it)))
}

fn at(entry: &Entry, spot: &Spot, region: &str, verb: &str) -> Url {
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{}/deletedVaults/{}{verb}",
        encoded(&spot.subscription),
        encoded(&region.replace(' ', "").to_lowercase()),
        encoded(&spot.name)
    );
    entry.at(&path, spot.sort.version)
}

/// Whether nobody can purge it before its time.
pub fn is_protected(properties: &Value) -> bool {
    ["purgeProtectionEnabled", "enablePurgeProtection"]
        .iter()
        .any(|field| properties[*field] == Value::Bool(true))
}

/// Purges one that is deleted, as its service says.
///
/// # Errors
/// Its service does not say.
pub async fn purge(
    entry: &Entry,
    spot: &Spot,
    (item, vault): (&Item, &Value),
) -> Result<Erased, Failure> {
    let region = vault["properties"]["location"].as_str().unwrap_or_default();
    let url = at(entry, spot, region, "/purge");
    let answer = entry.post(PURGING, url).await?;
    let again = |look_in_ms| Erased::Begun(Handle::Turn { detach: false }.ticket(look_in_ms));
    Ok(match answer.status {
        202 => Erased::Begun(operations::begun(entry, &answer)),
        200 | 204 => match deleted(entry, spot, item).await? {
            Told::So(None) => Erased::Done,
            Told::So(Some(_)) | Told::Refused => again(look_ms(entry)),
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
