//! Queue to ledger, then the acknowledgement; never the other way round.

use crate::domain::failure::Failure;
use crate::ports::door::{Delivery, Settlement};
use crate::stages::intake::intake;
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::world::World;

/// Takes deliveries until stopped. What was received is ledgered and settled before it stops.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    while let Some(received) = world.stopper.run_until_stopped(world.inbox.receive()).await {
        let done = match received {
            Ok(delivery) => take(world, delivery).await,
            Err(failure) => Err(failure),
        };
        match done {
            Ok(()) => tries = Tries::default(),
            Err(failure) => {
                report::failed(&world.metrics, "intake", &failure);
                world.back_off(&mut tries).await;
            }
        }
    }
}

async fn take(world: &World, delivery: Delivery) -> Result<(), Failure> {
    let terms = world.terms();
    match intake(&world.docket, &world.calendar, &terms, &delivery).await {
        Ok((taken, settlement)) => {
            report::taken(&world.metrics, &taken);
            world.bell.notify_waiters();
            world.inbox.settle(delivery, settlement).await
        }
        Err(failure) => {
            // The ledger could not take it: the queue keeps it.
            report::returned(&world.metrics);
            world.inbox.settle(delivery, Settlement::Returned).await?;
            Err(failure)
        }
    }
}
