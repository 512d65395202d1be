//! Says that this daemon is at work, and counts those that are; ends it where the ledger's master
//! key is another one meanwhile.

use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::ports::ledger::Ledger;
use crate::stages::account::records::Account;
use crate::worker::pace::shift::Shift;
use crate::worker::report::failed;

/// How often. One that is amid something that holds the ledger's one connection may be late.
const SAY_EVERY_MS: u64 = 10_000;

/// How long the last word may take once we stop: who is gone is noticed all the same.
const GRACE_MS: u64 = 2_000;

/// Says so until stopped, and then that it is no more.
///
/// # Errors
/// The master key was replaced. Nothing can be written any more, and what is sealed cannot be read:
/// all is stopped, so that whoever starts the daemon again does so with the new one.
pub async fn run(shift: &Shift, account: &Account) -> Result<(), Failure> {
    let (id, ledger) = (Uuid::new_v4().to_string(), &*account.ledger);
    while !shift.stopper.is_stopped() {
        if let Err(failure) = say(shift, ledger, &id).await {
            failed(&shift.metrics, "census", &failure);
            if let Ok(false) = ledger.agrees_on_key(&account.keys.own_digest()).await {
                shift.stopper.stop();
                return account.assert_key().await;
            }
        }
        shift.pause_ms(SAY_EVERY_MS).await;
    }
    let forgotten = async {
        if let Err(failure) = ledger.forget_daemon(&id).await {
            failed(&shift.metrics, "census", &failure);
        }
    };
    shift.with_grace(GRACE_MS, forgotten).await;
    Ok(())
}

async fn say(shift: &Shift, ledger: &dyn Ledger, id: &str) -> Result<(), Failure> {
    ledger.note_daemon(id, env!("CARGO_PKG_VERSION")).await?;
    let count = ledger.daemons().await?.len();
    shift.metrics.daemons.set(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}
