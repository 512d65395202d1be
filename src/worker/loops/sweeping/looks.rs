//! What the walk of a shard looks for.

use std::sync::Arc;

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::ports::tasks::{Lease, Purpose, Shard};
use crate::stages::account::case::Case;
use crate::stages::walk::catalogue::Catalogue;
use crate::stages::walk::graves;
use crate::stages::walk::inventory::Inventory;
use crate::stages::walk::pass::Walk;
use crate::worker::world::World;

/// What a walk of a shard looks for, and by what.
///
/// # Errors
/// The ledger cannot be read.
pub async fn prepared(
    world: &World,
    purpose: Purpose,
    cases: &[Case],
    shard: &Shard,
    lease: &Lease,
) -> Result<Walk, Failure> {
    let account = &world.account;
    let subjects: Vec<&Subject> = cases.iter().flat_map(|case| case.request.people()).collect();
    // One that is due at once must not cost all the others their tries.
    let due = cases.iter().filter_map(|case| case.standing.due).max();
    let patience = world.shift.backoff.patience(lease.tries, account.clock.now(), due);
    let mut walk = Walk::new(&subjects, &world.mandate.limits, patience);
    walk.part = shard.part;
    walk.landmarks = Some(Arc::clone(&world.landmarks));
    let erases = |case: &Case| !case.request.kind.is_export() && !case.request.options.dry_run;
    if cases.iter().any(erases) {
        walk.inventory = Some(Arc::new(Inventory::new(account.keys.print_key())));
        walk.all_snapshots = true;
    }
    if world.mandate.policy.asks_who_else()
        && cases.iter().any(|case| !case.request.kind.is_export())
    {
        walk.asks_who_else = true;
    }
    let exports = |case: &Case| case.request.kind.is_export();
    if purpose == Purpose::Find && (walk.asks_who_else || cases.iter().any(exports)) {
        walk.learned = Some(Arc::default());
    }
    let (now, mut marks) = (account.clock.now(), Vec::new());
    if purpose == Purpose::Find
        && world.mandate.keeping.remembered_until(now).is_some()
        && let Some((people, graves)) = graves::watch(account).await?
    {
        marks.extend(people.marks());
        walk.watch(people, graves);
    }
    let source = world.sources.iter().find(|source| source.name() == shard.source);
    if let (Some(age_max), Some(source)) = (world.mandate.catalogue_age_max, source) {
        let (sought, limits) = ((subjects.as_slice(), marks), &walk.limits);
        let known = Catalogue::new(account, source.as_ref(), shard.part, sought, limits, age_max);
        walk.catalogue = Some(Arc::new(known));
    }
    Ok(walk)
}
