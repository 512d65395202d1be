//! Announces each due date that comes near or passes: to the exchange and to whoever asked.
//!
//! Nothing happened to the request, so its account has no record of it. Every daemon announces it,
//! and again after its start: what is said, and the id, are the same each time, and consumers
//! deduplicate by the id. What the broker does not take is tried again at the next census.

use std::collections::VecDeque;

use crate::domain::failure::Failure;
use crate::ports::messages::announcer::{Announced, Announcer};
use crate::stages::account::records::Account;
use crate::worker::watch::dues::{News, SOON, Urgency};

/// What is to be announced, in the order in which it came up.
#[derive(Default)]
pub struct Notices(VecDeque<News>);

impl Notices {
    /// Takes what is new.
    pub fn add(&mut self, news: &[News]) {
        self.0.extend(news.iter().cloned());
    }

    /// Announces all of it, up to the first that the broker does not take; gives how many it took
    /// for somebody.
    ///
    /// # Errors
    /// The broker's, or the ledger's.
    pub async fn send(
        &mut self,
        account: &Account,
        announcer: &dyn Announcer,
    ) -> Result<usize, Failure> {
        let mut sent = 0;
        while let Some(News { id, due, urgency }) = self.0.front() {
            let standing = account.ledger.standing(id).await?;
            let still = standing.filter(|now| now.due == Some(*due) && !now.state.rests());
            if let Some(standing) = still {
                let passed = *urgency == Urgency::Late;
                let from = if passed { *due } else { *due - SOON };
                let at = standing.submitted.map_or(from, |submitted| submitted.max(from));
                let notice = account.notice(&standing, *due, passed, at);
                // One that nobody listens for is not kept: it would be out of date.
                let announced = announcer.announce(&notice).await?;
                sent += usize::from(announced == Announced::Confirmed);
            }
            self.0.pop_front();
        }
        Ok(sent)
    }
}
