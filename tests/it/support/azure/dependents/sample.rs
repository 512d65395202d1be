//! What the sample workspace depends on, as it was made for it.

use serde_json::json;

use crate::support::azure::dependents::spot::Part;
use crate::support::azure::dependents::store::Store;
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, TENANT};

pub const ACCOUNT: &str = "examplews01";
pub const VAULT: &str = "examplekv01";
/// Containers and shares of the account.
pub const CONTAINERS: [&str; 2] =
    ["azureml", "azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014"];
pub const SHARE: &str = "code-391ff5ac-6576-460f-ba4d-7e03433c68b6";

/// The id of something in the sample's group.
pub fn id(type_name: &str, name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{type_name}/{name}")
}

/// Puts it there.
pub fn fill(store: &mut Store) {
    let account = id(Part::Account.type_name(), ACCOUNT);
    let made = "2025-12-01T07:58:00.0000000Z";
    store.add(
        Part::Account,
        &account,
        &json!({
            "location": "westeurope", "kind": "StorageV2", "tags": {},
            "sku": {"name": "Standard_LRS", "tier": "Standard"},
            "properties": {"creationTime": made, "provisioningState": "Succeeded",
                "isHnsEnabled": false},
        }),
    );
    let retention = json!({"enabled": true, "days": 7});
    let blobs = json!({"properties": {"containerDeleteRetentionPolicy": retention}});
    store.add(Part::BlobService, &format!("{account}/blobServices/default"), &blobs);
    for name in CONTAINERS {
        let id = format!("{account}/blobServices/default/containers/{name}");
        let properties = json!({"publicAccess": "None", "leaseStatus": "Unlocked",
            "leaseState": "Available", "hasLegalHold": false, "hasImmutabilityPolicy": false});
        store.add(Part::Container, &id, &json!({"etag": "\"0x1\"", "properties": properties}));
    }
    let shares = json!({"properties": {"shareDeleteRetentionPolicy": {"enabled": false}}});
    store.add(Part::FileService, &format!("{account}/fileServices/default"), &shares);
    let share = format!("{account}/fileServices/default/shares/{SHARE}");
    let properties = json!({"leaseStatus": "Unlocked", "shareQuota": 100});
    store.add(Part::Share, &share, &json!({"etag": "\"0x2\"", "properties": properties}));
    let vault = id(Part::Vault.type_name(), VAULT);
    store.add(
        Part::Vault,
        &vault,
        &json!({
            "location": "westeurope", "tags": {},
            "systemData": {"createdAt": made},
            "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"},
                "accessPolicies": [], "enableSoftDelete": true, "softDeleteRetentionInDays": 90,
                "vaultUri": format!("https://{VAULT}.vault.azure.net/")},
        }),
    );
}
