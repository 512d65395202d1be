//! Carries plans out, earliest due first: archives are written and read back, items are erased.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{self, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::failure::Failure;
use crate::domain::policy::mandate::Mandate;
use crate::domain::request::RequestKind;
use crate::domain::state::{Event, State};
use crate::ports::sources::Source;
use crate::ports::standing::{Progress, Standing};
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::act::erase::erase;
use crate::stages::act::tenant_logs::{Before, begin};
use crate::stages::export::{Beside, archive_name, export};
use crate::stages::find::wanted;
use crate::stages::verify::archive::{KeptFor, read_back};
use crate::stages::verify::erasure::rest_dry;
use crate::stages::walk::pass::{Patience, Walk};
use crate::worker::loops::sweeping::grounds;
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::settle::settle;
use crate::worker::turns::{self, Line};
use crate::worker::world::World;

/// How often the progress of an act is noted.
const NOTE_EVERY_MS: u64 = 500;

/// Where requests are that are acted on.
const STATES: [State; 3] = [State::Planned, State::Acting, State::Verifying];

/// What the step is called where it is told of.
const STEP: &str = "act";

/// Acts until stopped, on several requests side by side. A request that fails for now is put off,
/// so that it holds up no other.
pub async fn run(world: &World) {
    let exporting = Arc::new(Semaphore::new(1));
    let taking = Taking { world, exporting, line: Line::default(), tries: Tries::default() };
    // What is in hand goes on while the next is looked for: it may have the one connection by which
    // the ledger is written.
    let all = stream::unfold(taking, async |mut taking: Taking<'_>| {
        let taken = taking.next().await?;
        Some((taken, taking))
    });
    let most = world.mandate.limits.act_requests_max;
    all.for_each_concurrent(most, |taken| Box::pin(turn(world, taken))).await;
}

/// Takes requests in hand, those that are due first before the others.
struct Taking<'a> {
    world: &'a World,
    line: Line,
    /// There is one export at a time.
    exporting: Arc<Semaphore>,
    tries: Tries,
}

/// A request that nobody else can act on.
struct TakenUp {
    standing: Standing,
    lease: Lease,
    _export: Option<OwnedSemaphorePermit>,
}

impl Taking<'_> {
    /// The next to be acted on, once there is one; none after a stop.
    async fn next(&mut self) -> Option<TakenUp> {
        let shift = &self.world.shift;
        while !shift.stopper.is_stopped() {
            match self.first().await {
                Ok(taken) => {
                    self.tries = Tries::default();
                    if taken.is_some() {
                        return taken;
                    }
                    shift.rest().await;
                }
                Err(failure) => {
                    report::failed(&shift.metrics, STEP, &failure);
                    shift.back_off(&mut self.tries).await;
                }
            }
        }
        None
    }

    /// The first of those that can be acted on now.
    async fn first(&mut self) -> Result<Option<TakenUp>, Failure> {
        let (now, mut looked) = (self.world.account.clock.now(), false);
        let look = async || turns::free_in(self.world, &STATES).await;
        while let Some(standing) = self.line.first(now, &mut looked, look).await? {
            let permit = match standing.kind.is_some_and(RequestKind::is_export) {
                false => None,
                true => match Arc::clone(&self.exporting).try_acquire_owned() {
                    Ok(permit) => Some(permit),
                    Err(_) => continue,
                },
            };
            let Some((standing, lease)) = turns::claimed(self.world, vec![standing]).await? else {
                continue;
            };
            return Ok(Some(TakenUp { standing, lease, _export: permit }));
        }
        Ok(None)
    }
}

/// One stage of a request.
async fn turn(world: &World, taken: TakenUp) {
    let TakenUp { standing, lease, _export } = taken;
    let now = world.account.clock.now();
    let patience = world.shift.backoff.patience(lease.tries, now, standing.due);
    let acting = act(world, &standing, &lease, patience);
    let Some(acted) = turns::under(world, &lease, acting).await else { return };
    if let Err(failure) = settle(world, (STEP, now), &standing, &lease, acted).await {
        report::failed(&world.shift.metrics, STEP, &failure);
    }
    world.shift.ring();
}

/// One stage of one request.
async fn act(
    world: &World,
    standing: &Standing,
    lease: &Lease,
    patience: Patience,
) -> Result<(), Failure> {
    let account = &world.account;
    if !STATES.contains(&standing.state) {
        // Another daemon was first.
        return Ok(());
    }
    let mut case = account.load(standing, lease).await?;
    if standing.state == State::Planned {
        if case.request.options.dry_run {
            let until = world.mandate.keeping.left_until(account.clock.now());
            rest_dry(account, &case, until).await?;
            return Ok(());
        }
        // Asked here, of the ledgered plan, and not where the plan is made: so no crash between the
        // two lets a plan slip by.
        let shares = account.shares(&case).await?;
        let (guard, kind) = (&world.mandate.guard, case.request.kind);
        let objection = match case.request.thing() {
            Some(thing) => guard.objection_to(kind, thing, shares),
            None => guard.objection(shares),
        };
        if let Some(reason) = objection {
            account.advance(&case, Event::Held { reason }).await?;
            return Ok(());
        }
    }
    if !begins(world, &case).await? {
        // An export came in that goes first.
        return Ok(());
    }
    if standing.state == State::Planned {
        let Some(standing) = account.advance(&case, Event::ActStarted).await? else {
            // A person withdrew it first.
            return Ok(());
        };
        case.moved_on(standing);
    }
    let (halt, began) = (Arc::default(), account.clock.now());
    let (id, kind) = (&case.request.id, case.request.kind);
    report::acting(id, kind, case.standing.state);
    // Side by side: see the lease.
    let acted = tokio::select! {
        acted = Box::pin(carry_out(world, &case, patience, Arc::clone(&halt))) => acted,
        never = note_on(world, &case, &halt) => match never {},
    };
    let times = (began, account.clock.now());
    let items = case.recorded.load(Ordering::Relaxed);
    report::act_ended(&world.shift.metrics, id, kind, times, items, acted.is_ok());
    acted
}

/// Whether it may be carried out now; from here on exports of the same person wait for an erasure.
async fn begins(world: &World, case: &Case) -> Result<bool, Failure> {
    if case.request.kind.is_export() || case.standing.state == State::Verifying {
        return Ok(true);
    }
    let (ledger, id) = (&world.account.ledger, &case.request.id);
    let failed = ledger.in_the_way(id).await?;
    let pressed = world.mandate.limits.pressed_before(world.account.clock.now());
    let begins = ledger.begin_act(&case.lease, id, pressed).await?;
    if begins {
        report::pressed(id, &failed);
    }
    Ok(begins)
}

async fn carry_out(
    world: &World,
    case: &Case,
    patience: Patience,
    halt: Arc<AtomicBool>,
) -> Result<(), Failure> {
    let (account, exports) = (&world.account, &*world.exports);
    let Mandate { controller, policy, limits, keeping, .. } = &world.mandate;
    let mut walk = Walk::new(&case.request.people().iter().collect::<Vec<_>>(), limits, patience);
    walk.policy = Some(Arc::new(policy.clone()));
    walk.halt = halt;
    if case.request.kind.is_export() {
        if case.standing.state == State::Verifying {
            let left_until = keeping.left_until(account.clock.now());
            let kept = KeptFor { archive: keeping.archive_life(), left_until };
            read_back(account, exports, case, limits.verify_rounds_max, kept).await?;
            return Ok(());
        }
        grounds::all_stand(world, &asked(world, case)).await?;
        let (logs, age_max) = (world.tenant_logs.as_deref(), limits.service_age_max());
        let tenant_logs = match begin(account, logs, case, &archive_name(case), age_max).await? {
            Before::Wait => return Ok(()),
            Before::Nothing(told) => told,
        };
        let beside = Beside { controller, tenant_logs };
        export(account, &world.sources, exports, beside, case, &walk).await?;
        return Ok(());
    }
    if case.standing.state == State::Verifying {
        // What was erased is looked for by a sweep.
        return Ok(());
    }
    let shut = grounds::shut(world, &asked(world, case)).await?;
    erase(account, &world.sources, case, (limits, &world.hands, shut), &walk).await
}

/// The sources that a request is about.
fn asked(world: &World, case: &Case) -> Vec<Arc<dyn Source>> {
    wanted(&world.sources, std::iter::once(&case.request))
}

/// Notes from time to time how far an act has come, and whether somebody stopped it, until dropped.
/// The plan is counted once.
async fn note_on(world: &World, case: &Case, halt: &AtomicBool) -> Infallible {
    let (ledger, id) = (&world.account.ledger, &case.request.id);
    let mut counted = None;
    loop {
        world.account.clock.sleep_ms(NOTE_EVERY_MS).await;
        if let Ok(true) = world.account.is_overtaken(case).await {
            halt.store(true, Ordering::Relaxed);
        }
        let recorded = case.recorded.load(Ordering::Relaxed);
        let (before, total) = match counted {
            Some(counted) => counted,
            None => {
                // For people to look at; if the ledger is away, the act itself will say so.
                let Ok(tally) = ledger.tally(id).await else { continue };
                // An archive is written anew from its first item on.
                let is_anew = case.request.kind.is_export();
                let ended = if is_anew { 0 } else { tally.total() - tally.open };
                *counted.insert((ended.saturating_sub(recorded), tally.total()))
            }
        };
        let progress = Progress { done: (before + recorded).min(total), total };
        let _noted = ledger.note_progress(std::slice::from_ref(id), progress).await;
    }
}
