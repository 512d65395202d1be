//! What a step of a request came to: done, put off, or the end of the request.
//!
//! Whatever may pass is waited for, and everything that is waited for ends: a failure of the step
//! at the last of its tries, a source that cannot be entered when its time is over, and both before
//! the due time. Then the request has failed, and a person who mended the cause can have it tried
//! again.

use jiff::Timestamp;

use crate::domain::failure::{Failure, Obstacle};
use crate::domain::state::{Event, State};
use crate::ports::standing::Standing;
use crate::ports::tasks::{End, Lease};
use crate::stages::walk::pass::Patience;
use crate::worker::report;
use crate::worker::spans::requests as spans;
use crate::worker::world::World;

/// Lets go of the work on a request after a step that began then, where `standing` says.
///
/// # Errors
/// The ledger's failure.
pub async fn settle(
    world: &World,
    (step, began): (&'static str, Timestamp),
    standing: &Standing,
    lease: &Lease,
    done: Result<(), Failure>,
) -> Result<(), Failure> {
    let (ledger, traces) = (&*world.account.ledger, &world.shift.traces);
    let times = (began, world.account.clock.now());
    let moved = report::moved(&world.shift, ledger, standing);
    let Err(failure) = done else {
        world.shift.leases.let_go(lease, End::Done).await?;
        spans::worked(traces, step, standing, (moved.await?, None), times);
        return Ok(());
    };
    // A step that failed may have come to a state before. If the ledger is away, that is told next.
    let moved = moved.await.unwrap_or_default();
    spans::worked(traces, step, standing, (moved, Some(&failure)), times);
    report::request_failed(&world.shift.metrics, step, &failure, &standing.id);
    if let Err(failure) = put_off_or_end(world, standing, lease, &failure).await {
        report::request_failed(&world.shift.metrics, step, &failure, &standing.id);
        world.shift.leases.put_off(lease, &failure).await?;
    }
    Ok(())
}

async fn put_off_or_end(
    world: &World,
    standing: &Standing,
    lease: &Lease,
    failure: &Failure,
) -> Result<(), Failure> {
    let (account, backoff) = (&world.account, &world.shift.backoff);
    if failure.is_of_the_ledger() {
        // That says nothing of the request, and could not be written down.
        return world.shift.leases.put_off(lease, failure).await;
    }
    // As it stands now: the step may have moved it on, and somebody may have stopped it.
    let Some(standing) = account.ledger.standing(&standing.id).await? else {
        return world.shift.leases.let_go(lease, End::Done).await;
    };
    let (now, due) = (account.clock.now(), due_of(&standing));
    let known = account.ledger.obstacle(&standing.id).await?;
    let since = known.map_or(now, |known| known.since);
    let waited = now.duration_since(since);
    let (patience, wait_ms) = if failure.blamed_source().is_some() {
        let wait_ms = backoff.source_delay_ms(waited, world.shift.random());
        (backoff.source_patience(since, now, wait_ms, due), Some(wait_ms))
    } else if failure.is_transient() {
        (backoff.patience(lease.tries, now, due), None)
    } else {
        (Patience::Spent, None)
    };
    if patience == Patience::Spent || standing.state.is_end() {
        fail(world, &standing, failure, lease).await?;
        return world.shift.leases.let_go(lease, End::Done).await;
    }
    account.ledger.note_obstacle(lease, &standing.id, &Obstacle::new(failure, since)).await?;
    match wait_ms {
        Some(wait_ms) => world.shift.leases.wait(lease, wait_ms).await,
        None => world.shift.leases.put_off(lease, failure).await,
    }
}

/// By when the work on a request has to succeed. One that waits for a service has no such time:
/// what was begun goes on whatever is due.
pub fn due_of(standing: &Standing) -> Option<Timestamp> {
    standing.due.filter(|_| standing.state != State::Waiting)
}

/// Ends a request that cannot be served, unless it moved on from where it stood.
///
/// # Errors
/// The ledger's failure.
pub async fn fail(
    world: &World,
    standing: &Standing,
    failure: &Failure,
    lease: &Lease,
) -> Result<(), Failure> {
    let event = Event::Failed { reason: failure.ending() };
    if standing.state.next(&event).is_ok() {
        world.account.append(standing, event, Some(lease)).await?;
        report::moved(&world.shift, &*world.account.ledger, standing).await?;
    }
    Ok(())
}
