//! What the service says of a resource, as the bytes of an item: JSON with its keys in order, and
//! without what changes by itself. The `ETag` is the SHA-256 of these bytes, for the service gives
//! none.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::adapters::azureml::documents::state::leave_out;
use crate::adapters::azureml::kinds::{Below, Keeper};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::looks;
use crate::domain::asked::thing::ThingKind;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::Container;

/// Where documents say when they were last written, the surest first.
const TIMES: [&str; 7] = [
    "/systemData/lastModifiedAt",
    "/systemData/createdAt",
    "/lastModifiedUtc",
    "/createdUtc",
    "/modifiedTime",
    "/updatedTime",
    "/createdTime",
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
    modified: Option<Timestamp>,
}

impl Document {
    /// What was said of the resource at `address`.
    pub fn new(address: &Address, said: Value) -> Self {
        let address = match address.sort.below {
            // What is kept of a run is called by its keeper.
            Below::Leavings if address.below.is_some() => address.clone(),
            _ => address.written(said["name"].as_str()),
        };
        let state = said["properties"]["provisioningState"].as_str();
        let is_going = state.is_some_and(|state| state.eq_ignore_ascii_case("deleting"));
        let mut times = TIMES.iter().filter_map(|pointer| said.pointer(pointer)?.as_str());
        let modified = times.find_map(|text| text.parse().ok());
        let mut value = said;
        leave_out(&mut value, &address);
        let value = in_order(value);
        let bytes = Bytes::from(value.to_string());
        let etag = hex::encode(Sha256::digest(&bytes));
        Self { address, value, bytes, etag, is_going, modified }
    }

    /// The same as an item of the source.
    pub fn item(&self, source: &str) -> Item {
        Item {
            kind: Kind::Thing,
            container: Container::Resources,
            etag: self.etag.clone(),
            size: self.bytes.len() as u64,
            modified: self.modified,
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
    if let Keeper::Service(service) = address.keeper() {
        let said = looks::said(entry, &address.name, service, &path).await?;
        return Ok(said.map(|said| Document::new(address, said)));
    }
    let answer = entry.get(LOOKING, entry.url(&path)).await?;
    match answer.status {
        200 if answer.body.is_object() => Ok(Some(Document::new(address, answer.body))),
        _ if answer.is_absent() => Ok(None),
        _ if address.sort.is(ThingKind::Workspace) && answer.is_absent_itself() => Ok(None),
        _ => Err(refusal(&answer)),
    }
}

fn refusal(answer: &Answer) -> Failure {
    match answer.status {
        200..=299 => Failure::permanent("reading the document of a resource: it is none"),
        _ => answer.failure(LOOKING),
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
    fn links_that_let_in_are_no_part_of_a_snapshot() {
        let said = |signature: &str| {
            let file = json!({"name": "train.py", "sasUrl": signature});
            json!({"root": {"sasUrl": signature, "children": {"train.py": file, "b": [file]}}})
        };
        let (one, other) = (of("snapshot/a", said("s3cret")), of("snapshot/a", said("t")));
        assert_eq!((&one.bytes, &one.etag), (&other.bytes, &other.etag));
        assert!(!String::from_utf8_lossy(&one.bytes).contains("s3cret"));
    }

    /// Anybody can write a tag, however it begins.
    #[test]
    fn a_tag_that_looks_like_the_services_own_stays() {
        let said = json!({"tags": {"_aml_system_owner": "ann"}, "runId": "a"});
        assert_eq!(of("run/a/history", said.clone()).value["tags"], said["tags"]);
    }

    /// A run that goes on or is cancelled is the same run.
    #[test]
    fn how_a_run_goes_is_left_out() {
        let history = |status: &str, end: Value| {
            json!({"runId": "a", "status": status, "endTimeUtc": end, "revision": 7,
                "token": "s3cret", "createdBy": {"upn": "ann"},
                "tags": {"owner": "ann", "_aml_system_ComputeTargetStatus": status}})
        };
        let one = of("run/a/history", history("Running", Value::Null));
        let other = of("run/a/history", history("Canceled", "2026-01-01T00:00:00Z".into()));
        assert_eq!((&one.bytes, &one.etag), (&other.bytes, &other.etag));
        let left = r#"{"createdBy":{"upn":"ann"},"runId":"a","tags":{"owner":"ann"}}"#;
        assert_eq!(one.bytes, left);
        let job = |status: &str| {
            let tags = json!({"_aml_system_ComputeTargetStatus": status});
            json!({"name": "a", "properties": {"status": status, "tags": tags,
                "services": {"Studio": {"endpoint": "x", "status": status}}},
                "systemData": {"createdBy": "ann", "lastModifiedAt": status}})
        };
        assert_eq!(of("run/a", job("Running")).etag, of("run/a", job("Canceled")).etag);
        let left = of("run/a", job("Running")).value;
        assert_eq!(left["properties"]["services"], json!({"Studio": {"endpoint": "x"}}));
        // Another's state is not a run's.
        assert_ne!(of("schedule/a", job("Running")).etag, of("schedule/a", job("Canceled")).etag);
    }

    #[test]
    fn secrets_are_left_out() {
        let credentials = json!({"properties": {"credentials": {
            "username": "ann", "password": "s3cret", "newKindOfKey": "s3cret"}}});
        let key = json!({"createdBy": {"upn": "ann"}, "sslKey": "s3cret"});
        let table = [
            ("connection/c", &credentials),
            ("datastore/d", &credentials),
            ("web_service/s", &key),
        ];
        for (name, said) in table {
            let text = of(name, said.clone()).value.to_string();
            assert!(text.contains("ann") && !text.contains("s3cret"), "{name}: {text}");
        }
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
        let history = of("run/a/history", json!({"name": "HISTORY", "runId": "a"}));
        assert_eq!(history.address.item_name(), "run/a/history", "a run may be called anything");
    }
}
