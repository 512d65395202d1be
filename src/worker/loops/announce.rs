//! Empties the outbox until stopped, and once more when stopping.
//!
//! Of several daemons one announces, so that the events of a request come in order; the next takes
//! over when its lease lapses.

use async_trait::async_trait;

use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::ports::ledger::Ledger;
use crate::ports::messages::announcer::{Announced, Announcer};
use crate::stages::announce::announce;
use crate::worker::pace::lease::LongLease;
use crate::worker::pace::retry::Tries;
use crate::worker::pace::shift::Shift;
use crate::worker::report;
use crate::worker::spans::requests;

/// How long a turn may take once we stop.
const GRACE_MS: u64 = 5_000;

/// What the lease is on.
const WORK: &str = "announce";

/// Publishes what the outbox holds until stopped.
pub async fn run(shift: &Shift, ledger: &dyn Ledger, announcer: &dyn Announcer) {
    let mut tries = Tries::default();
    let mut own = LongLease::new(WORK);
    while !shift.stopper.is_stopped() {
        // A broker that is away keeps nobody from stopping.
        let turn = turn(shift, ledger, announcer, &mut own);
        let Some(done) = shift.with_grace(GRACE_MS, turn).await else {
            break;
        };
        match done {
            Ok(()) => {
                tries = Tries::default();
                shift.rest_well().await;
            }
            Err(failure) => {
                report::failed(&shift.metrics, "announce", &failure);
                own.let_go(&shift.leases).await;
                shift.back_off(&mut tries).await;
            }
        }
    }
    // What the others ledgered while they came to rest is for `run_last`.
    own.let_go(&shift.leases).await;
}

/// Publishes what the others ledgered while they came to rest. What does not get out waits in the
/// outbox for the next start, or for another daemon.
pub async fn run_last(shift: &Shift, ledger: &dyn Ledger, announcer: &dyn Announcer) {
    let mut own = LongLease::new(WORK);
    let last = async {
        if let Err(failure) = turn(shift, ledger, announcer, &mut own).await {
            report::failed(&shift.metrics, "announce", &failure);
        }
    };
    shift.with_grace(GRACE_MS, last).await;
}

async fn turn(
    shift: &Shift,
    ledger: &dyn Ledger,
    announcer: &dyn Announcer,
    own: &mut LongLease,
) -> Result<(), Failure> {
    if ledger.unsent(1).await?.is_empty() {
        return Ok(());
    }
    let Some(lease) = own.claim(&shift.leases).await? else { return Ok(()) };
    let timed = Timed { announcer, shift };
    let announcing = announce(ledger, &timed);
    let turn = shift.leases.hold(lease, announcing).await?;
    report::announced(&shift.metrics, turn);
    Ok(())
}

/// The announcer, and how long it takes for each event.
struct Timed<'a> {
    announcer: &'a dyn Announcer,
    shift: &'a Shift,
}

#[async_trait]
impl Announcer for Timed<'_> {
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure> {
        let began = self.shift.clock.now();
        let announced = self.announcer.announce(announcement).await;
        let now = self.shift.clock.now();
        report::published(&self.shift.metrics, began, now);
        requests::announced(&self.shift.traces, announcement, &announced, (began, now));
        announced
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.announcer.ping().await
    }
}
