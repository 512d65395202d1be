//! Starts the loops and waits for them all.

use crate::ports::tasks::Purpose;
use crate::worker::loops::{
    act, announce, callback, conclude, expire, follow, forget, intake, sweep,
};
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::world::World;

/// Runs until the world's stopper stops; returns when everything in hand is ledgered and what could
/// be announced is.
pub async fn run(world: &World) {
    if world.alone {
        free_all(world).await;
    }
    tokio::join!(
        intake::run(world),
        sweep::run(world, Purpose::Find),
        act::run(world),
        follow::run(world),
        sweep::run(world, Purpose::Verify),
        conclude::run(world),
        announce::run(world),
        callback::run(world),
        expire::run(world),
        forget::run(world),
        report::run(world),
    );
    announce::run_last(world).await;
    world.leases.let_go_of_all().await;
}

/// What the daemon before us held when it died need not lapse first.
async fn free_all(world: &World) {
    let mut tries = Tries::default();
    while !world.stopper.is_stopped() {
        let Err(failure) = world.account.ledger.free_all().await else { return };
        report::failed(&world.metrics, "start", &failure);
        world.back_off(&mut tries).await;
    }
}
