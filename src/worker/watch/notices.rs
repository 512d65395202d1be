//! Announces each due date that comes near or passes: to the exchange and to whoever asked.
//!
//! Nothing happened to the request, so its account has no record of it. Every daemon announces it,
//! and again after its start: under the same id, by which consumers deduplicate, and saying the
//! same but for how far the account is. What the broker does not take is tried again.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::domain::failure::Failure;
use crate::ports::messages::announcer::{Announced, Announcer};
use crate::stages::account::records::Account;
use crate::stages::announce::Turn;
use crate::worker::pace::shift::Shift;
use crate::worker::report::{announced, failed};
use crate::worker::watch::dues::{News, SOON, Urgency};

/// How often it is looked what there is to be announced.
const SEND_EVERY_MS: u64 = 5_000;

/// How long a broker may take for one once we stop: the next start tells of it again.
const GRACE_MS: u64 = 2_000;

/// What is to be announced, in the order in which it came up.
#[derive(Default)]
pub struct Notices(Mutex<VecDeque<News>>);

impl Notices {
    /// Takes what is new.
    pub fn add(&self, news: &[News]) {
        self.0.lock().expect("nobody panics with the notices in hand").extend(news.iter().cloned());
    }

    fn first(&self) -> Option<News> {
        self.0.lock().expect("nobody panics with the notices in hand").front().cloned()
    }

    fn drop_first(&self) {
        self.0.lock().expect("nobody panics with the notices in hand").pop_front();
    }
}

/// Announces them until stopped. A broker that is away is waited for, here and by nobody else.
pub async fn run(shift: &Shift, account: &Account, announcer: &dyn Announcer, notices: &Notices) {
    while !shift.stopper.is_stopped() {
        match shift.with_grace(GRACE_MS, send(account, announcer, notices)).await {
            Some(Ok(confirmed)) => announced(&shift.metrics, Turn { confirmed, unroutable: 0 }),
            Some(Err(failure)) => failed(&shift.metrics, "census", &failure),
            None => return,
        }
        shift.pause_ms(SEND_EVERY_MS).await;
    }
}

/// Announces all, up to the first that the broker does not take; gives how many it took for
/// somebody.
async fn send(
    account: &Account,
    announcer: &dyn Announcer,
    notices: &Notices,
) -> Result<usize, Failure> {
    let mut sent = 0;
    while let Some(News { id, due, urgency }) = notices.first() {
        let standing = account.ledger.standing(&id).await?;
        let still = standing.filter(|now| now.due == Some(due) && !now.state.rests());
        if let Some(standing) = still {
            let passed = urgency == Urgency::Late;
            let from = if passed { due } else { due - SOON };
            let at = standing.submitted.map_or(from, |submitted| submitted.max(from));
            let notice = account.notice(&standing, due, passed, at);
            // One that nobody listens for is not kept: it would be out of date.
            let announced = announcer.announce(&notice).await?;
            sent += usize::from(announced == Announced::Confirmed);
        }
        notices.drop_first();
    }
    Ok(sent)
}
