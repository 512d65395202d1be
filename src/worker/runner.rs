//! Starts the loops and waits for them all.

use crate::worker::loops::sweep::Purpose;
use crate::worker::loops::{act, announce, intake, sweep};
use crate::worker::report;
use crate::worker::world::World;

/// Runs until the world's stopper stops; returns when everything in hand is ledgered and what could
/// be announced is.
pub async fn run(world: &World) {
    tokio::join!(
        intake::run(world),
        sweep::run(world, Purpose::Find),
        act::run(world),
        sweep::run(world, Purpose::Verify),
        announce::run(world),
        report::run(world),
    );
    announce::run_last(world).await;
}
