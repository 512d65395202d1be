//! Working under a lease: claimed first, renewed meanwhile, let go at the end.
//!
//! What a daemon that died held is taken over once it lapsed. A daemon that ends in order lets go
//! of everything, so that the others need not wait for that.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::ports::ledger::Ledger;
use crate::ports::system::{Clock, Entropy};
use crate::ports::tasks::{End, Lease};
use crate::worker::pace::retry::{Backoff, random};

/// The leases of this daemon.
pub struct Leases {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// How long a work is ours without being renewed.
    lease_ms: u64,
    backoff: Backoff,
    held: Mutex<Vec<Lease>>,
}

/// A lease that a loop keeps from turn to turn: to claim it anew each time would cost more writes
/// than a turn does.
pub struct LongLease {
    work: &'static str,
    /// The lease, and when it is to be renewed.
    lease: Option<(Lease, Timestamp)>,
}

/// A lease is renewed so often before it lapses: a renewal may fail and the next still be in time.
const RENEWALS: u64 = 3;

impl LongLease {
    /// A lease on `work`, not yet claimed.
    pub fn new(work: &'static str) -> Self {
        Self { work, lease: None }
    }

    /// The lease, claimed or renewed where it has to be; `None` while it is another's.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn claim(&mut self, leases: &Leases) -> Result<Option<&Lease>, Failure> {
        let now = leases.clock.now();
        let holds = match &mut self.lease {
            // Not further off than it was set: this clock may have stepped back.
            Some((_, renew_at)) if now < *renew_at && *renew_at <= leases.renew_at(now) => true,
            Some((lease, renew_at)) => {
                let renewed = leases.renew(lease).await?;
                *renew_at = leases.renew_at(now);
                renewed
            }
            None => false,
        };
        if !holds {
            let claimed = leases.claim(self.work).await?;
            self.lease = claimed.map(|lease| (lease, leases.renew_at(now)));
        }
        Ok(self.lease.as_ref().map(|(lease, _)| lease))
    }

    /// Lets go of it, if it is held.
    pub async fn let_go(&mut self, leases: &Leases) {
        if let Some((lease, _)) = self.lease.take() {
            // It lapses otherwise.
            let _gone = leases.let_go(&lease, End::Done).await;
        }
    }
}

impl Leases {
    /// None held yet.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        lease_ms: u64,
        backoff: Backoff,
    ) -> Self {
        Self { ledger, clock, entropy, lease_ms, backoff, held: Mutex::default() }
    }

    /// Claims a work; `None` if another has it or it is put off.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn claim(&self, work: &str) -> Result<Option<Lease>, Failure> {
        let lease = self.ledger.claim(work, self.lease_ms).await?;
        if let Some(lease) = &lease {
            self.held().push(lease.clone());
        }
        Ok(lease)
    }

    /// Does the work while the lease is renewed beside it, and gives up once another has taken it.
    ///
    /// # Errors
    /// The work's own failure; the lease was lost, which is transient: the other goes on with the
    /// work.
    pub async fn hold<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        // Side by side: the work may hold the ledger's one writing connection while it waits, and a
        // renewal that was awaited in between would wait for it for ever.
        tokio::select! {
            done = work => done,
            () = self.lost(lease) => {
                let doing = "going on with work under a lease";
                let taken = "another daemon has taken the work over";
                Err(Failure::transient(doing).because(taken).of_the_ledger())
            }
        }
    }

    /// Lets go.
    ///
    /// # Errors
    /// The ledger's failure; the lease then lapses by itself.
    pub async fn let_go(&self, lease: &Lease, end: End) -> Result<(), Failure> {
        self.held().retain(|held| held != lease);
        self.ledger.let_go(lease, end).await
    }

    /// Lets go after a failure: the work is put off, longer each time. A failure of the ledger is
    /// none of the work, and spends none of its tries.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn put_off(&self, lease: &Lease, failure: &Failure) -> Result<(), Failure> {
        let delay_ms = self.backoff.delay_ms(lease.tries, random(&*self.entropy));
        let end = match failure.is_of_the_ledger() {
            true => End::Waiting(delay_ms),
            false => End::Failed(delay_ms),
        };
        self.let_go(lease, end).await
    }

    /// Lets go of what waits for something outside.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn wait(&self, lease: &Lease, delay_ms: u64) -> Result<(), Failure> {
        self.let_go(lease, End::Waiting(delay_ms)).await
    }

    /// Lets go of all that is still held. Best effort: what cannot be let go of lapses.
    pub async fn let_go_of_all(&self) {
        let held = std::mem::take(&mut *self.held());
        for lease in held {
            let _lapses_otherwise = self.ledger.let_go(&lease, End::Left).await;
        }
    }

    /// Holds on to the lease for another while; `false` if it is another's.
    async fn renew(&self, lease: &Lease) -> Result<bool, Failure> {
        self.ledger.renew(lease, self.lease_ms).await
    }

    /// When a lease that was claimed or renewed at `now` is to be renewed.
    fn renew_at(&self, now: Timestamp) -> Timestamp {
        let after = i64::try_from(self.lease_ms / RENEWALS).unwrap_or(i64::MAX);
        now.saturating_add(SignedDuration::from_millis(after)).unwrap_or(Timestamp::MAX)
    }

    /// Renews the lease until it is another's.
    async fn lost(&self, lease: &Lease) {
        loop {
            self.clock.sleep_ms(self.lease_ms / RENEWALS).await;
            // If the ledger is away, the work itself will say so.
            if let Ok(false) = self.renew(lease).await {
                return;
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Vec<Lease>> {
        self.held.lock().expect("nobody panics with the list in hand")
    }
}
