//! Requests about a thing: it is looked up by name, and looked up again once it was acted on. That
//! takes a few calls, and no sweep.

use crate::domain::failure::Failure;
use crate::domain::state::{Event, State};
use crate::ports::standing::Standing;
use crate::ports::tasks::Lease;
use crate::stages::plan::{holdings, things};
use crate::stages::verify::erasure::{self, Ending};
use crate::worker::settle::settle;
use crate::worker::turns;
use crate::worker::world::World;

/// Looks up until stopped.
pub async fn run(world: &World) {
    turns::take(world, "look_up", turn).await;
}

/// One look for one request; `false` if none waits for one now.
async fn turn(world: &World) -> Result<bool, Failure> {
    let pressed = world.mandate.limits.pressed_before(world.account.clock.now());
    let waiting = world.account.ledger.about_things(pressed, turns::TURN).await?;
    let Some((standing, lease)) = turns::claimed(world, waiting).await? else { return Ok(false) };
    let began = world.account.clock.now();
    let looking = look(world, &standing, &lease);
    if let Some(looked) = turns::under(world, &lease, looking).await {
        settle(world, ("look_up", began), &standing, &lease, looked).await?;
    }
    world.shift.ring();
    Ok(true)
}

async fn look(world: &World, standing: &Standing, lease: &Lease) -> Result<(), Failure> {
    let World { account, sources, mandate, .. } = world;
    let standing = match standing.state {
        State::Accepted => {
            let begun = account.append(standing, Event::FindStarted, Some(lease)).await?;
            // A person withdrew it first.
            let Some(standing) = begun else { return Ok(()) };
            standing
        }
        State::Finding | State::Verifying => standing.clone(),
        State::Received
        | State::Planned
        | State::Held
        | State::Acting
        | State::Waiting
        | State::Completed
        | State::PartiallyCompleted
        | State::Failed
        | State::Cancelled
        | State::Rejected => return Ok(()),
    };
    let case = account.load(&standing, lease).await?;
    if case.request.kind.is_export() {
        return holdings::find(account, sources, mandate.policy.digest(), &case).await;
    }
    if standing.state == State::Finding {
        return things::find(account, sources, &mandate.policy, &case).await;
    }
    things::look_again(account, sources, &mandate.policy, &case).await?;
    let now = account.clock.now();
    let ending = Ending {
        again: None,
        around: world.around(),
        policy: &mandate.policy,
        exports: &*world.exports,
        signer: &world.signer,
        rounds_max: mandate.limits.verify_rounds_max,
        patience: world.shift.backoff.patience(lease.tries, now, standing.due),
        remembered_until: None,
        left_until: mandate.keeping.left_until(now),
    };
    erasure::conclude(account, &case, &ending).await
}
