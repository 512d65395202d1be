//! What the loops that carry requests on have in common: turn after turn, a request a turn, under
//! the lease on it.

use std::collections::VecDeque;
use std::ops::Range;

use jiff::Timestamp;

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

/// How long a list of requests is gone by: one that is due before them may come, and clocks step
/// back.
const LIST_AGE_MS: Range<i128> = 0..1_000;

/// Requests that can be worked on, those that are due first before the others: to look them all up
/// anew for each would cost more than the work.
#[derive(Default)]
pub struct Line {
    ahead: VecDeque<Standing>,
    /// When they were looked up.
    seen: Option<Timestamp>,
}

impl Line {
    /// The first. The line is made anew by `look` where it is used up or old, once until `looked`
    /// is cleared.
    ///
    /// # Errors
    /// Those of `look`.
    pub async fn first(
        &mut self,
        now: Timestamp,
        looked: &mut bool,
        look: impl AsyncFnOnce() -> Result<Vec<Standing>, Failure>,
    ) -> Result<Option<Standing>, Failure> {
        let age = self.seen.map(|seen| now.duration_since(seen).as_millis());
        let is_used = self.ahead.is_empty() || !age.is_some_and(|age| LIST_AGE_MS.contains(&age));
        if is_used && !*looked {
            self.ahead = look().await?.into();
            (self.seen, *looked) = (Some(now), true);
        }
        Ok(self.ahead.pop_front())
    }
}

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
                    world.shift.rest_well().await;
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

/// Works under the lease; `None` if a stop came and the work did not end soon after it. Whoever
/// lets go of the lease then says so to those who wait for the work.
pub async fn under<T>(
    world: &World,
    lease: &Lease,
    work: impl Future<Output = Result<T, Failure>>,
) -> Option<Result<T, Failure>> {
    let work = world.shift.leases.hold(lease, Box::pin(work));
    world.shift.with_grace(GRACE_MS, work).await
}
