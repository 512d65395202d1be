//! Forgets what nobody needs any more of requests that rest, some at a time, until stopped; and
//! sees whether this daemon's clock is that of the ledger.

use jiff::{SignedDuration, Timestamp};

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

/// How long what was learned of sources is kept that are in the settings no more.
pub struct Learned {
    /// Those that are there.
    pub sources: Vec<String>,
    /// As long as it would be relied on.
    pub age_max: SignedDuration,
}

/// Forgets until stopped.
pub async fn run(shift: &Shift, ledger: &dyn Ledger, keeping: &Keeping, learned: Option<&Learned>) {
    let mut tries = Tries::default();
    while !shift.stopper.is_stopped() {
        let turn = shift.stopper.run_until_stopped(turn(shift, ledger, keeping, learned));
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

async fn turn(
    shift: &Shift,
    ledger: &dyn Ledger,
    keeping: &Keeping,
    learned: Option<&Learned>,
) -> Result<(), Failure> {
    let off = shift.clock.now().duration_since(ledger.now().await?).as_millis();
    if off.abs() > i128::from(CLOCK_OFF_MS_MAX) {
        report::clock_off(off);
    }
    if let Some(learned) = learned {
        forget_sources(shift, ledger, learned).await?;
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

/// Forgets what was learned of sources that are in the settings no more, once nobody would rely on
/// it: a source that is left out by mistake loses nothing by that.
async fn forget_sources(
    shift: &Shift,
    ledger: &dyn Ledger,
    learned: &Learned,
) -> Result<(), Failure> {
    let Learned { sources, age_max } = learned;
    let known = ledger.catalogued().await?;
    if known.iter().all(|of| sources.contains(&of.source)) {
        return Ok(());
    }
    let Some(lease) = shift.leases.claim(WORK).await? else { return Ok(()) };
    let before = shift.clock.now().saturating_sub(*age_max).unwrap_or(Timestamp::MIN);
    let forgetting = ledger.forget_sources(&lease, sources, before);
    let forgot = shift.leases.hold(&lease, forgetting).await;
    shift.leases.let_go(&lease, End::Left).await?;
    forgot?.iter().for_each(|source| report::forgot_source(source));
    Ok(())
}
