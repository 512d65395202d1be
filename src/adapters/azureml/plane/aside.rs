//! How what the workspace's own services keep is hidden. It stays, and can be shown again.

use serde_json::{Value, json};

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::documents::document::Document;
use crate::adapters::azureml::kinds::{EXPERIMENT, REGISTERED_DATASET, RUN};
use crate::adapters::azureml::plane::removal::experiment_id;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::discovery::Service;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::failure::Failure;

const ARCHIVING: &str = "archiving a resource";

/// Hides it; `None` where no service of the workspace's own does that.
///
/// # Errors
/// Where the service does not answer.
pub async fn hide(entry: &Entry, document: &Document) -> Result<Option<Answer>, Failure> {
    let address = &document.address;
    let name = encoded(&address.name);
    let (service, path, body) = match address.sort {
        // A PUT of the job would have to say all of it again.
        sort if *sort == RUN => (Service::History, format!("runs/{name}"), json!({"hidden": true})),
        sort if *sort == EXPERIMENT => {
            let path = format!("experimentids/{}", encoded(&experiment_id(document)?));
            (Service::History, path, json!({"archive": true}))
        }
        sort if *sort == REGISTERED_DATASET => {
            let id = document.value["datasetId"].as_str().unwrap_or_default();
            let path = format!("datasets/{}/state", encoded(id));
            let url = entry.service_url(Service::Dataset, &path).await?;
            return entry.put(ARCHIVING, url, &json!({"state": "archived"})).await.map(Some);
        }
        _ => return Ok(None),
    };
    let url = entry.service_url(service, &path).await?;
    entry.patch(ARCHIVING, url, &body).await.map(Some)
}

/// Whether it is hidden, as its own document says.
pub fn is_hidden(document: &Document) -> bool {
    let value = &document.value;
    let by_manager = value["properties"]["isArchived"] == Value::Bool(true);
    match document.address.sort {
        sort if *sort == EXPERIMENT => !value["archivedTime"].is_null(),
        sort if *sort == REGISTERED_DATASET => value["datasetState"]["state"] == "archived",
        _ => by_manager || value["hidden"] == Value::Bool(true),
    }
}
