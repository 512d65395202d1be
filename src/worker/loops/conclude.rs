//! Draws the conclusions of sweeps, request by request: what was found becomes a plan, and what a
//! second look found becomes another round or the end.
//!
//! Sweeps are shared, conclusions are not. Each is drawn under the lease on its request, with tries
//! and pauses of its own: one that cannot be drawn, because its certificate is not taken or one of
//! its sources cannot be entered, keeps no other request from its end and no sweep from being
//! opened.

use crate::domain::failure::Failure;
use crate::domain::state::State;
use crate::ports::standing::Standing;
use crate::ports::tasks::{End, Lease, Purpose, Sweep, work_on};
use crate::stages::account::case::Case;
use crate::stages::account::people::Acquaintances;
use crate::stages::find::{self, Sparing};
use crate::stages::verify::erasure::{self, Ending};
use crate::stages::verify::untouched::{Again, Comparisons};
use crate::worker::pace::retry::Tries;
use crate::worker::report;
use crate::worker::settle::settle;
use crate::worker::turns::{Line, TURN};
use crate::worker::world::World;

/// What the requests of a sweep have in common, kept while one is concluded after the other.
#[derive(Default)]
struct Common {
    met: Acquaintances,
    compared: Comparisons,
}

impl Common {
    fn clear(&self) {
        self.met.clear();
        self.compared.clear();
    }
}

/// Concludes until stopped.
pub async fn run(world: &World) {
    let (mut tries, mut line) = (Tries::default(), Line::default());
    let common = Common::default();
    while !world.shift.stopper.is_stopped() {
        let turn = Box::pin(turn(world, &mut line, &common));
        let turn = world.shift.stopper.run_until_stopped(turn).await;
        match turn {
            None => return,
            Some(Ok(worked)) => {
                tries = Tries::default();
                if !worked {
                    common.clear();
                    world.shift.rest().await;
                }
            }
            Some(Err(failure)) => {
                common.clear();
                report::failed(&world.shift.metrics, "conclude", &failure);
                world.shift.back_off(&mut tries).await;
            }
        }
    }
}

/// One conclusion, of the request that is due first; `false` if there is none to be drawn now.
async fn turn(world: &World, line: &mut Line, common: &Common) -> Result<bool, Failure> {
    let (ledger, now) = (&world.account.ledger, world.account.clock.now());
    let (mut looked, look) = (false, async || ledger.walked(TURN).await);
    while let Some(standing) = line.first(now, &mut looked, look).await? {
        let Some(lease) = world.shift.leases.claim(&work_on(&standing.id)).await? else { continue };
        // As it stands now that nobody else can work on it.
        let Some(standing) = ledger.standing(&standing.id).await? else { continue };
        let purpose = match standing.state {
            State::Finding => Purpose::Find,
            State::Verifying => Purpose::Verify,
            State::Received
            | State::Accepted
            | State::Planned
            | State::Held
            | State::Acting
            | State::Waiting
            | State::Completed
            | State::PartiallyCompleted
            | State::Failed
            | State::Cancelled
            | State::Rejected => {
                world.shift.leases.let_go(&lease, End::Done).await?;
                continue;
            }
        };
        let began = world.account.clock.now();
        let concluding = Box::pin(conclude(world, purpose, &standing, &lease, common));
        let concluded = world.shift.leases.hold(&lease, concluding).await;
        settle(world, (purpose.word(), began), &standing, &lease, concluded).await?;
        world.shift.ring();
        return Ok(true);
    }
    Ok(false)
}

async fn conclude(
    world: &World,
    purpose: Purpose,
    standing: &Standing,
    lease: &Lease,
    common: &Common,
) -> Result<(), Failure> {
    let World { account, mandate, .. } = world;
    let policy = &mandate.policy;
    // Another daemon was first, and took it out.
    let Some(sweep) = account.ledger.sweep_of(&standing.id).await? else { return Ok(()) };
    // Since the list was made, another daemon may have concluded what it was listed for, and opened
    // the sweep that comes after: nothing follows from that before it is walked.
    if !sweep.is_walked() {
        return Ok(());
    }
    let case = account.load(standing, lease).await?;
    if let Some(failure) = lost(&case, &sweep) {
        // What was seen of the others is of no use: by the time that all can be entered it is old.
        account.ledger.leave_sweep(lease, &standing.id).await?;
        return Err(failure);
    }
    match purpose {
        Purpose::Find => {
            let sparing = Sparing { met: &common.met, limits: &(&mandate.limits).into() };
            find::conclude(account, world.around(), policy, &case, &sweep, sparing).await
        }
        Purpose::Verify => {
            let now = account.clock.now();
            let ending = Ending {
                again: Some(Again { sweep: sweep.id, compared: &common.compared }),
                around: world.around(),
                policy,
                exports: &*world.exports,
                signer: &world.signer,
                rounds_max: world.mandate.limits.verify_rounds_max,
                patience: world.shift.backoff.patience(lease.tries, now, standing.due),
                remembered_until: world.mandate.keeping.remembered_until(now),
                left_until: world.mandate.keeping.left_until(now),
            };
            erasure::conclude(account, &case, &ending).await
        }
    }
}

/// Why nothing can be concluded for a request: one of its sources was not looked at whole.
fn lost(case: &Case, sweep: &Sweep) -> Option<Failure> {
    let theirs = |source: &str| case.request.concerns(source);
    let shard = sweep.shards.iter().find(|shard| shard.lost.is_some() && theirs(&shard.source))?;
    let lost = shard.lost.as_ref()?;
    Some(Failure::new(lost.kind, lost.reason.clone()).of_source(&shard.source))
}
