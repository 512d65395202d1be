//! What of a document is no part of an item's bytes: what follows from other resources, or from
//! what a resource does at the moment, and secrets.
//!
//! Who acts on a resource would find it changed by nothing but the act before, or by a run that
//! goes on; and nobody writes it, so that there is no person in it.

use serde_json::Value;

use crate::adapters::azureml::kinds::{Below, HISTORY, SNAPSHOT};
use crate::adapters::azureml::names::Address;
use crate::domain::asked::thing::ThingKind;

/// Pointers into any document.
const OF_ALL: [&str; 1] = ["/properties/provisioningState"];
const OF_CONTAINERS: [&str; 2] = ["/properties/latestVersion", "/properties/nextVersion"];
const OF_COMPUTES: [&str; 8] = [
    "/properties/modifiedOn",
    "/properties/properties/allocationState",
    "/properties/properties/allocationStateTransitionTime",
    "/properties/properties/currentNodeCount",
    "/properties/properties/lastOperation",
    "/properties/properties/nodeStateCounts",
    "/properties/properties/state",
    "/properties/properties/targetNodeCount",
];
const OF_JOBS: [&str; 2] = ["/properties/status", "/systemData/lastModifiedAt"];
/// A token lets in whoever has it.
const OF_HISTORIES: [&str; 15] = [
    "/activeChildRunId",
    "/computeDuration",
    "/currentComputeTime",
    "/duration",
    "/effectiveStartTimeUtc",
    "/endTimeUtc",
    "/lastModifiedUtc",
    "/lastStartTimeUtc",
    "/queueingInfo",
    "/revision",
    "/startTimeUtc",
    "/status",
    "/statusRevision",
    "/token",
    "/tokenExpiryTimeUtc",
];
const OF_WEB_SERVICES: [&str; 3] = ["/state", "/updatedTime", "/sslKey"];
/// The tag by which the service tells itself how a run goes. Anybody can write others like it.
const STATUS_TAG: &str = "_aml_system_ComputeTargetStatus";
/// Links to the files of a snapshot, which let in whoever has them, and are others each time.
const SIGNED: &str = "sasUrl";

/// What credentials say of who has them; all else in them may be a secret.
const OPEN_CREDENTIALS: [&str; 9] = [
    "accessKeyId",
    "authorityUrl",
    "clientId",
    "credentialsType",
    "resourceId",
    "resourceUrl",
    "tenantId",
    "thumbprint",
    "username",
];

/// Takes it out of what was said of what is at `address`.
pub fn leave_out(value: &mut Value, address: &Address) {
    let is_history = address.below.as_deref() == Some(HISTORY);
    let sort = address.sort;
    let own: &[&str] = match sort.kind {
        Some(ThingKind::Compute) => &OF_COMPUTES,
        Some(ThingKind::Run) if is_history => &OF_HISTORIES,
        Some(ThingKind::Run) => &OF_JOBS,
        Some(ThingKind::WebService) => &OF_WEB_SERVICES,
        _ if sort.below == Below::Versions && address.below.is_none() => &OF_CONTAINERS,
        _ => &[],
    };
    for pointer in OF_ALL.iter().chain(own) {
        remove(value, pointer);
    }
    if sort.is(ThingKind::Run) {
        for tags in ["/tags", "/properties/tags"] {
            if let Some(tags) = value.pointer_mut(tags).and_then(Value::as_object_mut) {
                tags.shift_remove(STATUS_TAG);
            }
        }
        let services = value.pointer_mut("/properties/services").and_then(Value::as_object_mut);
        for service in services.into_iter().flat_map(|services| services.values_mut()) {
            remove(service, "/status");
        }
    }
    if *sort == SNAPSHOT {
        leave_out_links(value);
    }
    let credentials = value.pointer_mut("/properties/credentials").and_then(Value::as_object_mut);
    if let Some(credentials) = credentials {
        credentials.retain(|name, _| OPEN_CREDENTIALS.contains(&name.as_str()));
    }
}

fn leave_out_links(value: &mut Value) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                fields.shift_remove(SIGNED);
                left.extend(fields.values_mut());
            }
            Value::Array(values) => left.extend(values),
            _ => {}
        }
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return };
    if let Some(object) = value.pointer_mut(parent).and_then(Value::as_object_mut) {
        object.shift_remove(field);
    }
}
