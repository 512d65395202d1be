//! Empties the outbox until stopped, and once more when stopping.
//!
//! Of several daemons one announces, so that the events of a request come in order; the next takes
//! over when its lease lapses.

use crate::domain::failure::Failure;
use crate::stages::announce::announce;
use crate::worker::lease::LongLease;
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::world::World;

/// How long a turn may take once we stop.
const GRACE_MS: u64 = 5_000;

/// What the lease is on.
const WORK: &str = "announce";

/// Publishes what the outbox holds until stopped.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    let mut own = LongLease::new(WORK);
    while !world.stopper.is_stopped() {
        // A broker that is away keeps nobody from stopping.
        let turn = turn(world, &mut own);
        let Some(done) = world.stopper.run_with_grace(&world.account.clock, GRACE_MS, turn).await
        else {
            break;
        };
        match done {
            Ok(()) => {
                tries = Tries::default();
                world.rest().await;
            }
            Err(failure) => {
                report::failed(&world.metrics, "announce", &failure);
                own.let_go(&world.leases).await;
                world.back_off(&mut tries).await;
            }
        }
    }
    // What the others ledgered while they came to rest is for `run_last`.
    own.let_go(&world.leases).await;
}

/// Publishes what the others ledgered while they came to rest. What does not get out waits in the
/// outbox for the next start, or for another daemon.
pub async fn run_last(world: &World) {
    let mut own = LongLease::new(WORK);
    let last = async {
        if let Err(failure) = turn(world, &mut own).await {
            report::failed(&world.metrics, "announce", &failure);
        }
    };
    world.stopper.run_with_grace(&world.account.clock, GRACE_MS, last).await;
}

async fn turn(world: &World, own: &mut LongLease) -> Result<(), Failure> {
    let account = &world.account;
    if account.ledger.unsent(1).await?.is_empty() {
        return Ok(());
    }
    let Some(lease) = own.claim(&world.leases).await? else { return Ok(()) };
    let announcing = announce(&*account.ledger, &*world.announcer);
    let turn = world.leases.hold(lease, announcing).await?;
    report::announced(&world.metrics, turn);
    Ok(())
}
