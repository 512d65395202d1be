//! One run, which is a job to the control plane. Only what is not usual is kept of it: a workspace
//! may have hundreds of thousands.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::azure::entra::CALLER;
use crate::support::azure::state::{Experiment, Workspace};
use crate::support::blob_server::form::stamp;

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: String,
    /// Name and id of its experiment.
    pub experiment: String,
    pub experiment_id: String,
    /// What of its document is not usual.
    said: Map<String, Value>,
    /// What only the control plane says of it: `jobType`, `command`, `notificationSetting`, ….
    pub job: Map<String, Value>,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub gone: Option<Timestamp>,
}

impl Run {
    /// As run history answers it.
    pub fn document(&self) -> Map<String, Value> {
        let mut document = usual(&self.id, &self.experiment_id, self.created);
        document.extend(self.said.clone());
        document
    }

    /// A field that is not usual.
    pub fn said(&self, field: &str) -> Option<&Value> {
        self.said.get(field)
    }

    /// Changes a field.
    pub fn say(&mut self, field: &str, value: Value) {
        self.said.insert(field.to_owned(), value);
    }

    /// An object of the document, to be changed.
    pub fn object(&mut self, field: &str) -> &mut Map<String, Value> {
        let object = self.said.entry(field).or_insert_with(|| json!({}));
        if !object.is_object() {
            *object = json!({});
        }
        object.as_object_mut().expect("it was just made one")
    }

    /// Somebody wrote it: the caller.
    pub fn written(&mut self, now: Timestamp) {
        self.modified = now;
        self.say("lastModifiedUtc", stamp(now).into());
        self.say("lastModifiedBy", json!({"userObjectId": CALLER, "userName": "dsrd"}));
    }

    pub fn parent(&self) -> Option<&str> {
        self.said("parentRunId").and_then(Value::as_str)
    }

    pub fn status(&self) -> &str {
        self.said("status").and_then(Value::as_str).unwrap_or("Completed")
    }

    pub fn is_archived(&self) -> bool {
        self.said("hidden").and_then(Value::as_bool) == Some(true)
    }

    /// Whether nothing more happens to it by itself.
    pub fn is_terminal(&self) -> bool {
        matches!(self.status(), "Completed" | "Failed" | "Canceled")
    }
}

impl Workspace {
    /// Adds an experiment, and gives its id.
    pub fn add_experiment(&mut self, name: &str, now: Timestamp) -> String {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string();
        let experiment = Experiment {
            name: name.to_owned(),
            description: None,
            tags: Map::new(),
            archived: None,
            created: now,
        };
        self.experiments.insert(id.clone(), experiment);
        id
    }

    /// Adds a run to an experiment, which is made where it is not there. `document` and `job` say
    /// what the run history and the control plane know of it; the rest is usual.
    pub fn add_run(
        &mut self,
        run: &str,
        experiment: &str,
        document: &Value,
        job: &Map<String, Value>,
        now: Timestamp,
    ) {
        let found = self.experiment_id(experiment);
        let experiment_id = found.unwrap_or_else(|| self.add_experiment(experiment, now));
        let of_run = ["tags", "properties", "displayName", "description", "isArchived", "status"];
        let mut job = job.clone();
        job.retain(|name, _| !of_run.contains(&name.as_str()));
        let made = Run {
            id: run.to_owned(),
            experiment: experiment.to_owned(),
            experiment_id,
            said: document.as_object().cloned().unwrap_or_default(),
            job,
            created: now,
            modified: now,
            gone: None,
        };
        self.runs.insert(run.to_owned(), made);
    }
}

/// The document of a run of nobody.
fn usual(run: &str, experiment_id: &str, now: Timestamp) -> Map<String, Value> {
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_URL, run.as_bytes()).to_string();
    let document = json!({
        "runNumber": 1,
        "rootRunId": run,
        "createdUtc": stamp(now),
        "createdBy": {},
        "userId": null,
        "token": null,
        "tokenExpiryTimeUtc": null,
        "error": null,
        "warnings": null,
        "revision": 1,
        "runUuid": uuid,
        "parentRunUuid": null,
        "rootRunUuid": uuid,
        "lastModifiedUtc": stamp(now),
        "runId": run,
        "parentRunId": null,
        "experimentId": experiment_id,
        "status": "Completed",
        "startTimeUtc": stamp(now),
        "endTimeUtc": stamp(now),
        "displayName": run,
        "name": null,
        "dataContainerId": format!("dcid.{run}"),
        "description": null,
        "hidden": false,
        "runType": "azureml.scriptrun",
        "runTypeV2": {"orchestrator": "Execution", "traits": ["scriptRun"], "attribution": null},
        "properties": {},
        "parameters": {},
        "actionUris": {},
        "scriptName": "train.py",
        "target": "cpu-cluster",
        "tags": {},
        "settings": {},
        "services": {},
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": null,
        "createdFrom": null,
        "inputs": {},
        "outputs": {},
    });
    document.as_object().cloned().unwrap_or_default()
}
