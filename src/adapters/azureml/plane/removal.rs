//! How what the workspace's own services keep goes.

use crate::adapters::azure::wire::address::{add_query, encoded};
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::kinds::{
    ARTIFACTS, EXPERIMENT, METRICS, REGISTERED_DATASET, RUN, SNAPSHOT, WEB_SERVICE,
};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::plane::runs::is_in_use;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::discovery::Service;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::lists::{List, page};
use crate::adapters::azureml::wire::operations::{self, Handle, LOOK_MS, look_ms};
use crate::domain::failure::Failure;
use crate::domain::outcome::{Barrier, Block, FIXED};
use crate::ports::sources::Erased;

const DELETING: &str = "deleting what a workspace holds";

/// Our code for the source of a run that another run uses.
const IN_USE: &str = "SnapshotInUse";

/// How often it is looked whether it still does: an hour.
const USED_LOOKS_MAX: u32 = 120;

/// Removes what the document was seen of.
///
/// # Errors
/// Where the service does not answer, or refuses for a reason that has no word.
pub async fn remove(entry: &Entry, document: &Document) -> Result<Erased, Failure> {
    let address = &document.address;
    if *address.sort == RUN {
        return of_run(entry, address).await;
    }
    if *address.sort == SNAPSHOT {
        return snapshot(entry, address, 0).await;
    }
    let name = encoded(&address.name);
    let (service, path) = match address.sort {
        sort if *sort == WEB_SERVICE => (Service::ModelManagement, format!("services/{name}")),
        sort if *sort == REGISTERED_DATASET => (Service::Dataset, format!("datasets/{name}")),
        sort if *sort == EXPERIMENT => {
            (Service::History, format!("experimentids/{}", encoded(&experiment_id(document)?)))
        }
        _ => return Err(Failure::permanent("deleting what a workspace holds: nothing does that")),
    };
    let answer = entry.delete(DELETING, entry.service_url(service, &path).await?).await?;
    match answer.status {
        202 => Ok(Erased::Begun(operations::begun(entry, &answer))),
        200 | 204 => seen_gone(entry, address).await,
        // What goes may be unknown already while its operation still runs.
        404 if answer.header("operation-location").is_some() => match look(entry, address).await? {
            None => Ok(Erased::AlreadyAbsent),
            Some(_) => Ok(Erased::Begun(operations::begun(entry, &answer))),
        },
        _ if answer.is_absent_there() => Ok(Erased::AlreadyAbsent),
        400 | 409 if *address.sort == EXPERIMENT => not_empty(entry, document, &answer).await,
        _ => refused(&answer),
    }
}

/// The id of an experiment.
///
/// # Errors
/// Its document does not tell it.
pub fn experiment_id(document: &Document) -> Result<String, Failure> {
    let id = document.value["experimentId"].as_str().map(str::to_owned);
    id.ok_or_else(|| Failure::permanent("reading the document of an experiment: it has no id"))
}

async fn seen_gone(entry: &Entry, address: &Address) -> Result<Erased, Failure> {
    Ok(match look(entry, address).await? {
        None => Erased::Done,
        Some(_) => Erased::Begun(Handle::Resource.ticket(look_ms(entry))),
    })
}

fn refused(answer: &Answer) -> Result<Erased, Failure> {
    match answer.barrier() {
        Some(barrier) => Ok(Erased::Blocked(barrier)),
        None => Err(answer.failure(DELETING)),
    }
}

/// Only an empty experiment goes. One whose last runs are about to go will be; the service has one
/// code for all that is wrong with a request, so that its runs are asked for.
async fn not_empty(entry: &Entry, document: &Document, answer: &Answer) -> Result<Erased, Failure> {
    let id = experiment_id(document)?;
    let runs = page(entry, List::Runs(&id), "").await?.unwrap_or_default();
    match runs.values.is_empty() {
        true => refused(answer),
        false => Err(Failure::transient("deleting an experiment: it still has runs")),
    }
}

/// What is kept of a run beside its job.
async fn of_run(entry: &Entry, address: &Address) -> Result<Erased, Failure> {
    let name = encoded(&address.name);
    let (service, path) = match address.below.as_deref() {
        Some(METRICS) => (Service::Metric, format!("runs/{name}/deleteMetrics")),
        Some(ARTIFACTS) => {
            (Service::Artifact, format!("artifacts/ExperimentRun/dcid.{name}/batch"))
        }
        _ => return history(entry, address).await,
    };
    let mut url = entry.service_url(service, &path).await?;
    if service == Service::Artifact {
        add_query(&mut url, "hardDelete", "true");
    }
    left(entry, address, &entry.delete(DELETING, url).await?).await
}

/// What became of what a run left, by the answer and by a look.
async fn left(entry: &Entry, address: &Address, answer: &Answer) -> Result<Erased, Failure> {
    match answer.status {
        200..=299 => seen_gone(entry, address).await,
        _ if answer.is_absent_there() => Ok(Erased::AlreadyAbsent),
        _ => refused(answer),
    }
}

/// The source of runs goes when no run uses it any more: one that is about to go may still do.
/// `looks` found it in use before.
///
/// # Errors
/// Where a service does not answer.
pub async fn snapshot(entry: &Entry, address: &Address, looks: u32) -> Result<Erased, Failure> {
    if is_in_use(entry, &address.name).await? {
        return Ok(match looks {
            USED_LOOKS_MAX.. => Erased::Blocked(Barrier::new(Block::Lock, IN_USE)),
            _ => Erased::Begun(Handle::Used { looks: looks + 1 }.ticket(LOOK_MS)),
        });
    }
    let path = format!("snapshots/{}", encoded(&address.name));
    let url = entry.service_url(Service::Content, &path).await?;
    left(entry, address, &entry.delete(DELETING, url).await?).await
}

/// The history of a run goes with its job; nobody else can remove it.
async fn history(entry: &Entry, address: &Address) -> Result<Erased, Failure> {
    Ok(match look(entry, &Address::whole(&RUN, &address.name)).await? {
        Some(_) => Erased::Blocked(Barrier::new(Block::Immutable, FIXED)),
        None => Erased::Begun(Handle::Resource.ticket(look_ms(entry))),
    })
}
