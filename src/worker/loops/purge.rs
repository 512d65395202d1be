//! Removes rows for all requests together that wait for it, and looks after what services then do
//! by themselves. No request is worked on meanwhile: its members look by themselves.

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::kept::purges::{Gathered, Purge, Stage, work_on_purge};
use crate::ports::sources::Finds;
use crate::ports::tasks::{End, Lease};
use crate::stages::act::purge::{Purging, purge};
use crate::worker::report;
use crate::worker::turns;
use crate::worker::world::World;

/// Purges until stopped.
pub async fn run(world: &World) {
    turns::take(world, "purge", turn).await;
}

/// One step of one purge; `false` if there is none to be taken now.
async fn turn(world: &World) -> Result<bool, Failure> {
    let ledger = &world.account.ledger;
    for due in ledger.due_purges(gathered(world), turns::TURN).await? {
        let work = work_on_purge(&due.id);
        let Some(lease) = world.shift.leases.claim(&work).await? else { continue };
        // As it stands now that nobody else works on it.
        let Some(due) = ledger.purge(&due.id).await? else {
            world.shift.leases.let_go(&lease, End::Done).await?;
            continue;
        };
        let limits = &world.mandate.limits;
        let with = Purging { sources: &world.sources, limits, lease: &lease };
        match turns::under(world, &lease, purge(&world.account, &due, &with)).await {
            None => {}
            Some(Ok(Some(next_in_ms))) => world.shift.leases.wait(&lease, next_in_ms).await?,
            Some(Ok(None)) => world.shift.leases.let_go(&lease, End::Done).await?,
            Some(Err(failure)) => put_off_or_end(world, &due, &lease, &failure).await?,
        }
        world.shift.ring();
        return Ok(true);
    }
    Ok(false)
}

/// A purge is full once one removal may take no more.
fn gathered(world: &World) -> Gathered {
    let asked = world.sources.iter().filter_map(|source| match source.finds() {
        Finds::Ask(asked) => Some(asked.values_max() as u64),
        Finds::Walk(_) => None,
    });
    let members = asked.min().unwrap_or(u64::MAX);
    Gathered { for_ms: world.mandate.limits.purge_gather_ms, members }
}

/// What may pass is waited for, and told of all that wait; that ends with their time. What does not
/// pass ends the purge, and its members tell why.
async fn put_off_or_end(
    world: &World,
    purge: &Purge,
    lease: &Lease,
    failure: &Failure,
) -> Result<(), Failure> {
    report::failed(&world.shift.metrics, "purge", failure);
    if failure.is_of_the_ledger() {
        return world.shift.leases.put_off(lease, failure).await;
    }
    let ledger = &world.account.ledger;
    if failure.kind == FailureKind::Permanent {
        let failed = Stage::Failed(failure.chain());
        ledger.note_purge(lease, &purge.id, &failed, None).await?;
        return world.shift.leases.let_go(lease, End::Done).await;
    }
    ledger.note_delay(lease, &purge.id, &failure.chain()).await?;
    world.shift.leases.put_off(lease, failure).await
}
