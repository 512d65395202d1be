//! Removes archives that are not to be kept any longer, and what was kept of items that requests
//! left, until stopped.
//!
//! The ledger says which: those whose time came, and those of requests that failed or were
//! withdrawn. What a service copied beside an archive goes with it. Whoever removes one holds the
//! lease on its request, under which an archive is written too, so that a new one is not taken for
//! the old. An archive is forgotten once it is gone; who dies in between removes it again, which is
//! nothing.
//!
//! No record is made of it. A record moves a request and is announced, and these rest: until when
//! an archive is kept was ledgered and announced when it was verified. The log and a metric tell.

use crate::domain::failure::Failure;
use crate::ports::exports::Exports;
use crate::ports::kept::archives::KeptArchive;
use crate::ports::ledger::Ledger;
use crate::ports::tasks::{End, Lease, work_on};
use crate::ports::tenant_logs::TenantLogs;
use crate::worker::pace::retry::Tries;
use crate::worker::pace::shift::Shift;
use crate::worker::report;

/// Archives removed in one turn, the rest of them in the next.
const TURN: u32 = 100;

/// How long a removal may go on after the stop.
const GRACE_MS: u64 = 5_000;

/// Where there is something to remove.
pub struct Stores<'a> {
    /// Archives.
    pub exports: &'a dyn Exports,
    /// What was copied beside them, where anything is.
    pub tenant_logs: Option<&'a dyn TenantLogs>,
}

/// Removes what expires until stopped.
pub async fn run(shift: &Shift, ledger: &dyn Ledger, stores: &Stores<'_>) {
    let mut tries = Tries::default();
    while !shift.stopper.is_stopped() {
        let turn = shift.with_grace(GRACE_MS, turn(shift, ledger, stores));
        match turn.await.unwrap_or(Ok(())) {
            Ok(()) => {
                tries = Tries::default();
                shift.rest_well().await;
            }
            Err(failure) => {
                report::failed(&shift.metrics, "expire", &failure);
                shift.back_off(&mut tries).await;
            }
        }
    }
}

/// One that cannot be removed keeps none of the others.
async fn turn(shift: &Shift, ledger: &dyn Ledger, stores: &Stores<'_>) -> Result<(), Failure> {
    if ledger.forget_left().await? > 0 {
        report::forgot_left();
    }
    let mut ended = Ok(());
    for archive in ledger.expired(TURN).await? {
        if shift.stopper.is_stopped() {
            break;
        }
        let Some(lease) = shift.leases.claim(&work_on(&archive.request)).await? else { continue };
        let removed = shift.leases.hold(&lease, remove(ledger, stores, &archive, &lease)).await;
        // Not as failed: that would put off the request's own work, should it be tried again.
        shift.leases.let_go(&lease, End::Left).await?;
        match removed {
            Ok(true) => report::removed(&shift.metrics, &archive.request),
            Ok(false) => {}
            Err(failure) => ended = Err(failure),
        }
    }
    ended
}

/// `false` where another was first.
async fn remove(
    ledger: &dyn Ledger,
    stores: &Stores<'_>,
    archive: &KeptArchive,
    lease: &Lease,
) -> Result<bool, Failure> {
    // As it stands now that nobody else can work on it.
    if ledger.kept(&archive.request).await?.as_ref() != Some(archive) {
        return Ok(false);
    }
    stores.exports.remove(&archive.name).await?;
    if let Some(logs) = stores.tenant_logs {
        logs.remove(&archive.request).await?;
    }
    ledger.removed(lease, &archive.request).await?;
    Ok(true)
}
