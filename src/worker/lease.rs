//! Working under a lease: claimed first, renewed meanwhile, let go at the end.
//!
//! What a daemon that died held is taken over once it lapsed. A daemon that ends in order lets go
//! of everything, so that the others need not wait for that.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::ports::tasks::{End, Lease};
use crate::worker::world::World;

/// The leases that this daemon holds.
#[derive(Debug, Default)]
pub struct Held(Mutex<Vec<Lease>>);

/// A lease that a loop keeps from turn to turn: to claim it anew each time would cost more writes
/// than a turn does.
pub struct Kept {
    work: &'static str,
    /// The lease, and when it is to be renewed.
    lease: Option<(Lease, Timestamp)>,
}

/// A lease is renewed so often before it lapses: a renewal may fail and the next still be in time.
const RENEWALS: u64 = 3;

impl Kept {
    /// A lease on `work`, not yet claimed.
    pub fn new(work: &'static str) -> Self {
        Self { work, lease: None }
    }

    /// The lease, claimed or renewed where it has to be; `None` while it is another's.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn claim(&mut self, world: &World) -> Result<Option<&Lease>, Failure> {
        let now = world.docket.clock.now();
        let holds = match &mut self.lease {
            // Not further off than it was set: this clock may have stepped back.
            Some((_, renew_at)) if now < *renew_at && *renew_at <= self::renew_at(world, now) => {
                true
            }
            Some((lease, renew_at)) => {
                let renewed = renew(world, lease).await?;
                *renew_at = self::renew_at(world, now);
                renewed
            }
            None => false,
        };
        if !holds {
            let claimed = claim(world, self.work).await?;
            self.lease = claimed.map(|lease| (lease, renew_at(world, now)));
        }
        Ok(self.lease.as_ref().map(|(lease, _)| lease))
    }

    /// Lets go of it, if it is held.
    pub async fn let_go(&mut self, world: &World) {
        if let Some((lease, _)) = self.lease.take() {
            // It lapses otherwise.
            let _gone = let_go(world, &lease, End::Done).await;
        }
    }
}

/// Claims a work; `None` if another has it or it is put off.
///
/// # Errors
/// The ledger's failure.
pub async fn claim(world: &World, work: &str) -> Result<Option<Lease>, Failure> {
    let lease = world.docket.ledger.claim(work, world.limits.lease_ms).await?;
    if let Some(lease) = &lease {
        world.held.0.lock().expect("nobody panics with the list in hand").push(lease.clone());
    }
    Ok(lease)
}

/// Does the work while the lease is renewed beside it, and gives up once another has taken it.
///
/// # Errors
/// The work's own failure; the lease was lost, which is transient: the other goes on with the work.
pub async fn hold<T>(
    world: &World,
    lease: &Lease,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // Side by side: the work may hold the ledger's one writing connection while it waits, and a
    // renewal that was awaited in between would wait for it for ever.
    tokio::select! {
        done = work => done,
        () = lost(world, lease) => {
            let doing = "going on with work under a lease";
            let taken = "another daemon has taken the work over";
            Err(Failure::transient(doing).because(taken).of_the_ledger())
        }
    }
}

/// Holds on to the lease for another while; `false` if it is another's.
///
/// # Errors
/// The ledger's failure.
pub async fn renew(world: &World, lease: &Lease) -> Result<bool, Failure> {
    world.docket.ledger.renew(lease, world.limits.lease_ms).await
}

/// When a lease that was claimed or renewed at `now` is to be renewed.
pub fn renew_at(world: &World, now: Timestamp) -> Timestamp {
    let after = i64::try_from(world.limits.lease_ms / RENEWALS).unwrap_or(i64::MAX);
    now.saturating_add(SignedDuration::from_millis(after)).unwrap_or(Timestamp::MAX)
}

/// Lets go.
///
/// # Errors
/// The ledger's failure; the lease then lapses by itself.
pub async fn let_go(world: &World, lease: &Lease, end: End) -> Result<(), Failure> {
    world.held.0.lock().expect("nobody panics with the list in hand").retain(|held| held != lease);
    world.docket.ledger.let_go(lease, end).await
}

/// Lets go after a failure: the work is put off, longer each time. A failure of the ledger is none
/// of the work, and spends none of its tries.
///
/// # Errors
/// The ledger's failure.
pub async fn put_off(world: &World, lease: &Lease, failure: &Failure) -> Result<(), Failure> {
    let delay_ms = world.limits.backoff.delay_ms(lease.tries, world.random());
    let end = match failure.is_of_the_ledger() {
        true => End::Waiting(delay_ms),
        false => End::Failed(delay_ms),
    };
    let_go(world, lease, end).await
}

/// Lets go of what waits for something outside.
///
/// # Errors
/// The ledger's failure.
pub async fn wait(world: &World, lease: &Lease, delay_ms: u64) -> Result<(), Failure> {
    let_go(world, lease, End::Waiting(delay_ms)).await
}

/// Lets go of all that is still held. Best effort: what cannot be let go of lapses.
pub async fn let_go_of_all(world: &World) {
    let held =
        std::mem::take(&mut *world.held.0.lock().expect("nobody panics with the list in hand"));
    for lease in held {
        let _lapses_otherwise = world.docket.ledger.let_go(&lease, End::Left).await;
    }
}

/// Renews the lease until it is another's.
async fn lost(world: &World, lease: &Lease) {
    loop {
        world.docket.clock.sleep_ms(world.limits.lease_ms / RENEWALS).await;
        // If the ledger is away, the work itself will say so.
        if let Ok(false) = renew(world, lease).await {
            return;
        }
    }
}
