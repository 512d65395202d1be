//! What every loop works by: the right to work on something, pauses, the stop, and the counters.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::domain::policy::limits::Limits;
use crate::ports::ledger::Ledger;
use crate::ports::system::{Clock, Entropy};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::worker::pace::lease::Leases;
use crate::worker::pace::retry::{self, Backoff, Tries};
use crate::worker::pace::stopper::Stopper;

/// What a loop has at hand whatever it does.
pub struct Shift {
    /// The right to work on something.
    pub leases: Leases,
    /// How long is waited after a failure, and how often it is tried again.
    pub backoff: Backoff,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where pieces of work are told; nowhere, unless somebody is to be told.
    pub traces: Traces,
    /// Ends everything.
    pub stopper: Stopper,
    /// Time.
    pub clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Rung when something was ledgered that a loop may be waiting for.
    bell: Notify,
}

/// How long a loop waits for the bell before it looks at the ledger by itself: other daemons on the
/// same ledger ring no bell here.
const LOOK_EVERY_MS: u64 = 500;

/// How long whoever need not be the first to know waits after the bell.
const TOGETHER_MS: u64 = 100;

impl Shift {
    /// Nobody at work yet.
    pub fn new(
        ledger: &Arc<dyn Ledger>,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
        limits: &Limits,
    ) -> Self {
        let (ledger, backoff) = (Arc::clone(ledger), Backoff::from(limits));
        let (clock, entropy) = (Arc::clone(clock), Arc::clone(entropy));
        let (time, chance) = (Arc::clone(&clock), Arc::clone(&entropy));
        Self {
            leases: Leases::new(ledger, time, chance, limits.lease_ms, backoff),
            backoff,
            metrics: Arc::default(),
            traces: Traces::default(),
            stopper: Stopper::default(),
            clock,
            entropy,
            bell: Notify::new(),
        }
    }

    /// Wakes who rests: something was ledgered.
    pub fn ring(&self) {
        self.bell.notify_waiters();
    }

    /// Waits for the bell, for a while, or for the stop.
    pub async fn rest(&self) {
        self.is_rung_for().await;
    }

    /// The same for who need not be the first to know: what is rung for in quick succession is
    /// looked at together.
    pub async fn rest_well(&self) {
        if self.is_rung_for().await {
            self.pause_ms(TOGETHER_MS).await;
        }
    }

    /// Whether the bell ended the rest.
    async fn is_rung_for(&self) -> bool {
        let woken = async {
            tokio::select! {
                () = self.bell.notified() => true,
                () = self.clock.sleep_ms(LOOK_EVERY_MS) => false,
            }
        };
        self.stopper.run_until_stopped(woken).await.unwrap_or(false)
    }

    /// Sleeps, unless stopped.
    pub async fn pause_ms(&self, millis: u64) {
        self.stopper.run_until_stopped(self.clock.sleep_ms(millis)).await;
    }

    /// Pauses after one more failure in a row.
    pub async fn back_off(&self, tries: &mut Tries) {
        self.pause_ms(self.backoff.delay_ms(tries.count(), self.random())).await;
        *tries = tries.next();
    }

    /// What `work` gives, or `None` if a stop comes and it does not end in so much time after it.
    pub async fn with_grace<T>(&self, grace_ms: u64, work: impl Future<Output = T>) -> Option<T> {
        self.stopper.run_with_grace(&self.clock, grace_ms, work).await
    }

    /// A random number for jitter.
    pub fn random(&self) -> u64 {
        retry::random(&*self.entropy)
    }
}
