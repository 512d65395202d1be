//! What one of the workspace's own services says of one thing.

use serde_json::{Map, Value, json};

use crate::adapters::azureml::wire::discovery::Service;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::lists::{List, all};
use crate::domain::failure::Failure;

const LOOKING: &str = "reading the document of a resource";

/// What `service` says at `path` of what has that name; `None` where nothing is there.
///
/// # Errors
/// Where the service does not say, or the workspace itself is gone.
pub async fn said(
    entry: &Entry,
    name: &str,
    service: Service,
    path: &str,
) -> Result<Option<Value>, Failure> {
    match service {
        Service::Metric => metrics(entry, name).await,
        Service::Artifact => {
            let found = all(entry, List::Artifacts(name)).await?;
            let found = found.filter(|artifacts| !artifacts.is_empty());
            Ok(found.map(|artifacts| json!({ "artifacts": artifacts })))
        }
        Service::History
        | Service::Content
        | Service::ModelManagement
        | Service::Dataset
        | Service::Pipelines => one(entry, service, path).await,
    }
}

async fn one(entry: &Entry, service: Service, path: &str) -> Result<Option<Value>, Failure> {
    let answer = entry.get(LOOKING, entry.service_url(service, path).await?).await?;
    match answer.status {
        200 if answer.body.is_object() => Ok(Some(answer.body)),
        204 => Ok(None),
        200..=299 => Err(Failure::permanent("reading the document of a resource: it is none")),
        _ if answer.is_absent_there() => Ok(None),
        _ => Err(answer.failure(LOOKING)),
    }
}

/// All values of all metrics of a run, by their names.
async fn metrics(entry: &Entry, run: &str) -> Result<Option<Value>, Failure> {
    let mut metrics = Map::new();
    for definition in all(entry, List::Metrics(run)).await?.unwrap_or_default() {
        let Some(name) = definition["metricKey"]["name"].as_str() else { continue };
        // Those that are gone meanwhile are not there.
        if let Some(values) = all(entry, List::Values(run, name)).await? {
            metrics.insert(name.to_owned(), values.into());
        }
    }
    Ok((!metrics.is_empty()).then(|| json!({ "metrics": metrics })))
}
