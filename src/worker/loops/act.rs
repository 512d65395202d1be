//! Carries plans out, earliest due first: archives are written and read back, items are erased.

use std::convert::Infallible;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, State};
use crate::ports::ledger::{Progress, Standing};
use crate::stages::erase::erase;
use crate::stages::export::export;
use crate::stages::verify::archive::read_back;
use crate::stages::verify::erasure::rest_dry;
use crate::stages::walk::{Patience, Walk};
use crate::worker::loops::sweep::fail;
use crate::worker::report;
use crate::worker::retry::Aside;
use crate::worker::world::World;

/// How long what is in hand may go on after a stop: well under the half minute that service
/// managers give.
const GRACE_MS: u64 = 10_000;

/// Requests looked at in one turn, the rest of them in the next.
const TURN: u32 = 100;

/// How often the progress of an act is noted.
const NOTE_EVERY_MS: u64 = 500;

/// Acts until stopped. A request that fails for now is put aside, so that it holds up no other.
pub async fn run(world: &World) {
    let mut aside = Aside::default();
    while !world.stopper.is_stopped() {
        match next(world, &aside).await {
            Ok(Some(standing)) => step(world, standing, &mut aside).await,
            Ok(None) => world.rest().await,
            Err(failure) => {
                report::failed(&world.metrics, "act", &failure);
                world.pause_ms(world.limits.backoff.delay_ms_min).await;
            }
        }
    }
}

/// The request that is due first among those that can be acted on now.
async fn next(world: &World, aside: &Aside) -> Result<Option<Standing>, Failure> {
    let states = [State::Planned, State::Acting, State::Verifying];
    let standings = world.docket.ledger.standings(&states, TURN).await?;
    let now = world.docket.clock.now();
    Ok(standings.into_iter().find(|standing| {
        let erasure = standing.kind.is_some_and(|kind| !kind.is_export());
        let swept = standing.state == State::Verifying && erasure;
        !swept && aside.admits(&standing.id, now)
    }))
}

async fn step(world: &World, standing: Standing, aside: &mut Aside) {
    let id = standing.id.clone();
    let clock = &world.docket.clock;
    let patience = world.limits.backoff.patience(aside.tries(&id));
    // Side by side: see the sweep.
    let acting = async {
        tokio::select! {
            acted = act(world, &standing, patience) => acted,
            never = note_on(world, &id) => match never {},
        }
    };
    let Some(acted) = world.stopper.run_with_grace(clock, GRACE_MS, acting).await else { return };
    let settled = match acted {
        Ok(()) => {
            aside.forget(&id);
            report::moved(world, &id, standing.sequence).await
        }
        Err(failure) => {
            report::request_failed(&world.metrics, "act", &failure, &id);
            if failure.is_transient() {
                aside.put(&id, &world.limits.backoff, clock.now(), world.random());
                Ok(())
            } else {
                fail(world, &id, &failure).await
            }
        }
    };
    if let Err(failure) = settled {
        report::request_failed(&world.metrics, "act", &failure, &id);
        aside.put(&id, &world.limits.backoff, clock.now(), world.random());
    }
    world.bell.notify_waiters();
}

/// One stage of one request.
async fn act(world: &World, standing: &Standing, patience: Patience) -> Result<(), Failure> {
    let docket = &world.docket;
    let mut case = docket.load(standing).await?;
    if standing.state == State::Planned {
        if case.request.options.dry_run {
            return rest_dry(docket, &case).await;
        }
        let Some(standing) = docket.append(standing, Event::ActStarted).await? else {
            // A person withdrew it first.
            return Ok(());
        };
        case.standing = standing;
    }
    let exports = &*world.exports;
    if case.standing.state == State::Verifying {
        return read_back(docket, exports, &case, world.limits.verify_rounds_max).await;
    }
    if case.request.kind.is_export() {
        let walk = Walk::new(&[&case.request.subject], world.limits.walk(), patience);
        return export(docket, &world.sources, exports, &case, &walk).await;
    }
    let concurrency = world.limits.act_concurrency_max;
    erase(docket, &world.sources, &case, concurrency, patience).await
}

/// Notes from time to time how far an act has come, until dropped.
async fn note_on(world: &World, id: &RequestId) -> Infallible {
    let ledger = &world.docket.ledger;
    loop {
        world.docket.clock.sleep_ms(NOTE_EVERY_MS).await;
        // For people to look at; if the ledger is away, the act itself will say so.
        let Ok(tally) = ledger.tally(id).await else { continue };
        let progress = Progress { done: tally.total() - tally.open, total: tally.total() };
        let _noted = ledger.note_progress(std::slice::from_ref(id), progress).await;
    }
}
