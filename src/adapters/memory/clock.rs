//! A clock that stands still until it is moved.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::ports::system::Clock;

/// The clock. Whoever sleeps on it wakes when it has been moved far enough.
pub struct MemoryClock {
    now: watch::Sender<Timestamp>,
}

impl MemoryClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { now: watch::Sender::new(now) }
    }

    /// Sets the clock, forward or back. Back it wakes nobody.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }

    /// Moves the clock on.
    pub fn advance_ms(&self, millis: u64) {
        self.now.send_modify(|now| *now = later(*now, millis));
    }
}

#[async_trait]
impl Clock for MemoryClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_ms(&self, millis: u64) {
        let wake = later(self.now(), millis);
        let mut hand = self.now.subscribe();
        hand.wait_for(|now| *now >= wake).await.expect("the clock is borrowed for as long");
    }
}

/// Stands at the end of time rather than overflow.
fn later(now: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    now.checked_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_the_clock_is_moved() {
        let clock = MemoryClock::at(Timestamp::UNIX_EPOCH);
        let mut sleeper = std::pin::pin!(clock.sleep_ms(1_500));
        assert!(futures::poll!(&mut sleeper).is_pending());
        clock.advance_ms(1_000);
        assert!(futures::poll!(&mut sleeper).is_pending());
        clock.advance_ms(500);
        assert!(futures::poll!(&mut sleeper).is_ready());
        assert_eq!(clock.now().to_string(), "1970-01-01T00:00:01.5Z");
    }
}
