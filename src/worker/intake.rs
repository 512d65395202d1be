//! Queue to ledger, then the acknowledgement; never the other way round.

use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::ports::{Delivery, Settlement};
use crate::stages::intake::intake;
use crate::stages::message::Terms;
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
                report::failed("intake", &failure);
                world.metrics.step_failed("intake", failure.kind);
                world.pause_ms(world.limits.backoff.delay_ms(tries, world.random())).await;
                tries = tries.next();
            }
        }
    }
}

async fn take(world: &World, delivery: Delivery) -> Result<(), Failure> {
    let terms = terms(world, world.docket.clock.now());
    match intake(&world.docket, &world.calendar, &terms, &delivery).await {
        Ok((taken, settlement)) => {
            report::taken(&world.metrics, &taken);
            world.bell.notify_waiters();
            world.inbox.settle(delivery, settlement).await
        }
        Err(failure) => {
            // The ledger could not take it: the queue keeps it.
            world.inbox.settle(delivery, Settlement::Returned).await?;
            Err(failure)
        }
    }
}

/// What a message is checked against now.
pub fn terms(world: &World, now: Timestamp) -> Terms {
    Terms {
        message_bytes_max: world.limits.message_bytes_max,
        identities_max: world.limits.identities_max,
        identity_chars_min: world.limits.identity_chars_min,
        sources: Some(world.sources.iter().map(|source| source.name().to_owned()).collect()),
        now,
    }
}
