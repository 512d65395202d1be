//! What the service says of a resource, as the bytes of an item: JSON with its keys in order, and
//! without what changes by itself. The `ETag` is the SHA-256 of these bytes, for the service gives
//! none.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::adapters::azureml::kinds::Below;
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::asked::thing::ThingKind;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::Container;

/// What follows from other resources, or from what a resource does at the moment: pointers into the
/// document. Nobody writes it, so that there is no person in it; and who acts on a resource would
/// find it changed by nothing but the act before.
const STATE: [&str; 1] = ["/properties/provisioningState"];
const STATE_OF_CONTAINERS: [&str; 2] = ["/properties/latestVersion", "/properties/nextVersion"];
const STATE_OF_RUNS: [&str; 2] = ["/properties/status", "/systemData/lastModifiedAt"];
const STATE_OF_COMPUTES: [&str; 8] = [
    "/properties/modifiedOn",
    "/properties/properties/allocationState",
    "/properties/properties/allocationStateTransitionTime",
    "/properties/properties/currentNodeCount",
    "/properties/properties/lastOperation",
    "/properties/properties/nodeStateCounts",
    "/properties/properties/state",
    "/properties/properties/targetNodeCount",
];

const LOOKING: &str = "reading the document of a resource";

/// A document.
pub struct Document {
    /// Where it is, as the service writes its name.
    pub address: Address,
    /// What it says.
    pub value: Value,
    /// The same as bytes.
    pub bytes: Bytes,
    /// What these are known by.
    pub etag: String,
    /// Whether the service says that it is about to go.
    pub is_going: bool,
}

impl Document {
    /// What was said of the resource at `address`.
    pub fn new(address: &Address, said: Value) -> Self {
        let address = address.written(said["name"].as_str());
        let state = said["properties"]["provisioningState"].as_str();
        let is_going = state.is_some_and(|state| state.eq_ignore_ascii_case("deleting"));
        let mut value = said;
        let of_containers = address.sort.below == Below::Versions && address.below.is_none();
        let of_computes = address.sort.kind == ThingKind::Compute;
        let containers = STATE_OF_CONTAINERS.iter().filter(|_| of_containers);
        let computes = STATE_OF_COMPUTES.iter().filter(|_| of_computes);
        let of_runs = address.sort.kind == ThingKind::Run;
        let runs = STATE_OF_RUNS.iter().filter(|_| of_runs);
        for pointer in STATE.iter().chain(containers).chain(computes).chain(runs) {
            remove(&mut value, pointer);
        }
        let value = in_order(value);
        let bytes = Bytes::from(value.to_string());
        let etag = hex::encode(Sha256::digest(&bytes));
        Self { address, value, bytes, etag, is_going }
    }

    /// The same as an item of the source.
    pub fn item(&self, source: &str) -> Item {
        let time = |field: &str| self.value["systemData"][field].as_str()?.parse().ok();
        let modified: Option<Timestamp> = time("lastModifiedAt").or_else(|| time("createdAt"));
        Item {
            kind: Kind::Thing,
            container: Container::Resources,
            etag: self.etag.clone(),
            size: self.bytes.len() as u64,
            modified,
            content_type: Some("application/json".to_owned()),
            ..Item::bare(source, &self.address.item_name(), Version::Current)
        }
    }
}

/// The document at an address now; `None` where nothing is there.
///
/// # Errors
/// Where the service does not say; the workspace itself is gone; no URL leads there.
pub async fn look(entry: &Entry, address: &Address) -> Result<Option<Document>, Failure> {
    let Some(path) = address.path() else {
        return Err(Failure::permanent("reading a document: no URL addresses its name"));
    };
    let answer = entry.get(LOOKING, entry.url(&path)).await?;
    match answer.status {
        200 if answer.body.is_object() => Ok(Some(Document::new(address, answer.body))),
        _ if answer.is_absent() => Ok(None),
        _ => Err(refusal(&answer)),
    }
}

fn refusal(answer: &Answer) -> Failure {
    match answer.status {
        200..=299 => Failure::permanent("reading the document of a resource: it is none"),
        _ => answer.failure(LOOKING),
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return };
    if let Some(object) = value.pointer_mut(parent).and_then(Value::as_object_mut) {
        object.shift_remove(field);
    }
}

/// The same with the keys of all its objects in order.
fn in_order(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            let fields = fields.into_iter().map(|(name, value)| (name, in_order(value)));
            Value::Object(fields.collect::<Map<String, Value>>())
        }
        Value::Array(values) => values.into_iter().map(in_order).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(name: &str, said: Value) -> Document {
        Document::new(&Address::of(name).unwrap(), said)
    }

    #[test]
    fn the_order_of_keys_is_nothing() {
        let one = of("run/a", serde_json::from_str(r#"{"b":[{"d":1,"c":2}],"a":null}"#).unwrap());
        let other = of("run/a", serde_json::from_str(r#"{"a":null,"b":[{"c":2,"d":1}]}"#).unwrap());
        assert_eq!(one.bytes, r#"{"a":null,"b":[{"c":2,"d":1}]}"#);
        assert_eq!((one.bytes, &one.etag), (other.bytes, &other.etag));
        assert_ne!(of("run/a", json!({"b": [{"d": 1, "c": 2}]})).etag, one.etag);
    }

    #[test]
    fn what_changes_by_itself_is_left_out_where_it_is_that() {
        let said = json!({"properties": {
            "provisioningState": "Deleting", "latestVersion": "1", "nextVersion": "2",
            "modifiedOn": "x", "properties": {"state": "Stopped", "vmSize": "A"}}});
        let left = |name: &str| of(name, said.clone()).value["properties"].clone();
        assert_eq!(left("compute/c")["properties"], json!({"vmSize": "A"}));
        assert_eq!(left("compute/c")["latestVersion"], "1");
        assert_eq!(left("model/m")["properties"], said["properties"]["properties"]);
        assert_eq!(left("model/m")["latestVersion"], Value::Null);
        assert_eq!(left("model/m/1")["latestVersion"], "1");
        assert_eq!(left("model/m/1")["modifiedOn"], "x");
        assert_eq!(left("model/m/1")["provisioningState"], Value::Null);
        assert_eq!(of("run/a", json!({"properties": null})).bytes, r#"{"properties":null}"#);
    }

    #[test]
    fn names_are_as_the_service_writes_them() {
        let name = |asked: &str, said: &str| of(asked, json!({"name": said})).address.item_name();
        assert_eq!(name("compute/ANN-ci", "Ann-CI"), "compute/Ann-CI");
        assert_eq!(name("model/m/V1", "v1"), "model/m/v1");
        assert_eq!(name("compute/a", "b"), "compute/a", "another's name is not taken");
        let item = of("compute/a", json!({"systemData": {"createdAt": "2026-01-01T00:00:00Z"}}));
        let item = item.item("ws");
        assert_eq!((item.kind, item.size), (Kind::Thing, 51));
        assert!(item.modified.is_some());
    }
}
