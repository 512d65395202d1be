//! Looks after what services finish by themselves, for as long as a month. A request that waits
//! holds no lease, no sweep and no other request: it is put off until its next ticket is due.

use crate::domain::failure::Failure;
use crate::domain::state::State;
use crate::ports::standing::Standing;
use crate::ports::tasks::Lease;
use crate::stages::act::follow::{Following, follow};
use crate::stages::act::tenant_logs;
use crate::stages::walk::pass::Walk;
use crate::worker::settle::{due_of, settle};
use crate::worker::turns;
use crate::worker::world::World;

/// Looks after tickets until stopped.
pub async fn run(world: &World) {
    turns::take(world, "follow", turn).await;
}

/// One look after one request; `false` if none is due.
async fn turn(world: &World) -> Result<bool, Failure> {
    let next = turns::next_in(world, &[State::Waiting]).await?;
    let Some((standing, lease)) = next else { return Ok(false) };
    let step = ("follow", world.account.clock.now());
    match turns::under(world, &lease, look(world, &standing, &lease)).await {
        None => {}
        Some(Ok(Some(next_in_ms))) => world.shift.leases.wait(&lease, next_in_ms).await?,
        Some(Ok(None)) => settle(world, step, &standing, &lease, Ok(())).await?,
        Some(Err(failure)) => settle(world, step, &standing, &lease, Err(failure)).await?,
    }
    world.shift.ring();
    Ok(true)
}

/// Gives in how many milliseconds to look again.
async fn look(world: &World, standing: &Standing, lease: &Lease) -> Result<Option<u64>, Failure> {
    if standing.state != State::Waiting {
        // Another daemon was first, or a person.
        return Ok(None);
    }
    let account = &world.account;
    let case = account.load(standing, lease).await?;
    if case.request.kind.is_export() {
        return tenant_logs::follow(account, world.tenant_logs.as_deref(), &case).await;
    }
    let people: Vec<_> = case.request.people().iter().collect();
    let patience = world.shift.backoff.patience(lease.tries, account.clock.now(), due_of(standing));
    let walk = Walk::new(&people, &world.mandate.limits, patience);
    let following = Following {
        sources: &world.sources,
        concurrency: world.mandate.limits.act_concurrency_max,
        ticket_age_max: world.mandate.limits.service_age_max(),
        rounds_max: world.mandate.limits.verify_rounds_max,
        walk: &walk,
    };
    follow(account, &case, &following).await
}
