//! Looks after what services finish by themselves, for as long as a month. A request that waits
//! holds no lease, no sweep and no other request: it is put off until its next ticket is due.

use jiff::SignedDuration;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::Standing;
use crate::ports::tasks::{Lease, work_on};
use crate::stages::act::follow::{Following, follow};
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::settle::settle;
use crate::worker::world::World;

/// Requests looked at in one turn, the rest of them in the next.
const TURN: u32 = 100;

/// How long a service may take. Azure gives itself 30 days for a purge of telemetry.
const TICKET_AGE_MAX: SignedDuration = SignedDuration::from_hours(45 * 24);

/// How long what is in hand may go on after a stop.
const GRACE_MS: u64 = 10_000;

/// Looks after tickets until stopped.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    while !world.stopper.is_stopped() {
        match Box::pin(turn(world)).await {
            Ok(worked) => {
                tries = Tries::default();
                if !worked {
                    world.rest().await;
                }
            }
            Err(failure) => {
                report::failed(&world.metrics, "follow", &failure);
                world.back_off(&mut tries).await;
            }
        }
    }
}

/// One look after one request; `false` if none is due.
async fn turn(world: &World) -> Result<bool, Failure> {
    let pressed = world.limits.pressed_before(world.docket.clock.now());
    for standing in world.docket.ledger.free(&[State::Waiting], pressed, TURN).await? {
        let Some(lease) = world.leases.claim(&work_on(&standing.id)).await? else { continue };
        step(world, &standing.id, &lease).await?;
        return Ok(true);
    }
    Ok(false)
}

async fn step(world: &World, id: &RequestId, lease: &Lease) -> Result<(), Failure> {
    let docket = &world.docket;
    // As it stands now that nobody else can work on it.
    let Some(standing) = docket.ledger.standing(id).await? else { return Ok(()) };
    let following = world.leases.hold(lease, Box::pin(look(world, &standing, lease)));
    let Some(looked) = world.stopper.run_with_grace(&docket.clock, GRACE_MS, following).await
    else {
        return Ok(());
    };
    world.bell.notify_waiters();
    match looked {
        Ok(Some(next_in_ms)) => world.leases.wait(lease, next_in_ms).await,
        Ok(None) => settle(world, "follow", &standing, lease, Ok(())).await,
        Err(failure) => settle(world, "follow", &standing, lease, Err(failure)).await,
    }
}

/// Gives in how many milliseconds to look again.
async fn look(world: &World, standing: &Standing, lease: &Lease) -> Result<Option<u64>, Failure> {
    if standing.state != State::Waiting {
        // Another daemon was first, or a person.
        return Ok(None);
    }
    let case = world.docket.load(standing, lease).await?;
    let following = Following {
        sources: &world.sources,
        concurrency: world.limits.act_concurrency_max,
        ticket_age_max: TICKET_AGE_MAX,
        rounds_max: world.limits.verify_rounds_max,
    };
    follow(&world.docket, &case, &following).await
}
