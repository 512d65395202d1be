//! Erased people are looked for again: whoever restores a backup, or writes late, brings them back.
//!
//! When an erasure comes to rest the marks of its identities are kept for a while, and each find
//! sweep, whomever it is for, looks for them in what it reads anyway. What it meets is ledgered
//! once for each place, and announced when the sweep ends. What the erasure left where it was
//! (kept, blocked, unreadable) has not come back, and sources that it did not search say nothing.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::StreamExt;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, Regained};
use crate::matching::watch::{Mark, Watch};
use crate::ports::kept::tombstones::{Buried, ReturnedItem, Tombstone};
use crate::ports::ledger::SealedItem;
use crate::ports::tasks::Lease;
use crate::stages::docket::{Case, Docket};
use crate::stages::walk::pass::Look;

/// Items noted at a time.
const BATCH: usize = 256;

/// Those who are looked for, by their number in the [`Watch`].
pub struct Graves {
    erased: Vec<(RequestId, Vec<String>)>,
}

/// Remembers whom an erasure is about, until then. Names have no shape to be met by: of a person
/// who has nothing else nothing is kept.
///
/// # Errors
/// The ledger's failure.
pub async fn bury(docket: &Docket, case: &Case, until: Timestamp) -> Result<(), Failure> {
    let key = docket.mark_key();
    let identities = case.request.subject.identities.iter();
    let mut marks: Vec<String> =
        identities.filter_map(|identity| key.mark(identity)).map(hex::encode).collect();
    marks.sort_unstable();
    marks.dedup();
    if marks.is_empty() {
        return Ok(());
    }
    let id = &case.request.id;
    let shares = docket.shares(id).await?;
    let sources = shares.into_iter().map(|share| share.source).collect();
    let left = left(docket, case).await?;
    let tombstone = Tombstone { marks, sources, left, until };
    docket.ledger.bury(&case.lease, id, &tombstone).await
}

async fn left(docket: &Docket, case: &Case) -> Result<Vec<String>, Failure> {
    let hashes = docket.hashes(&case.request.id);
    let mut left = Vec::new();
    let is_left =
        |item: &SealedItem| item.outcome.as_ref().is_none_or(|outcome| !outcome.kind().is_clear());
    let mut entries = pin!(docket.entries_if(case, is_left));
    while let Some(entry) = entries.next().await {
        left.push(hashes.item(&entry?.planned.finding.item).to_string());
    }
    left.sort_unstable();
    left.dedup();
    Ok(left)
}

/// What to look for; `None` if nobody is.
///
/// # Errors
/// The ledger's failure.
pub async fn watch(docket: &Docket) -> Result<Option<(Watch, Graves)>, Failure> {
    let mut numbers: BTreeMap<RequestId, usize> = BTreeMap::new();
    let (mut erased, mut marks) = (Vec::new(), Vec::new());
    for Buried { request, mark, sources } in docket.ledger.buried().await? {
        let number = *numbers.entry(request.clone()).or_insert(erased.len());
        if number == erased.len() {
            erased.push((request, sources));
        }
        let mut bytes: Mark = [0; 32];
        hex::decode_to_slice(&mark, &mut bytes)
            .map_err(|error| Failure::permanent("reading a tombstone").because(error))?;
        marks.push((bytes, number));
    }
    Ok((!marks.is_empty()).then(|| (Watch::new(docket.mark_key(), marks), Graves { erased })))
}

impl Graves {
    /// What came back with this item, into `items`.
    pub fn meet(&self, docket: &Docket, look: &Look, items: &mut Vec<ReturnedItem>) {
        for person in &look.met {
            let (request, sources) = &self.erased[*person];
            if sources.contains(&look.item.source) {
                items.push(ReturnedItem {
                    request: request.clone(),
                    item: docket.hashes(request).item(&look.item).to_string(),
                    source: look.item.source.clone(),
                });
            }
        }
    }
}

/// Notes what came back, once it is worth a write or `all` is to be noted.
///
/// # Errors
/// The ledger's failure.
pub async fn note(
    docket: &Docket,
    lease: &Lease,
    items: &mut Vec<ReturnedItem>,
    all: bool,
) -> Result<(), Failure> {
    if items.len() >= BATCH || all && !items.is_empty() {
        docket.ledger.note_returned(lease, items).await?;
        items.clear();
    }
    Ok(())
}

/// Tells of what came back and was not told of yet, and forgets whom nobody is to look for any
/// more. Gives the requests, each with its last record before.
///
/// # Errors
/// The ledger's failure.
pub async fn tell(docket: &Docket, lease: &Lease) -> Result<Vec<(RequestId, u64)>, Failure> {
    let mut returned: BTreeMap<RequestId, Vec<Regained>> = BTreeMap::new();
    for (id, regained) in docket.ledger.returned().await? {
        returned.entry(id).or_default().push(regained);
    }
    let mut told = Vec::new();
    for (id, sources) in returned {
        let Some(standing) = docket.ledger.standing(&id).await? else { continue };
        let items = sources.iter().map(|source| source.items).sum();
        docket.append(&standing, Event::Returned { items, sources }, Some(lease)).await?;
        told.push((id, standing.sequence));
    }
    docket.ledger.forget_buried(lease).await?;
    Ok(told)
}
