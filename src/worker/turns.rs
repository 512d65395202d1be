//! What the loops that carry requests on have in common: turn after turn, a request a turn, under
//! the lease on it.

use crate::domain::failure::Failure;
use crate::domain::state::State;
use crate::ports::standing::Standing;
use crate::ports::tasks::{Lease, work_on};
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::world::World;

/// How long what is in hand may go on after a stop: well under the half minute that service
/// managers give.
const GRACE_MS: u64 = 10_000;

/// Requests looked at in one turn, the rest of them in the next.
pub const TURN: u32 = 100;

/// Takes turns until stopped. One that had nothing to do is followed by a rest, and one that failed
/// by a pause.
pub async fn take(
    world: &World,
    step: &'static str,
    turn: impl AsyncFn(&World) -> Result<bool, Failure>,
) {
    let mut tries = Tries::default();
    while !world.shift.stopper.is_stopped() {
        match Box::pin(turn(world)).await {
            Ok(worked) => {
                tries = Tries::default();
                if !worked {
                    world.shift.rest().await;
                }
            }
            Err(failure) => {
                report::failed(&world.shift.metrics, step, &failure);
                world.shift.back_off(&mut tries).await;
            }
        }
    }
}

/// The request that is due first among those in these states that can be worked on now, as it
/// stands now that nobody else can work on it.
///
/// # Errors
/// The ledger's failure.
pub async fn next_in(
    world: &World,
    states: &[State],
) -> Result<Option<(Standing, Lease)>, Failure> {
    claimed(world, free_in(world, states).await?).await
}

/// Requests in these states that can be worked on now, those that are due first before the others.
///
/// # Errors
/// The ledger's failure.
pub async fn free_in(world: &World, states: &[State]) -> Result<Vec<Standing>, Failure> {
    let pressed = world.mandate.limits.pressed_before(world.account.clock.now());
    world.account.ledger.free(states, pressed, TURN).await
}

/// The first of these that nobody else works on, as it stands now that nobody else can.
///
/// # Errors
/// The ledger's failure.
pub async fn claimed(
    world: &World,
    standings: Vec<Standing>,
) -> Result<Option<(Standing, Lease)>, Failure> {
    for standing in standings {
        let Some(lease) = world.shift.leases.claim(&work_on(&standing.id)).await? else { continue };
        let standing = world.account.ledger.standing(&standing.id).await?;
        return Ok(standing.map(|standing| (standing, lease)));
    }
    Ok(None)
}

/// Works under the lease; `None` if a stop came and the work did not end soon after it.
pub async fn under<T>(
    world: &World,
    lease: &Lease,
    work: impl Future<Output = Result<T, Failure>>,
) -> Option<Result<T, Failure>> {
    let work = world.shift.leases.hold(lease, Box::pin(work));
    let done = world.shift.with_grace(GRACE_MS, work).await?;
    world.shift.ring();
    Some(done)
}
