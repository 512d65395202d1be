//! How a dependent goes: looked at first, and whether anybody else uses it now; gone when a look
//! says so, and purged where its service would give it back.

use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azureml::dependents::around::{Around, LOCKED, SHARED};
use crate::adapters::azureml::dependents::inside;
use crate::adapters::azureml::dependents::look::{Seen, is_absent, look};
use crate::adapters::azureml::dependents::spot::Spot;
use crate::adapters::azureml::dependents::vault;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{self, Handle, LOOK_MS, Polled, followed};
use crate::adapters::azureml::workspace::FOR_GOOD;
use crate::domain::dependents::dependent::{LOGS, VAULT};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::{Erased, Followed};

const DELETING: &str = "deleting what a workspace depends on";

/// Our codes for what stays because of others.
const USED: &str = "UsedByAnother";
const LOCK: &str = "ScopeLocked";
const UNSEEN: &str = "UsersNotSeen";

/// Removes exactly the one that was seen, if still nobody else uses it.
///
/// # Errors
/// Where a service does not answer, or refuses for a reason that has no word.
pub async fn remove(entry: &Entry, item: &Item) -> Result<Erased, Failure> {
    let spot = spot(item)?;
    let Some(seen) = look(entry, &spot).await? else { return absent(entry, &spot, item).await };
    if seen.print != item.etag {
        return Ok(Erased::Changed);
    }
    if let Some(barrier) = used(entry, &spot).await? {
        return Ok(Erased::Blocked(barrier));
    }
    let answer = entry.delete(DELETING, url(entry, &spot, item)).await?;
    match answer.status {
        202 => Ok(Erased::Begun(operations::begun(entry, &answer))),
        200 | 204 => match look(entry, &spot).await? {
            None => Ok(match absent(entry, &spot, item).await? {
                Erased::AlreadyAbsent => Erased::Done,
                erased => erased,
            }),
            Some(_) => Ok(Erased::Begun(Handle::Resource.ticket(LOOK_MS))),
        },
        _ if is_absent(&answer) => absent(entry, &spot, item).await,
        409 if !answer.is_locked() && answer.is_busy() => {
            Ok(Erased::Begun(Handle::Turn { detach: false }.ticket(answer.wait_ms())))
        }
        _ => refused(&answer, &seen),
    }
}

/// How far its service has come with what [`remove`] began.
///
/// # Errors
/// It cannot be learned now.
pub async fn follow(entry: &Entry, item: &Item, handle: &str) -> Result<Followed, Failure> {
    let polled = match Handle::read(handle)? {
        Handle::Status { url } => operations::by_status(entry, &url).await?,
        Handle::Result { url } => operations::by_result(entry, &url).await?,
        Handle::Resource => Polled::Over,
        Handle::Turn { .. } => return Ok(followed(remove(entry, item).await?)),
        Handle::Operation { .. } | Handle::Cancelled | Handle::Used { .. } => Polled::Unknown,
    };
    let spot = spot(item)?;
    Ok(match polled {
        Polled::Over => match look(entry, &spot).await? {
            None => followed(absent(entry, &spot, item).await?),
            Some(seen) if seen.print != item.etag => Followed::Unknown,
            Some(_) => Followed::Running { look_in_ms: LOOK_MS, handle: None, state: None },
        },
        Polled::Running(look_in_ms, handle) => {
            let handle = handle.map(|handle| handle.written());
            Followed::Running { look_in_ms, handle, state: None }
        }
        Polled::Failed(code) => Followed::Failed(code),
        Polled::Unknown => Followed::Unknown,
    })
}

/// What is left of it to be seen.
///
/// # Errors
/// Its service does not say.
pub async fn remains(entry: &Entry, source: &str, name: &str) -> Result<Vec<Item>, Failure> {
    let Some(spot) = Spot::of(name) else { return Ok(Vec::new()) };
    let seen = look(entry, &spot).await?;
    Ok(seen.into_iter().map(|seen| spot.item(source, &seen.print, "")).collect())
}

fn spot(item: &Item) -> Result<Spot, Failure> {
    let spot = Spot::of(&item.name);
    spot.ok_or_else(|| Failure::permanent("reading the name of what a workspace depends on"))
}

/// What becomes of one that is not there: a vault may be had back.
async fn absent(entry: &Entry, spot: &Spot, item: &Item) -> Result<Erased, Failure> {
    match spot.sort.word == VAULT && item.properties.contains_key(FOR_GOOD) {
        true => vault::purge(entry, spot).await,
        false => Ok(Erased::AlreadyAbsent),
    }
}

/// What forbids it now, whatever was so when it was planned.
async fn used(entry: &Entry, spot: &Spot) -> Result<Option<Barrier>, Failure> {
    let around = Around::see(entry, [spot.subscription.clone()]).await?;
    let stay = around.stay(entry, spot).await?;
    Ok(stay.map(|stay| match stay.reason {
        SHARED => Barrier::new(Block::Lock, USED),
        LOCKED => Barrier::new(Block::Lock, LOCK),
        _ => Barrier::new(Block::Lock, UNSEEN),
    }))
}

fn url(entry: &Entry, spot: &Spot, item: &Item) -> Url {
    let mut url = spot.url(entry);
    if spot.sort.word == LOGS && item.properties.contains_key(FOR_GOOD) {
        add_query(&mut url, "force", "true");
    }
    url
}

fn refused(answer: &Answer, seen: &Seen) -> Result<Erased, Failure> {
    let by_itself = || inside::barrier(&seen.value, &answer.code);
    match answer.barrier().or_else(|| matches!(answer.status, 409 | 412).then(by_itself).flatten())
    {
        Some(barrier) => Ok(Erased::Blocked(barrier)),
        None => Err(answer.failure(DELETING)),
    }
}
