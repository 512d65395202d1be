//! Empties the outbox until stopped, and once more when stopping.
//!
//! Of several daemons one announces, so that the events of a request come in order; the next takes
//! over when its lease lapses. It is held on to from turn to turn: to claim it anew for each event
//! would cost more writes than the events do.

use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::ports::tasks::{End, Lease};
use crate::stages::announce::announce;
use crate::worker::retry::Tries;
use crate::worker::world::World;
use crate::worker::{lease, report};

/// How long a turn may take once we stop.
const GRACE_MS: u64 = 5_000;

/// What the lease is on.
const WORK: &str = "announce";

/// Publishes what the outbox holds until stopped.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    let mut own = None;
    while !world.stopper.is_stopped() {
        // A broker that is away keeps nobody from stopping.
        let turn = turn(world, &mut own);
        let Some(done) = world.stopper.run_with_grace(&world.docket.clock, GRACE_MS, turn).await
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
                let_go(world, &mut own).await;
                world.back_off(&mut tries).await;
            }
        }
    }
    // What the others ledgered while they came to rest is for `run_last`.
    let_go(world, &mut own).await;
}

/// Publishes what the others ledgered while they came to rest. What does not get out waits in the
/// outbox for the next start, or for another daemon.
pub async fn run_last(world: &World) {
    let mut own = None;
    let last = async {
        if let Err(failure) = turn(world, &mut own).await {
            report::failed(&world.metrics, "announce", &failure);
        }
    };
    world.stopper.run_with_grace(&world.docket.clock, GRACE_MS, last).await;
}

/// The lease, and when it is to be renewed.
type Own = Option<(Lease, Timestamp)>;

async fn turn(world: &World, own: &mut Own) -> Result<(), Failure> {
    let docket = &world.docket;
    if docket.ledger.unsent(docket.clock.now(), 1).await?.is_empty() {
        return Ok(());
    }
    if !is_ours(world, own).await? {
        return Ok(());
    }
    let Some((lease, _)) = own else { return Ok(()) };
    let announcing = announce(&*docket.ledger, &*world.announcer, &*docket.clock);
    let turn = lease::hold(world, lease, announcing).await?;
    report::announced(&world.metrics, turn);
    Ok(())
}

/// Claims the lease, or sees to it that it holds for a while.
async fn is_ours(world: &World, own: &mut Own) -> Result<bool, Failure> {
    let now = world.docket.clock.now();
    if let Some((lease, renew_at)) = own {
        if now < *renew_at {
            return Ok(true);
        }
        if lease::renew(world, lease).await? {
            *renew_at = lease::renew_at(world, now);
            return Ok(true);
        }
    }
    let claimed = lease::claim(world, WORK).await?;
    *own = claimed.map(|lease| (lease, lease::renew_at(world, now)));
    Ok(own.is_some())
}

async fn let_go(world: &World, own: &mut Own) {
    if let Some((lease, _)) = own.take() {
        // It lapses otherwise.
        let _gone = lease::let_go(world, &lease, End::Done).await;
    }
}
