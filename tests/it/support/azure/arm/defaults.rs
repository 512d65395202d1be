//! What the service adds to what a client puts: clients rely on it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::support::azure::kind::Kind;
use crate::support::blob_server::form::stamp;

/// Adds to the properties of a kind what was left out.
pub fn add(kind: Kind, properties: &mut Map<String, Value>, now: Timestamp) {
    let own = match kind {
        Kind::ModelVersion => json!({"flavors": {}, "stage": null}),
        Kind::EnvironmentVersion => json!({"environmentType": "UserCreated", "osType": "Linux"}),
        Kind::Compute => json!({
            "description": null,
            "provisioningErrors": null,
            "createdOn": stamp(now),
            "modifiedOn": stamp(now),
            "isAttachedCompute": false,
            "resourceId": null,
        }),
        Kind::OnlineEndpoint => json!({
            "traffic": {},
            "scoringUri": "https://made.westeurope.inference.ml.azure.example/score",
        }),
        _ => json!({}),
    };
    let common = match kind {
        _ if kind.is_container() => json!({"tags": {}, "properties": {}, "isArchived": false}),
        _ if kind.is_version() => {
            json!({"tags": {}, "properties": {}, "isArchived": false, "isAnonymous": false})
        }
        Kind::Datastore | Kind::Connection => json!({}),
        _ => json!({"properties": {}, "provisioningState": "Succeeded"}),
    };
    if let (Kind::Compute, Some(inner)) = (kind, properties.get_mut("properties")) {
        // Of a cluster; the first SDK reads it from whatever is listed.
        if let Some(inner) = inner.as_object_mut() {
            inner.entry("subnet").or_insert(Value::Null);
        }
    }
    for (name, value) in [own, common].iter().filter_map(Value::as_object).flatten() {
        properties.entry(name).or_insert_with(|| value.clone());
    }
}
