//! All that wait, one sweep: requests that were accepted are found together, erasures that were
//! acted on are looked at again together. While a sweep runs, new requests wait and share the next.

use std::convert::Infallible;
use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, State};
use crate::domain::subject::Subject;
use crate::ports::ledger::{Progress, Standing};
use crate::stages::docket::Case;
use crate::stages::find::find;
use crate::stages::verify::erasure::verify;
use crate::stages::walk::{Meter, Walk};
use crate::worker::report;
use crate::worker::retry::Tries;
use crate::worker::world::World;

/// Why the sources are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To find what is held.
    Find,
    /// To prove that it is gone.
    Verify,
}

/// How often the progress of a walk is noted.
const NOTE_EVERY_MS: u64 = 500;

/// Sweeps for one purpose until stopped. A sweep that is stopped leaves its requests where they
/// were; the next start sweeps for them again.
pub async fn run(world: &World, purpose: Purpose) {
    let mut tries = Tries::default();
    while !world.stopper.is_stopped() {
        let turn = world.stopper.run_until_stopped(turn(world, purpose, tries)).await;
        match turn {
            None => return,
            Some(Ok(true)) => tries = Tries::default(),
            Some(Ok(false)) => world.rest().await,
            Some(Err(failure)) => {
                report::failed(&world.metrics, purpose.word(), &failure);
                world.pause_ms(world.limits.backoff.delay_ms(tries, world.random())).await;
                tries = tries.next();
            }
        }
    }
}

/// One sweep; `false` if nobody waits for one.
async fn turn(world: &World, purpose: Purpose, tries: Tries) -> Result<bool, Failure> {
    let cases = waiting(world, purpose).await?;
    if cases.is_empty() {
        return Ok(false);
    }
    let subjects: Vec<&Subject> = cases.iter().map(|case| &case.request.subject).collect();
    let walk = Walk::new(&subjects, world.limits.walk(), world.limits.backoff.patience(tries));
    let meter = Arc::clone(&walk.meter);
    let swept = {
        let docket = &world.docket;
        let sweeping = async {
            match purpose {
                Purpose::Find => {
                    find(docket, &world.sources, &world.policy, &cases, walk).await.map(drop)
                }
                Purpose::Verify => {
                    let rounds = world.limits.verify_rounds_max;
                    verify(docket, &world.sources, &world.policy, &cases, rounds, walk).await
                }
            }
        };
        // Side by side: the sweep may hold the ledger's one writing connection while it waits, and
        // a note that was awaited in between would wait for it for ever.
        tokio::select! {
            swept = sweeping => swept,
            never = note_on(world, &cases, &meter) => match never {},
        }
    };
    report::swept(&world.metrics, purpose.word(), cases.len(), &meter);
    world.bell.notify_waiters();
    match swept {
        Ok(()) => {
            for case in &cases {
                report::moved(world, &case.request.id, case.standing.sequence).await?;
            }
            Ok(true)
        }
        Err(failure) if failure.is_transient() => Err(failure),
        Err(failure) => {
            report::failed(&world.metrics, purpose.word(), &failure);
            for case in &cases {
                fail(world, &case.request.id, &failure).await?;
            }
            Ok(true)
        }
    }
}

/// The requests that this sweep is for, unsealed.
async fn waiting(world: &World, purpose: Purpose) -> Result<Vec<Case>, Failure> {
    let docket = &world.docket;
    let states: &[State] = match purpose {
        Purpose::Find => &[State::Accepted, State::Finding],
        Purpose::Verify => &[State::Verifying],
    };
    let standings = docket.ledger.standings(states, world.limits.sweep_requests_max).await?;
    let mut cases = Vec::new();
    for standing in standings {
        // Archives are read back by the act loop: nothing is walked for them.
        if purpose == Purpose::Verify && standing.kind.is_none_or(|kind| kind.is_export()) {
            continue;
        }
        let Some(standing) = begun(world, standing).await? else { continue };
        match docket.load(&standing).await {
            Ok(case) => cases.push(case),
            Err(failure) if failure.is_transient() => return Err(failure),
            Err(failure) => fail(world, &standing.id, &failure).await?,
        }
    }
    Ok(cases)
}

async fn begun(world: &World, standing: Standing) -> Result<Option<Standing>, Failure> {
    if standing.state != State::Accepted {
        return Ok(Some(standing));
    }
    world.docket.append(&standing, Event::FindStarted).await
}

/// Ends a request that cannot be served, unless it moved on meanwhile.
pub async fn fail(world: &World, id: &RequestId, failure: &Failure) -> Result<(), Failure> {
    let Some(standing) = world.docket.ledger.standing(id).await? else { return Ok(()) };
    let event = Event::Failed { reason: failure.chain() };
    if standing.state.next(&event).is_ok() {
        world.docket.append(&standing, event).await?;
        report::moved(world, id, standing.sequence).await?;
    }
    Ok(())
}

/// Notes from time to time how far a sweep has come, until dropped.
async fn note_on(world: &World, cases: &[Case], meter: &Meter) -> Infallible {
    let ids: Vec<RequestId> = cases.iter().map(|case| case.request.id.clone()).collect();
    loop {
        world.docket.clock.sleep_ms(NOTE_EVERY_MS).await;
        let progress = Progress { done: meter.items(), total: 0 };
        // For people to look at; if the ledger is away, the sweep itself will say so.
        let _noted = world.docket.ledger.note_progress(&ids, progress).await;
    }
}

impl Purpose {
    /// The word in logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Verify => "verify",
        }
    }
}
