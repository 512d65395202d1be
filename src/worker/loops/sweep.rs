//! All that wait, one sweep: requests that were accepted are found together, erasures that were
//! acted on are looked at again together. While a sweep runs, new requests wait and share the next.
//!
//! A sweep stands in the ledger with its shards. Whichever daemon finds none open opens one; each
//! takes shard after shard; whichever finds all walked closes it. Opening and closing are one work,
//! each shard is another, and each is done under its lease. What follows for each request is drawn
//! in `conclude`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures::future::join_all;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, State};
use crate::ports::ledger::Cleared;
use crate::ports::sources::Source;
use crate::ports::standing::{Progress, Standing};
use crate::ports::tasks::{End, Lease, Lost, Purpose, Shard, Sweep, work_on};
use crate::stages::account::case::Case;
use crate::stages::find::{self, wanted};
use crate::stages::plan::draft::Walked;
use crate::stages::verify::erasure;
use crate::stages::verify::tombstones;
use crate::stages::walk::meter::Meter;
use crate::stages::walk::pass::{Walk, unknown_source};
use crate::worker::loops::sweeping::gathering::gathers;
use crate::worker::loops::sweeping::grounds;
use crate::worker::loops::sweeping::looks;
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::settle::{fail, settle};
use crate::worker::spans::sweeps as spans;
use crate::worker::world::World;

/// How often the progress of a walk is noted.
const NOTE_EVERY_MS: u64 = 500;

/// How often it is looked whether second looks still wait for each other.
const GATHER_LOOK_MS: u64 = 1_000;

/// Tries of a shard whose source does not answer, before its sweep goes on without it.
const SHARD_TRIES_MAX: u32 = 4;

/// A source that has not answered by then cannot be entered now.
const PING_MS_MAX: u64 = 10_000;

/// Sweeps for one purpose until stopped. A shard that is stopped is walked on from where it was
/// noted to have come.
pub async fn run(world: &World, purpose: Purpose) {
    let mut tries = Tries::default();
    while !world.shift.stopper.is_stopped() {
        let turn = world.shift.stopper.run_until_stopped(Box::pin(turn(world, purpose))).await;
        match turn {
            None => return,
            Some(Ok(true)) => tries = Tries::default(),
            Some(Ok(false)) => {
                tries = Tries::default();
                // Requests that come in quick succession share a sweep, and are looked up once.
                world.shift.rest_well().await;
            }
            Some(Err(failure)) => {
                report::failed(&world.shift.metrics, purpose.word(), &failure);
                world.shift.back_off(&mut tries).await;
            }
        }
    }
}

/// One step of a sweep; `false` if there is none for this daemon now.
async fn turn(world: &World, purpose: Purpose) -> Result<bool, Failure> {
    let Some(sweep) = world.account.ledger.sweep(purpose).await? else {
        let stays = match purpose {
            Purpose::Find => waiting(world, purpose, 1).await?.is_empty(),
            Purpose::Verify => {
                let all = world.mandate.limits.sweep_requests_max;
                let waiting = waiting(world, purpose, all).await?;
                let gathers = !waiting.is_empty() && gathers(world, &waiting).await?;
                if gathers {
                    // All of them are looked up each time: not whenever one of them comes.
                    world.shift.pause_ms(GATHER_LOOK_MS).await;
                }
                waiting.is_empty() || gathers
            }
        };
        if stays {
            return Ok(false);
        }
        return Box::pin(conduct(world, purpose, open)).await;
    };
    if sweep.is_walked() || members(world, purpose, &sweep).await?.is_empty() {
        return conduct(world, purpose, close).await;
    }
    for shard in sweep.shards.iter().filter(|shard| !shard.done) {
        if let Some(lease) = world.shift.leases.claim(&shard.work()).await? {
            let walked = Box::pin(walk(world, purpose, shard.number, &lease));
            return under(world, purpose, &lease, walked).await;
        }
    }
    Ok(false)
}

/// Opens or closes: that only one daemon at a time may do.
async fn conduct(
    world: &World,
    purpose: Purpose,
    work: impl AsyncFnOnce(&World, Purpose, &Lease) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    let Some(lease) = world.shift.leases.claim(purpose.word()).await? else { return Ok(false) };
    under(world, purpose, &lease, work(world, purpose, &lease)).await
}

async fn under(
    world: &World,
    purpose: Purpose,
    lease: &Lease,
    work: impl Future<Output = Result<bool, Failure>>,
) -> Result<bool, Failure> {
    let done = world.shift.leases.hold(lease, work).await;
    world.shift.ring();
    match done {
        Ok(worked) => {
            world.shift.leases.let_go(lease, End::Done).await?;
            Ok(worked)
        }
        Err(failure) => {
            report::failed(&world.shift.metrics, purpose.word(), &failure);
            world.shift.leases.put_off(lease, &failure).await?;
            Ok(true)
        }
    }
}

/// Opens a sweep for all that wait, but for those of whose sources one cannot be entered: to walk
/// the others for them would be in vain.
async fn open(world: &World, purpose: Purpose, lease: &Lease) -> Result<bool, Failure> {
    let account = &world.account;
    if account.ledger.sweep(purpose).await?.is_some() {
        return Ok(true);
    }
    let shut = shut(world).await;
    let mut cases = Vec::new();
    for standing in waiting(world, purpose, world.mandate.limits.sweep_requests_max).await? {
        let Some(mut case) = load(world, &standing, lease).await? else { continue };
        let named = named(world, &case);
        if let Some(failure) = named.iter().find_map(|name| obstruction(world, &shut, name)) {
            put_off(world, purpose, &standing, failure).await?;
            continue;
        }
        let Some(standing) = begun(world, standing, lease).await? else { continue };
        case.moved_on(standing);
        // Whatever an earlier sweep drafted and did not bring to an end. What an earlier try of an
        // erasure has done stays; an archive is written anew.
        let drafts = match purpose {
            Purpose::Find if case.request.kind.is_export() => Cleared::All,
            Purpose::Find => Cleared::Undone,
            Purpose::Verify => Cleared::Open,
        };
        account.clear_items(&case, drafts).await?;
        cases.push((case, named));
    }
    let mut sources: Vec<String> = Vec::new();
    for name in cases.iter().flat_map(|(_, named)| named) {
        if !sources.contains(name) {
            sources.push(name.clone());
        }
    }
    let ids: Vec<RequestId> = cases.iter().map(|(case, _)| case.request.id.clone()).collect();
    if !ids.is_empty() {
        let parts = world.mandate.limits.source_parts;
        account.ledger.open_sweep(lease, purpose, &ids, &sources, parts).await?;
        report::sweeping(purpose.word(), ids.len(), &sources);
    }
    Ok(true)
}

/// The sources that a request is about, in the order of the settings; one that it names and that is
/// not in the settings any more is not to be passed over in silence.
fn named(world: &World, case: &Case) -> Vec<String> {
    let wanted = wanted(&world.sources, std::iter::once(&case.request));
    let mut names: Vec<String> = wanted.iter().map(|source| source.name().to_owned()).collect();
    for name in &case.request.options.sources {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Which sources cannot be entered now, and why. All are asked at once, and one that is silent is
/// not waited for long: others wait for the sweep.
async fn shut(world: &World) -> BTreeMap<String, Failure> {
    let ask = |source: &Arc<dyn Source>| {
        let source = Arc::clone(source);
        async move {
            let silence = world.account.clock.sleep_ms(PING_MS_MAX);
            let entered = async {
                source.ping().await?;
                grounds::all_stand(world, [&source]).await
            };
            let failure = tokio::select! {
                // The ledger says for itself that it is away.
                answer = entered => answer.err().filter(|failure| !failure.is_of_the_ledger())?,
                () = silence => Failure::transient("asking a source: it gave no answer"),
            };
            Some((source.name().to_owned(), failure.of_source(source.name())))
        }
    };
    join_all(world.sources.iter().map(ask)).await.into_iter().flatten().collect()
}

fn obstruction(world: &World, shut: &BTreeMap<String, Failure>, name: &str) -> Option<Failure> {
    if !world.sources.iter().any(|source| source.name() == name) {
        return Some(unknown_source(name));
    }
    let failure = shut.get(name)?;
    Some(Failure::new(failure.kind, failure.chain()).of_source(name))
}

/// A request that cannot be swept for now waits on its own.
async fn put_off(
    world: &World,
    purpose: Purpose,
    standing: &Standing,
    failure: Failure,
) -> Result<(), Failure> {
    let Some(lease) = world.shift.leases.claim(&work_on(&standing.id)).await? else {
        return Ok(());
    };
    let step = (purpose.word(), world.account.clock.now());
    settle(world, step, standing, &lease, Err(failure)).await
}

/// Requests that are in no sweep and wait for one.
async fn waiting(world: &World, purpose: Purpose, limit: u32) -> Result<Vec<Standing>, Failure> {
    let ledger = &world.account.ledger;
    // Those that a daemon had begun with when it died, or whose sources could not be entered; and
    // then the new ones.
    let mut waiting = ledger.unswept(purpose, limit).await?;
    if purpose == Purpose::Find {
        let pressed = world.mandate.limits.pressed_before(world.account.clock.now());
        waiting.extend(ledger.ready(pressed, limit).await?);
    }
    waiting.truncate(limit as usize);
    Ok(waiting)
}

async fn begun(
    world: &World,
    standing: Standing,
    lease: &Lease,
) -> Result<Option<Standing>, Failure> {
    if standing.state != State::Accepted {
        return Ok(Some(standing));
    }
    if standing.kind.is_some_and(|kind| !kind.is_export()) {
        let failed = world.account.ledger.in_the_way(&standing.id).await?;
        report::pressed(&standing.id, &failed);
    }
    let begun = world.account.append(&standing, Event::FindStarted, Some(lease)).await?;
    if begun.is_some() {
        report::moved(&world.shift, &*world.account.ledger, &standing).await?;
    }
    Ok(begun)
}

/// Unseals a request; one that cannot be unsealed ends.
async fn load(world: &World, standing: &Standing, lease: &Lease) -> Result<Option<Case>, Failure> {
    match world.account.load(standing, lease).await {
        Ok(case) => Ok(Some(case)),
        Err(failure) if failure.is_transient() => Err(failure),
        Err(failure) => {
            fail(world, standing, &failure, lease).await?;
            Ok(None)
        }
    }
}

/// The requests of a sweep that are still to be swept for.
async fn members(world: &World, purpose: Purpose, sweep: &Sweep) -> Result<Vec<Standing>, Failure> {
    let state = match purpose {
        Purpose::Find => State::Finding,
        Purpose::Verify => State::Verifying,
    };
    let mut standings = world.account.ledger.swept(sweep.id).await?;
    standings.retain(|standing| standing.state == state);
    Ok(standings)
}

async fn cases(
    world: &World,
    purpose: Purpose,
    sweep: &Sweep,
    lease: &Lease,
) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for standing in members(world, purpose, sweep).await? {
        cases.extend(load(world, &standing, lease).await?);
    }
    Ok(cases)
}

/// Walks one shard.
async fn walk(
    world: &World,
    purpose: Purpose,
    number: u64,
    lease: &Lease,
) -> Result<bool, Failure> {
    let account = &world.account;
    // As it is now that nobody else can work on it.
    let Some(sweep) = account.ledger.sweep(purpose).await? else { return Ok(true) };
    let shard = sweep.shards.iter().find(|shard| shard.number == number && !shard.done);
    let Some(shard) = shard.filter(|shard| shard.work() == lease.work) else { return Ok(true) };
    let cases = cases(world, purpose, &sweep, lease).await?;
    let walk = looks::prepared(world, purpose, &cases, shard, lease).await?;
    let meter = Arc::clone(&walk.meter);
    let (began, on) = (account.clock.now(), On::new(&sweep, shard, &meter));
    report::walking(purpose.word(), shard);
    let walked = tokio::select! {
        walked = walk_for(world, purpose, &cases, shard, walk) => walked,
        never = note_on(world, &cases, &on) => match never {},
    };
    // Whatever was away when it ended may have been away before.
    let stood = match walked {
        Ok(_) => grounds::all_stand(world, walked_over(world, shard)).await,
        Err(_) => Ok(()),
    };
    let walked = stood.and(walked);
    on.report(world);
    let times = (began, account.clock.now());
    report::walk_ended(&world.shift.metrics, purpose.word(), shard, &meter, times);
    let came_of_it = (&*meter, walked.as_ref().err());
    spans::walked(&world.shift.traces, (purpose, &sweep, shard), &cases, came_of_it, times);
    match walked {
        Ok(Walked { items, bytes, known }) => {
            let done = Shard { done: true, items, bytes, known, ..shard.clone() };
            account.ledger.finish_shard(lease, &done).await?;
        }
        Err(failure) if is_to_be_given_up(&failure, lease) => {
            report::failed(&world.shift.metrics, purpose.word(), &failure);
            let lost = Some(Lost { kind: failure.kind, reason: failure.chain() });
            account
                .ledger
                .finish_shard(lease, &Shard { done: true, lost, ..shard.clone() })
                .await?;
        }
        Err(failure) if failure.is_transient() => return Err(failure),
        Err(failure) => fail_all(world, (purpose, &sweep), &cases, &failure, lease).await?,
    }
    Ok(true)
}

fn walked_over<'a>(world: &'a World, shard: &Shard) -> Option<&'a Arc<dyn Source>> {
    world.sources.iter().find(|source| source.name() == shard.source)
}

/// A source that cannot be entered is not waited for within a sweep, which others wait for too, but
/// for so long as a hiccup lasts.
fn is_to_be_given_up(failure: &Failure, lease: &Lease) -> bool {
    let is_hiccup = failure.is_transient() && lease.tries + 1 < SHARD_TRIES_MAX;
    failure.blamed_source().is_some() && !is_hiccup
}

async fn walk_for(
    world: &World,
    purpose: Purpose,
    cases: &[Case],
    shard: &Shard,
    walk: Walk,
) -> Result<Walked, Failure> {
    let World { account, sources, mandate, .. } = world;
    let policy = &mandate.policy;
    match purpose {
        Purpose::Find => find::find(account, sources, policy, cases, shard, walk).await,
        Purpose::Verify => erasure::verify(account, sources, policy, cases, shard, walk).await,
    }
}

/// Closes a sweep whose shards are all walked, or whose requests are all gone. Its requests are
/// concluded one by one, and nobody waits for that.
async fn close(world: &World, purpose: Purpose, lease: &Lease) -> Result<bool, Failure> {
    let account = &world.account;
    let Some(sweep) = account.ledger.sweep(purpose).await? else { return Ok(true) };
    let members = members(world, purpose, &sweep).await?;
    if !members.is_empty() && !sweep.is_walked() {
        return Ok(true);
    }
    if purpose == Purpose::Find {
        for since in tombstones::tell(account, lease).await? {
            report::moved(&world.shift, &*account.ledger, &since).await?;
        }
    }
    account.ledger.close_sweep(lease, sweep.id).await?;
    let now = account.ledger.now().await?;
    report::swept(&world.shift.metrics, purpose.word(), members.len(), &sweep, now);
    spans::swept(&world.shift.traces, purpose, &sweep, &members, now);
    Ok(true)
}

async fn fail_all(
    world: &World,
    (purpose, sweep): (Purpose, &Sweep),
    cases: &[Case],
    failure: &Failure,
    lease: &Lease,
) -> Result<(), Failure> {
    report::failed(&world.shift.metrics, purpose.word(), failure);
    let times = (sweep.opened, world.account.clock.now());
    spans::failed(&world.shift.traces, (purpose, sweep), cases, failure, times);
    for case in cases {
        fail(world, &case.standing, failure, lease).await?;
    }
    Ok(())
}

/// A walk under way.
struct On<'a> {
    meter: &'a Meter,
    source: &'a str,
    /// Items of the sweep that were looked at before.
    before: u64,
    /// The same of the source alone, in its other parts.
    before_there: u64,
}

impl<'a> On<'a> {
    fn new(sweep: &Sweep, shard: &'a Shard, meter: &'a Meter) -> Self {
        let others = sweep.shards.iter().filter(|other| other.number != shard.number);
        let there = others.filter(|other| other.source == shard.source);
        Self {
            meter,
            source: &shard.source,
            before: sweep.shards.iter().map(|shard| shard.items).sum(),
            before_there: there.map(|shard| shard.items).sum(),
        }
    }

    fn report(&self, world: &World) {
        report::walked(&world.shift.metrics, self.source, self.meter, self.before_there);
    }
}

/// Notes from time to time how far a sweep has come, until dropped.
async fn note_on(world: &World, cases: &[Case], on: &On<'_>) -> Infallible {
    let ids: Vec<RequestId> = cases.iter().map(|case| case.request.id.clone()).collect();
    loop {
        world.account.clock.sleep_ms(NOTE_EVERY_MS).await;
        on.report(world);
        let progress = Progress { done: on.before + on.meter.items(), total: 0 };
        // For people to look at; if the ledger is away, the sweep itself will say so.
        let _noted = world.account.ledger.note_progress(&ids, progress).await;
    }
}
