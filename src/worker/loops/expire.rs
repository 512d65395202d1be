//! Removes archives that are not to be kept any longer, and what was kept of items that requests
//! left, until stopped.
//!
//! The ledger says which: those whose time came, and those of requests that failed or were
//! withdrawn. Whoever removes one holds the lease on its request, under which an archive is written
//! too, so that a new one is not taken for the old. An archive is forgotten once it is gone; who
//! dies in between removes it again, which is nothing.
//!
//! No record is made of it. A record moves a request and is announced, and these rest: until when
//! an archive is kept was ledgered and announced when it was verified. The log and a metric tell.

use crate::domain::failure::Failure;
use crate::ports::kept::archives::Kept;
use crate::ports::tasks::{End, Lease, work_on};
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::world::World;

/// Archives removed in one turn, the rest of them in the next.
const TURN: u32 = 100;

/// How long a removal may go on after the stop.
const GRACE_MS: u64 = 5_000;

/// Removes what expires until stopped.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    while !world.stopper.is_stopped() {
        let turn = world.stopper.run_with_grace(&world.account.clock, GRACE_MS, turn(world));
        match turn.await.unwrap_or(Ok(())) {
            Ok(()) => {
                tries = Tries::default();
                world.rest().await;
            }
            Err(failure) => {
                report::failed(&world.metrics, "expire", &failure);
                world.back_off(&mut tries).await;
            }
        }
    }
}

/// One that cannot be removed keeps none of the others.
async fn turn(world: &World) -> Result<(), Failure> {
    let ledger = &world.account.ledger;
    if ledger.forget_left().await? > 0 {
        report::forgot_left();
    }
    let mut ended = Ok(());
    for archive in ledger.expired(TURN).await? {
        if world.stopper.is_stopped() {
            break;
        }
        let Some(lease) = world.leases.claim(&work_on(&archive.request)).await? else { continue };
        let removed = world.leases.hold(&lease, remove(world, &archive, &lease)).await;
        // Not as failed: that would put off the request's own work, should it be tried again.
        world.leases.let_go(&lease, End::Left).await?;
        if let Err(failure) = removed {
            ended = Err(failure);
        }
    }
    ended
}

async fn remove(world: &World, archive: &Kept, lease: &Lease) -> Result<(), Failure> {
    let ledger = &world.account.ledger;
    // As it stands now that nobody else can work on it.
    if ledger.kept(&archive.request).await?.as_ref() != Some(archive) {
        return Ok(());
    }
    world.exports.remove(&archive.name).await?;
    ledger.removed(lease, &archive.request).await?;
    report::removed(&world.metrics, &archive.request);
    Ok(())
}
