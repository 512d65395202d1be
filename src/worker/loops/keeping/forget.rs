//! Forgets what nobody needs any more of requests that rest, some at a time, until stopped; and
//! sees whether this daemon's clock is that of the ledger.

use crate::domain::failure::Failure;
use crate::domain::policy::keeping::Keeping;
use crate::ports::ledger::Ledger;
use crate::ports::tasks::End;
use crate::worker::pace::retry::Tries;
use crate::worker::pace::shift::Shift;
use crate::worker::report;

/// What the lease is on.
const WORK: &str = "forget";

/// How often it is looked whether there is something to forget.
const LOOK_EVERY_MS: u64 = 3_600_000;

/// A pause after each write: others write to the same ledger.
const PAUSE_MS: u64 = 100;

/// By how much a clock may be wrong. Due times are in days, signatures in minutes.
const CLOCK_OFF_MS_MAX: i64 = 60_000;

/// Forgets until stopped.
pub async fn run(shift: &Shift, ledger: &dyn Ledger, keeping: &Keeping) {
    let mut tries = Tries::default();
    while !shift.stopper.is_stopped() {
        let turn = shift.stopper.run_until_stopped(turn(shift, ledger, keeping));
        match turn.await.unwrap_or(Ok(())) {
            Ok(()) => {
                tries = Tries::default();
                shift.pause_ms(LOOK_EVERY_MS).await;
            }
            Err(failure) => {
                report::failed(&shift.metrics, "forget", &failure);
                shift.back_off(&mut tries).await;
            }
        }
    }
}

async fn turn(shift: &Shift, ledger: &dyn Ledger, keeping: &Keeping) -> Result<(), Failure> {
    let off = shift.clock.now().duration_since(ledger.now().await?).as_millis();
    if off.abs() > i128::from(CLOCK_OFF_MS_MAX) {
        report::clock_off(off);
    }
    let Some(kept_ms) = keeping.details_kept_ms() else { return Ok(()) };
    // Ends: each round forgets something, and what comes to rest now is kept for long.
    while ledger.has_details(kept_ms).await? {
        let Some(lease) = shift.leases.claim(WORK).await? else { return Ok(()) };
        let forgot = shift.leases.hold(&lease, ledger.forget_details(&lease, kept_ms)).await;
        shift.leases.let_go(&lease, End::Left).await?;
        forgot?;
        shift.pause_ms(PAUSE_MS).await;
    }
    Ok(())
}
