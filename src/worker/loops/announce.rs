//! Empties the outbox until stopped, and once more when stopping.

use crate::stages::announce::announce;
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::world::World;

/// How long the last turn may take.
const GRACE_MS: u64 = 5_000;

/// Publishes what the outbox holds until stopped.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    while !world.stopper.is_stopped() {
        if turn(world).await {
            tries = Tries::default();
            world.rest().await;
        } else {
            world.pause_ms(world.limits.backoff.delay_ms(tries, world.random())).await;
            tries = tries.next();
        }
    }
}

/// Publishes what the others ledgered while they came to rest. What does not get out waits in the
/// outbox for the next start.
pub async fn run_last(world: &World) {
    world.stopper.run_with_grace(&world.docket.clock, GRACE_MS, turn(world)).await;
}

async fn turn(world: &World) -> bool {
    let docket = &world.docket;
    match announce(&*docket.ledger, &*world.announcer, &*docket.clock).await {
        Ok(turn) => {
            report::announced(&world.metrics, turn);
            true
        }
        Err(failure) => {
            report::failed(&world.metrics, "announce", &failure);
            false
        }
    }
}
