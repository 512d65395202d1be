//! Learns ahead of requests, in the hours that the operator gives for it: so the first request
//! after that, too, reads only what may speak of whom it looks for.
//!
//! It is in nobody's way. One daemon of all on a ledger learns, at no more than a given rate, and
//! only while no request waits or is worked on: once one comes, all reads are called off, and what
//! was learned by then is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::failure::Failure;
use crate::domain::policy::mandate::Ahead;
use crate::domain::state::State;
use crate::ports::sources::Source;
use crate::ports::tasks::{End, Lease, Part};
use crate::stages::walk::ahead::{is_learned, learn, walk_ahead};
use crate::stages::walk::bounds::rate::Rate;
use crate::stages::walk::meter::Meter;
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::world::World;

/// What the lease is on.
const WORK: &str = "learn";

/// The same of who learns by hand: he need not wait for the next round of the daemons.
const WORK_BY_HAND: &str = "learn_by_hand";

/// How often it is looked whether it is quiet.
const LOOK_EVERY_MS: u64 = 5_000;

/// How long after a round the next one looks for what is new.
const ROUND_EVERY_MS: u64 = 21_600_000;

/// How long it waits for a source that could not be walked.
const SOURCE_PAUSE_MS: u64 = 900_000;

/// Where requests are that somebody works on. Those that were accepted, or are planned, may also
/// wait for others, for a long time.
const AT_WORK: [State; 3] = [State::Finding, State::Acting, State::Verifying];

/// How far a round through all sources came. It is not ledgered: whoever begins anew lists again
/// what he had listed, and reads nothing of it again.
#[derive(Default)]
struct Round {
    /// Parts of sources that were walked to their end.
    done: BTreeSet<(String, u64)>,
    /// Pages at which the others go on.
    places: BTreeMap<(String, u64), String>,
    /// Sources that could not be walked.
    failed: BTreeMap<String, Failure>,
    /// Items that could not be read, by source.
    unreadable: BTreeMap<String, u64>,
}

/// How far it came.
pub type Count = Arc<Meter>;

/// What was learned of a source.
pub struct Learned {
    /// Its name.
    pub source: String,
    /// Items that it holds, of those that the catalogue keeps.
    pub items: u64,
    /// Those of them that were known before.
    pub known: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Items that could not be read, or not in whole: they are read for everybody.
    pub unreadable: u64,
}

/// Learns until stopped, where the operator wants it.
pub async fn run(world: &World) {
    let Some((ahead, age_max)) = world.mandate.ahead.zip(world.mandate.catalogue_age_max) else {
        return;
    };
    let clock = Arc::clone(&world.account.clock);
    let rate = Rate::new(clock, ahead.items_per_second_max, ahead.bytes_per_second_max);
    let (rate, mut round, mut tries) = (Arc::new(rate), Round::default(), Tries::default());
    while !world.shift.stopper.is_stopped() {
        let turn = Box::pin(turn(world, &ahead, age_max, &rate, &mut round));
        match world.shift.stopper.run_until_stopped(turn).await {
            None => return,
            Some(Ok(())) => {
                tries = Tries::default();
                world.shift.pause_ms(LOOK_EVERY_MS).await;
            }
            Some(Err(failure)) => {
                report::failed(&world.shift.metrics, WORK, &failure);
                world.shift.back_off(&mut tries).await;
            }
        }
    }
}

/// Learns once through all sources, as fast as it goes, and tells of each as it is done; `None` if
/// somebody else does so by hand. `count` may be read meanwhile.
///
/// # Errors
/// Sources that could not be walked, after all the others; the ledger's failure.
pub async fn by_hand(
    world: &World,
    age_max: SignedDuration,
    count: &Count,
    tell: impl FnMut(&Learned),
) -> Result<Option<()>, Failure> {
    let leases = &world.shift.leases;
    let Some(lease) = leases.claim(WORK_BY_HAND).await? else { return Ok(None) };
    let rate = Arc::new(Rate::new(Arc::clone(&world.account.clock), 0, 0));
    let (mut round, with) = (Round::default(), With { age_max, rate: &rate, meter: count });
    let learned = leases.hold(&lease, go_round(world, &lease, with, &mut round, tell)).await;
    leases.let_go(&lease, End::Left).await?;
    learned?;
    match round.failed.into_values().next() {
        Some(failure) => Err(failure),
        None => Ok(Some(())),
    }
}

/// Learns until a round is done, or until it is called away.
async fn turn(
    world: &World,
    ahead: &Ahead,
    age_max: SignedDuration,
    rate: &Arc<Rate>,
    round: &mut Round,
) -> Result<(), Failure> {
    if !is_quiet(world, ahead).await? {
        return Ok(());
    }
    let leases = &world.shift.leases;
    let Some(lease) = leases.claim(WORK).await? else { return Ok(()) };
    let (began, meter) = (world.account.clock.now(), Arc::<Meter>::default());
    let with = With { age_max, rate, meter: &meter };
    let going = leases.hold(&lease, go_round(world, &lease, with, round, |_| {}));
    let learned = tokio::select! {
        learned = going => Some(learned),
        called = called_away(world, ahead, &meter) => called.err().map(Err),
    };
    report::learned(&world.shift.metrics, &meter);
    report::learned_ahead(&meter, (began, world.account.clock.now()));
    match learned {
        // The round goes on when it is quiet again.
        None => leases.let_go(&lease, End::Left).await,
        Some(Err(failure)) => {
            leases.let_go(&lease, End::Left).await?;
            Err(failure)
        }
        Some(Ok(())) => {
            let Round { failed, .. } = std::mem::take(round);
            let metrics = &world.shift.metrics;
            failed.values().for_each(|failure| report::failed(metrics, WORK, failure));
            let pause_ms = if failed.is_empty() { ROUND_EVERY_MS } else { SOURCE_PAUSE_MS };
            leases.wait(&lease, pause_ms).await
        }
    }
}

/// Whether it is the hour, and no request waits or is worked on.
async fn is_quiet(world: &World, ahead: &Ahead) -> Result<bool, Failure> {
    let (ledger, now) = (&world.account.ledger, world.account.clock.now());
    if !ahead.hours.hold(now, &world.mandate.calendar) {
        return Ok(false);
    }
    let census = ledger.census().await?;
    if census.iter().any(|(state, count)| *count > 0 && AT_WORK.contains(state)) {
        return Ok(false);
    }
    let pressed = world.mandate.limits.pressed_before(now);
    Ok(ledger.ready(pressed, 1).await?.is_empty()
        && ledger.about_things(pressed, 1).await?.is_empty()
        && ledger.free(&[State::Planned], pressed, 1).await?.is_empty())
}

/// Returns once it is not quiet any more.
async fn called_away(world: &World, ahead: &Ahead, meter: &Meter) -> Result<(), Failure> {
    while is_quiet(world, ahead).await? {
        world.shift.rest().await;
        report::learned(&world.shift.metrics, meter);
    }
    Ok(())
}

/// By what it learns.
struct With<'a> {
    age_max: SignedDuration,
    rate: &'a Arc<Rate>,
    meter: &'a Arc<Meter>,
}

/// Goes through all sources, part by part. One that cannot be walked is noted, and the others go
/// on.
async fn go_round(
    world: &World,
    lease: &Lease,
    with: With<'_>,
    round: &mut Round,
    mut tell: impl FnMut(&Learned),
) -> Result<(), Failure> {
    for source in world.sources.iter().filter(|source| is_learned(source.as_ref())) {
        let (items, known, bytes) = (with.meter.items(), with.meter.known(), with.meter.bytes());
        let of = world.mandate.limits.source_parts;
        for part in (0..of).map(|number| Part { number, of }) {
            if let Err(failure) = go_through(world, lease, &with, round, source, part).await {
                if failure.is_of_the_ledger() {
                    return Err(failure);
                }
                round.failed.insert(source.name().to_owned(), failure);
                break;
            }
        }
        tell(&Learned {
            source: source.name().to_owned(),
            items: with.meter.items() - items,
            known: with.meter.known() - known,
            bytes: with.meter.bytes() - bytes,
            unreadable: round.unreadable.get(source.name()).copied().unwrap_or_default(),
        });
    }
    Ok(())
}

/// Goes through a part of a source, from where the round had come.
async fn go_through(
    world: &World,
    lease: &Lease,
    with: &With<'_>,
    round: &mut Round,
    source: &Arc<dyn Source>,
    part: Part,
) -> Result<(), Failure> {
    let (account, limits) = (&world.account, &world.mandate.limits);
    let key = (source.name().to_owned(), part.number);
    // Ends: what begins at the start is through once it comes to the end.
    while !round.done.contains(&key) {
        let mut walk = walk_ahead(account, source.as_ref(), part, limits, with.age_max, with.rate);
        walk.meter = Arc::clone(with.meter);
        walk.landmarks = Some(Arc::clone(&world.landmarks));
        let from = round.places.get(&key).cloned();
        let is_cut = from.is_some();
        let note = |marker| drop(round.places.insert(key.clone(), marker));
        let learned = learn(account, Arc::clone(source), walk, lease, from, note).await;
        if learned.is_err() || is_cut {
            // The place may be none any more; and what lies where it was cut is learned by a walk
            // that is not.
            round.places.remove(&key);
        }
        let unreadable = learned?;
        if !is_cut {
            *round.unreadable.entry(key.0.clone()).or_default() += unreadable;
            round.places.remove(&key);
            round.done.insert(key.clone());
        }
    }
    Ok(())
}
