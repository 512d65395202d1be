//! Posts what is owed to callback URLs until stopped.
//!
//! Of several daemons one posts, as one announces. Each host has a lane of its own, so that one
//! that is slow or away holds up nobody else; within a lane the letters for one URL about one
//! request go in order, and a later one overtakes only an earlier one that is put off. Nothing
//! waits for this loop: a request lives and its events are published whether or not anybody
//! answers here.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, FuturesUnordered};
use futures::{StreamExt, TryStreamExt};

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::ledger::Callback;
use crate::ports::messages::callbacks::Answer;
use crate::stages::callback::letter;
use crate::worker::pace::lease::LongLease;
use crate::worker::pace::retry::{Backoff, Tries};
use crate::worker::report::{self, CalledBack};
use crate::worker::world::World;

/// What the lease is on.
const WORK: &str = "callback";

/// Callbacks taken in hand for one host at a time.
const LANE: u32 = 32;

/// Connections to one host.
const LANE_WIDTH: usize = 4;

/// Longest pause between two tries, also where the host asks for a longer one.
const PAUSE_MS_MAX: u64 = 3_600_000;

/// How long a try may go on after the stop.
const GRACE_MS: u64 = 5_000;

/// Posts what the ledger owes until stopped.
pub async fn run(world: &World) {
    let mut tries = Tries::default();
    let mut own = LongLease::new(WORK);
    while !world.shift.stopper.is_stopped() {
        match turn(world, &mut own).await {
            Ok(()) => {
                tries = Tries::default();
                world.shift.rest_well().await;
            }
            Err(failure) => {
                report::failed(&world.shift.metrics, "callback", &failure);
                own.let_go(&world.shift.leases).await;
                world.shift.back_off(&mut tries).await;
            }
        }
    }
    own.let_go(&world.shift.leases).await;
}

async fn turn(world: &World, own: &mut LongLease) -> Result<(), Failure> {
    if world.account.ledger.owed(1).await?.is_empty() {
        return Ok(());
    }
    let Some(lease) = own.claim(&world.shift.leases).await? else { return Ok(()) };
    let delivering = world.shift.leases.hold(lease, deliver(world));
    let clock = &world.account.clock;
    // What is cut off is posted again at the next start, under the same id.
    world.shift.stopper.run_with_grace(clock, GRACE_MS, delivering).await.unwrap_or(Ok(()))
}

/// Keeps the lanes going until none has anything to do.
async fn deliver(world: &World) -> Result<(), Failure> {
    let (mut lanes, mut busy) = (FuturesUnordered::new(), BTreeSet::new());
    // Ends: every letter that was tried is owed no longer or put off beyond now.
    loop {
        let stopped = world.shift.stopper.is_stopped();
        if !stopped {
            for (host, owed) in by_host(world).await? {
                if busy.insert(host.clone()) {
                    lanes.push(async { lane(world, owed).await.map(|()| host) });
                }
            }
        }
        tokio::select! {
            ended = lanes.next() => match ended {
                None => return Ok(()),
                Some(host) => drop(busy.remove(&host?)),
            },
            // Others may be owed something meanwhile.
            () = world.shift.rest(), if !stopped => {}
        }
    }
}

async fn by_host(world: &World) -> Result<BTreeMap<String, Vec<Callback>>, Failure> {
    let mut lanes: BTreeMap<String, Vec<Callback>> = BTreeMap::new();
    for callback in world.account.ledger.owed(LANE).await? {
        lanes.entry(callback.url.host().to_owned()).or_default().push(callback);
    }
    Ok(lanes)
}

/// Posts what one host is owed: side by side, but in order where order means something.
async fn lane(world: &World, owed: Vec<Callback>) -> Result<(), Failure> {
    let mut rows: BTreeMap<_, Vec<Callback>> = BTreeMap::new();
    for callback in owed {
        rows.entry((callback.id.request.clone(), callback.id.number)).or_default().push(callback);
    }
    let each = rows.into_values().map(|row| async move {
        for callback in row {
            if world.shift.stopper.is_stopped() {
                break;
            }
            post(world, &callback).await?;
        }
        Ok(())
    });
    stream::iter(each).buffer_unordered(LANE_WIDTH).try_collect().await
}

/// One try, and what follows from it.
async fn post(world: &World, callback: &Callback) -> Result<(), Failure> {
    let answer = match letter(callback, &world.signer, world.account.clock.now()) {
        Ok(letter) => world.door.callbacks.post(&callback.url, &letter).await,
        Err(failure) => Err(failure),
    };
    let (reason, wanted_ms) = match answer {
        Ok(Answer::Taken) => return end(world, callback, CalledBack::Delivered).await,
        Ok(Answer::Gone) => {
            let reason = "the host answered 410: it wants no more of them".to_owned();
            return end(world, callback, CalledBack::GivenUp(reason)).await;
        }
        Ok(Answer::Refused { status, retry_after_ms }) => {
            (format!("the host answered {status}"), retry_after_ms)
        }
        Err(failure) if failure.kind == FailureKind::Permanent => {
            return end(world, callback, CalledBack::GivenUp(failure.chain())).await;
        }
        Err(failure) => (failure.chain(), None),
    };
    let pause_ms = pause_ms(world, callback.tries, wanted_ms);
    if callback.failing_ms.saturating_add(pause_ms)
        > world.mandate.keeping.callback_give_up_after_ms
    {
        return end(world, callback, CalledBack::GivenUp(reason)).await;
    }
    world.account.ledger.put_off_callback(&callback.id, pause_ms).await?;
    report::called_back(&world.shift.metrics, callback, &CalledBack::Retried(reason));
    Ok(())
}

async fn end(world: &World, callback: &Callback, how: CalledBack) -> Result<(), Failure> {
    world.account.ledger.forget_callback(&callback.id).await?;
    report::called_back(&world.shift.metrics, callback, &how);
    Ok(())
}

fn pause_ms(world: &World, tries: u32, wanted_ms: Option<u64>) -> u64 {
    let backoff = Backoff { delay_ms_max: PAUSE_MS_MAX, ..world.shift.backoff };
    let own = backoff.delay_ms(tries, world.shift.random());
    own.max(wanted_ms.unwrap_or(0).min(PAUSE_MS_MAX))
}
