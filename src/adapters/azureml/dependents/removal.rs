//! How a dependent goes: looked at first, and whether anybody else uses it now; gone when a look
//! says so, and purged where its service would give it back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::adapters::azure::wire::address::{add_query, encoded};
use crate::adapters::azureml::dependents::around::{HAS_PROJECTS, LOCKED, Lookout, SHARED};
use crate::adapters::azureml::dependents::inside;
use crate::adapters::azureml::dependents::look::{Seen, Told, all, ask, is_absent, look, print};
use crate::adapters::azureml::dependents::owner;
use crate::adapters::azureml::dependents::spot::{Spot, same_id};
use crate::adapters::azureml::dependents::vault;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{self, Handle, Polled, followed, look_ms};
use crate::adapters::azureml::workspace::{self, FOR_GOOD};
use crate::domain::dependents::dependent::{
    ACCOUNT, LOGS, RECOVERABLE_DAYS, RECOVERABLE_UNTIL, VAULT,
};
use crate::domain::dependents::ours::Ours;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::{Erased, Followed};

const DELETING: &str = "deleting what a workspace depends on";

/// Our codes for what stays because of others.
const USED: &str = "UsedByAnother";
const LOCK: &str = "ScopeLocked";
const UNSEEN: &str = "UsersNotSeen";
/// Of what the workspace has that is another by now, or names something else.
const OWNER_CHANGED: &str = "WorkspaceChanged";
/// Of what holds something of ours, as the settings are now.
const HOLDS_OURS: &str = "HoldsWhatIsKept";
/// Of an account that holds what nobody approved.
const NOT_PLANNED: &str = "HoldsWhatIsNotPlanned";
/// Of vaults that are deleted, and cannot be purged.
const PROTECTED: &str = "PurgeProtected";
const PURGE_UNSEEN: &str = "PurgeNotSeen";

/// How often a vault is looked for among those that are deleted, before there is none.
const LOOKS_MIN: u32 = 2;

/// How old the last look around may be before something in an account goes, of which there may be
/// thousands. Before anything that stands by itself goes it is looked anew.
const LOOK_AGE_MAX: Duration = Duration::from_secs(5);

/// For how long logs can be had back that were deleted softly.
const LOGS_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// For how long a deleted vault can be had back at most.
const VAULT_TIME_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What it takes to remove one.
#[derive(Clone, Copy)]
pub struct Removal<'a> {
    /// The way into the workspace.
    pub entry: &'a Entry,
    /// What of ours stays.
    pub ours: &'a Ours,
    /// Who else uses things, as it was seen lately.
    pub lookout: &'a Lookout,
}

/// Removes exactly the one that was seen, if still nobody else uses it.
///
/// # Errors
/// Where a service does not answer, or refuses for a reason that has no word.
pub async fn remove(with: Removal<'_>, item: &Item) -> Result<Erased, Failure> {
    let (entry, spot) = (with.entry, spot(item)?);
    let Some(seen) = look(entry, &spot).await? else {
        return absent(with, &spot, item, Gone::Found).await;
    };
    if seen.print != item.etag {
        return Ok(Erased::Changed);
    }
    if owner::stay_of_ours(with.ours, entry, &spot).is_some() {
        return Ok(Erased::Blocked(Barrier::new(Block::Lock, HOLDS_OURS)));
    }
    if let Some(barrier) = used(with, &spot, item).await? {
        return Ok(Erased::Blocked(barrier));
    }
    if let Some(barrier) = holds(entry, &spot, &seen).await? {
        return Ok(Erased::Blocked(barrier));
    }
    let answer = entry.delete(DELETING, url(entry, &spot, item)).await?;
    match answer.status {
        202 => Ok(Erased::Begun(operations::begun(entry, &answer))),
        200 | 204 => match look(entry, &spot).await? {
            None => Ok(match absent(with, &spot, item, Gone::ByUs { looks: 0 }).await? {
                Erased::AlreadyAbsent => Erased::Done,
                erased => erased,
            }),
            Some(_) => Ok(Erased::Begun(Handle::Resource.ticket(look_ms(entry)))),
        },
        _ if is_absent(&answer) => absent(with, &spot, item, Gone::ByUs { looks: 0 }).await,
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
pub async fn follow(with: Removal<'_>, item: &Item, handle: &str) -> Result<Followed, Failure> {
    let (entry, mut looks) = (with.entry, 0);
    let polled = match Handle::read(handle)? {
        Handle::Deleted { looks: before } => {
            looks = before;
            Polled::Over
        }
        Handle::Status { url } => operations::by_status(entry, &url).await?,
        Handle::Result { url } => operations::by_result(entry, &url).await?,
        Handle::Resource => Polled::Over,
        Handle::Turn { .. } => return Ok(followed(remove(with, item).await?)),
        Handle::Operation { .. } | Handle::Cancelled | Handle::Used { .. } => Polled::Unknown,
    };
    let spot = spot(item)?;
    let told = polled.unless_over();
    // A purge that is forgotten may not have been one: the vaults that are deleted say it.
    let is_forgotten = matches!(told, Some(Followed::Unknown)) && is_purged(&spot, item);
    if let Some(told) = told.filter(|_| !is_forgotten) {
        return Ok(told);
    }
    match look(entry, &spot).await? {
        None => Ok(followed(absent(with, &spot, item, Gone::ByUs { looks }).await?)),
        Some(seen) if is_forgotten || seen.print != item.etag => Ok(Followed::Unknown),
        Some(_) => Ok(Followed::Running { look_in_ms: look_ms(entry), handle: None, state: None }),
    }
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

/// Whether it is there still, or what its service would give back of it although it was to be gone
/// for good.
///
/// # Errors
/// Its service does not say.
pub async fn stands(entry: &Entry, item: &Item) -> Result<bool, Failure> {
    let spot = spot(item)?;
    if let Some(seen) = look(entry, &spot).await? {
        return Ok(seen.print == item.etag);
    }
    if !is_purged(&spot, item) {
        return Ok(false);
    }
    Ok(match vault::deleted(entry, &spot, item).await? {
        Told::So(None) => false,
        Told::So(Some(vault)) => !(vault::is_protected(&vault["properties"]) && is_told(item)),
        // It is for who removes it to say that nobody lets us see it.
        Told::Refused => true,
    })
}

/// Until when its service gives it back that is not there any more, where that says so itself.
///
/// # Errors
/// Its service does not say.
pub async fn recoverable_until(
    entry: &Entry,
    item: &Item,
    erased_at: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let spot = spot(item)?;
    let is_purged_logs = spot.sort.word == LOGS && item.properties.contains_key(FOR_GOOD);
    // What something forbade to go stands, as a rule.
    if spot.sort.word != VAULT && !is_purged_logs
        || matches!(ask(entry, &spot).await?, Told::So(Some(_)))
    {
        return Ok(None);
    }
    if is_purged_logs {
        let is_kept = are_kept(entry, &spot, item).await?;
        return Ok(is_kept.then(|| erased_at + LOGS_TIME));
    }
    let at_most = Some(erased_at + VAULT_TIME_MAX);
    Ok(match vault::deleted(entry, &spot, item).await? {
        Told::So(None) => None,
        Told::So(Some(vault)) => {
            let until = vault["properties"]["scheduledPurgeDate"].as_str();
            until.and_then(|until| until.parse().ok()).or(at_most)
        }
        // Where the plan does not say how long: longer than that none is kept.
        Told::Refused => at_most.filter(|_| !is_told(item)),
    })
}

/// Whether logs that were to be gone for good are among those that can be had back. Who may not see
/// that has their service's word for it.
async fn are_kept(entry: &Entry, spot: &Spot, item: &Item) -> Result<bool, Failure> {
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.OperationalInsights/deletedWorkspaces",
        encoded(&spot.subscription)
    );
    let Told::So(deleted) = all(entry, entry.at(&path, spot.sort.version)).await? else {
        return Ok(false);
    };
    Ok(deleted.iter().any(|logs| {
        let id = logs["id"].as_str().unwrap_or_default();
        same_id(id, &spot.id()) || print(spot, logs) == item.etag
    }))
}

fn spot(item: &Item) -> Result<Spot, Failure> {
    let spot = Spot::of(&item.name);
    spot.ok_or_else(|| Failure::permanent("reading the name of what a workspace depends on"))
}

/// Who made one go that is not there.
#[derive(Clone, Copy)]
enum Gone {
    /// Nobody knows.
    Found,
    /// We did, just now: it was asked whether anybody else uses it.
    ByUs {
        /// How often it was looked for among those that are deleted.
        looks: u32,
    },
}

fn is_purged(spot: &Spot, item: &Item) -> bool {
    spot.sort.word == VAULT && item.properties.contains_key(FOR_GOOD)
}

/// What becomes of one that is not there: a vault may be had back.
async fn absent(
    with: Removal<'_>,
    spot: &Spot,
    item: &Item,
    gone: Gone,
) -> Result<Erased, Failure> {
    let entry = with.entry;
    if !is_purged(spot, item) {
        return Ok(Erased::AlreadyAbsent);
    }
    let vault = match vault::deleted(entry, spot, item).await? {
        Told::So(vault) => vault,
        Told::Refused => return Ok(Erased::Blocked(Barrier::new(Block::Lock, PURGE_UNSEEN))),
    };
    let looks = match gone {
        Gone::Found => 0,
        Gone::ByUs { looks } => looks,
    };
    let Some(vault) = vault else {
        // It shows there only after a while; of one that was planned as absent nothing is left.
        return Ok(match looks >= LOOKS_MIN || item.etag.is_empty() {
            true => Erased::AlreadyAbsent,
            false => Erased::Begun(Handle::Deleted { looks: looks + 1 }.ticket(look_ms(entry))),
        });
    };
    if vault::is_protected(&vault["properties"]) {
        // Who protected it after the plan was made keeps it from being gone for good.
        return Ok(match is_told(item) {
            true => Erased::AlreadyAbsent,
            false => Erased::Blocked(Barrier::new(Block::Immutable, PROTECTED)),
        });
    }
    if let (Gone::Found, Some(barrier)) = (gone, used(with, spot, item).await?) {
        return Ok(Erased::Blocked(barrier));
    }
    vault::purge(entry, spot, (item, &vault)).await
}

/// Whether the plan says that it can be had back.
fn is_told(item: &Item) -> bool {
    [RECOVERABLE_DAYS, RECOVERABLE_UNTIL].iter().any(|name| item.properties.contains_key(*name))
}

/// What an account has that is not in the plan: all that is, is gone by now, or keeps it.
async fn holds(entry: &Entry, spot: &Spot, seen: &Seen) -> Result<Option<Barrier>, Failure> {
    if spot.sort.word != ACCOUNT {
        return Ok(None);
    }
    let Some(parts) = inside::inside(entry, "", (spot, &seen.value)).await? else {
        return Ok(Some(Barrier::new(Block::Lock, UNSEEN)));
    };
    for part in parts {
        let Some(part) = Spot::of(&part.item.name) else { continue };
        // Lists lag behind.
        if look(entry, &part).await?.is_some() {
            return Ok(Some(Barrier::new(Block::Lock, NOT_PLANNED)));
        }
    }
    Ok(None)
}

/// What forbids it now, whatever was so when it was planned.
async fn used(with: Removal<'_>, spot: &Spot, item: &Item) -> Result<Option<Barrier>, Failure> {
    let entry = with.entry;
    let Some(document) = workspace::own(entry).await? else {
        return Ok(Some(Barrier::new(Block::Lock, UNSEEN)));
    };
    if !owner::is_still(item, &document) {
        return Ok(Some(Barrier::new(Block::Lock, OWNER_CHANGED)));
    }
    let subscriptions = owner::subscriptions(item).chain([spot.subscription.clone()]).collect();
    let age_max = if spot.inside.is_some() { LOOK_AGE_MAX } else { Duration::ZERO };
    let around = with.lookout.around(entry, subscriptions, age_max).await?;
    let stay = match around.own_stay(&document) {
        Some(stay) => Some(stay),
        None => around.stay(entry, spot).await?,
    };
    Ok(stay.map(|stay| match &*stay.reason {
        SHARED | HAS_PROJECTS => Barrier::new(Block::Lock, USED),
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
