//! How a resource goes: looked at first, removed or detached, and gone when a look says so.

use serde_json::Value;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::kinds::Keeper;
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::plane;
use crate::adapters::azureml::runs;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{self, Handle, Polled, followed, look_ms};
use crate::adapters::azureml::workspace;
use crate::domain::asked::thing::ThingKind;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::{Erased, Followed};

const DELETING: &str = "deleting a resource";

/// Removes exactly the resource whose document was seen; with `detach` only that the workspace
/// knows it.
///
/// # Errors
/// Where the service does not answer, or refuses for a reason that has no word.
pub async fn remove(entry: &Entry, item: &Item, detach: bool) -> Result<Erased, Failure> {
    let address = address(item)?;
    if address.sort.is(ThingKind::Workspace) {
        return workspace::remove(entry, &address, item).await;
    }
    let Some(document) = look(entry, &address).await? else { return Ok(Erased::AlreadyAbsent) };
    if document.etag != item.etag {
        return Ok(Erased::Changed);
    }
    if matches!(document.address.keeper(), Keeper::Service(_)) {
        return plane::removal::remove(entry, &document).await;
    }
    match runs::unended(entry, &address).await? {
        Some(run) if run.goes_on() => return runs::cancel(entry, &address).await,
        Some(run) => return Ok(Erased::Begun(Handle::Cancelled.ticket(run.look_in_ms()))),
        None => {}
    }
    let answer = entry.delete(DELETING, url(entry, &document, detach)?).await?;
    match answer.status {
        202 => Ok(Erased::Begun(operations::begun(entry, &answer))),
        200 | 204 => Ok(match look(entry, &address).await? {
            None => Erased::Done,
            Some(_) => Erased::Begun(Handle::Resource.ticket(look_ms(entry))),
        }),
        _ if answer.is_absent() => Ok(Erased::AlreadyAbsent),
        // It did not say that it goes on, as children of pipelines say nothing of themselves.
        409 if answer.code == runs::NOT_ENDED => runs::cancel(entry, &address).await,
        // We may have begun it ourselves, and died before we could keep its handle. Codes for that
        // are many; a resource that is about to go says so itself, where it has a state.
        409 if !answer.is_locked() && (answer.is_busy() || document.is_going) => {
            Ok(Erased::Begun(Handle::Turn { detach }.ticket(answer.wait_ms())))
        }
        _ => match answer.barrier() {
            Some(barrier) => Ok(Erased::Blocked(barrier)),
            None => Err(answer.failure(DELETING)),
        },
    }
}

/// How far the service has come with what [`remove`] began.
///
/// # Errors
/// It cannot be learned now.
pub async fn follow(entry: &Entry, item: &Item, handle: &str) -> Result<Followed, Failure> {
    let polled = match Handle::read(handle)? {
        Handle::Status { url } => operations::by_status(entry, &url).await?,
        Handle::Result { url } => operations::by_result(entry, &url).await?,
        Handle::Operation { url } => operations::by_operation(entry, &url).await?,
        Handle::Resource => Polled::Over,
        Handle::Turn { detach } => return begun_later(entry, item, detach).await,
        Handle::Cancelled => return ended_later(entry, item).await,
        Handle::Deleted { .. } => Polled::Unknown,
        Handle::Used { looks } => {
            let erased = plane::removal::snapshot(entry, &address(item)?, looks).await?;
            return Ok(followed(erased));
        }
    };
    if let Some(followed) = polled.unless_over() {
        return Ok(followed);
    }
    // Whatever a service says: it is done when the resource is gone.
    Ok(match look(entry, &address(item)?).await? {
        None => Followed::Done,
        // Made anew since, or written: nothing is under way with that.
        Some(document) if document.etag != item.etag && !document.is_going => Followed::Unknown,
        Some(_) => Followed::Running { look_in_ms: look_ms(entry), handle: None, state: None },
    })
}

/// Where the document of an item is.
///
/// # Errors
/// Its name is none of ours.
pub fn address(item: &Item) -> Result<Address, Failure> {
    let address = Address::of(&item.name);
    address.ok_or_else(|| Failure::permanent("reading the name of a resource: it is none"))
}

/// Deletes a run that was asked to end, once it has. One that goes on all the same is asked again.
async fn ended_later(entry: &Entry, item: &Item) -> Result<Followed, Failure> {
    let Some(run) = runs::unended(entry, &address(item)?).await? else {
        return begun_later(entry, item, false).await;
    };
    if run.goes_on() {
        return begun_later(entry, item, false).await;
    }
    let (look_in_ms, state) = (run.look_in_ms(), Some(run.state));
    Ok(Followed::Running { look_in_ms, handle: None, state })
}

/// Tries again to begin.
async fn begun_later(entry: &Entry, item: &Item, detach: bool) -> Result<Followed, Failure> {
    Ok(followed(remove(entry, item, detach).await?))
}

/// What a DELETE goes to. Computes want to be told what becomes of the machines behind them; what
/// was attached is not the workspace's to delete.
fn url(entry: &Entry, document: &Document, detach: bool) -> Result<url::Url, Failure> {
    let path = document.address.path();
    let path = path.ok_or_else(|| Failure::permanent("deleting a resource: no URL leads there"))?;
    let mut url = entry.url(&path);
    if document.address.sort.is(ThingKind::Compute) {
        let is_attached = document.value["properties"]["isAttachedCompute"] == Value::Bool(true);
        let action = if detach || is_attached { "Detach" } else { "Delete" };
        add_query(&mut url, "underlyingResourceAction", action);
    }
    Ok(url)
}
