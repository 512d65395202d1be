//! Erased people are looked for again: whoever restores a backup, or writes late, brings them back.
//!
//! When an erasure comes to rest the marks of its identities are kept for a while, and each find
//! sweep, whomever it is for, looks for them in what it reads anyway. What it meets is ledgered
//! once for each place, and announced when the sweep ends. What the erasure left where it was
//! (kept, blocked, unreadable) has not come back, and sources that it did not search say nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, Regained};
use crate::ports::kept::tombstones::Tombstone;
use crate::ports::standing::Standing;
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;

/// Remembers whom an erasure is about, until then, and what it left where it was, by keyed hashes.
/// Names have no shape to be met by: of a person who has nothing else nothing is kept.
///
/// # Errors
/// The ledger's failure.
pub async fn bury(
    account: &Account,
    case: &Case,
    until: Timestamp,
    left: Vec<String>,
) -> Result<(), Failure> {
    let key = account.keys.mark_key();
    let identities = case.request.people().iter().flat_map(|person| &person.identities);
    let mut marks: Vec<String> =
        identities.filter_map(|identity| key.mark(identity)).map(hex::encode).collect();
    marks.sort_unstable();
    marks.dedup();
    if marks.is_empty() {
        return Ok(());
    }
    let id = &case.request.id;
    let shares = account.shares(case).await?.iter();
    let sources = shares.map(|share| share.source.clone()).collect();
    let tombstone = Tombstone { marks, sources, left, until };
    account.ledger.bury(&case.lease, id, &tombstone).await
}

/// Tells of what came back and was not told of yet, and forgets whom nobody is to look for any
/// more. Gives the requests, each with its last record before.
///
/// # Errors
/// The ledger's failure.
pub async fn tell(account: &Account, lease: &Lease) -> Result<Vec<Standing>, Failure> {
    let mut returned: BTreeMap<RequestId, Vec<Regained>> = BTreeMap::new();
    for (id, regained) in account.ledger.returned().await? {
        returned.entry(id).or_default().push(regained);
    }
    let mut told = Vec::new();
    for (id, sources) in returned {
        let Some(standing) = account.ledger.standing(&id).await? else { continue };
        let items = sources.iter().map(|source| source.items).sum();
        account.append(&standing, Event::Returned { items, sources }, Some(lease)).await?;
        told.push(standing);
    }
    account.ledger.forget_buried(lease).await?;
    Ok(told)
}
