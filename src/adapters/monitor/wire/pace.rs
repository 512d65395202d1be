//! How fast the query service is asked: it takes so many queries at a time and in a while, of each
//! user in each workspace, and we leave some of both to others.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Queries at a time; the service takes five.
const AT_A_TIME: usize = 4;
/// Queries in a while; the service takes 200 in thirty seconds.
const IN_A_WHILE: usize = 160;
const WHILE: Duration = Duration::from_secs(30);

/// The pace of one source.
pub struct Pace {
    begun: Instant,
    places: Semaphore,
    sent: Mutex<Sent>,
    counts: bool,
}

/// When the last queries were sent, or are to be.
#[derive(Default)]
struct Sent(VecDeque<Duration>);

impl Pace {
    /// That of a service that counts, or of one on this machine, which does not.
    pub fn new(counts: bool) -> Self {
        let (begun, places) = (Instant::now(), Semaphore::new(AT_A_TIME));
        Self { begun, places, sent: Mutex::default(), counts }
    }

    /// Waits until one more query may be sent; it is at it for as long as what is given is held.
    pub async fn turn(&self) -> SemaphorePermit<'_> {
        let place = self.places.acquire().await.expect("nobody closes it");
        if !self.counts {
            return place;
        }
        let at = {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.next(self.begun.elapsed())
        };
        tokio::time::sleep(at.saturating_sub(self.begun.elapsed())).await;
        place
    }
}

impl Sent {
    /// When the next one is sent, if it is asked for now.
    fn next(&mut self, now: Duration) -> Duration {
        let mut at = now;
        if self.0.len() >= IN_A_WHILE
            && let Some(first) = self.0.pop_front()
        {
            at = at.max(first + WHILE);
        }
        self.0.push_back(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_sent_in_any_while_than_are_taken() {
        let (mut sent, mut now, mut times) = (Sent::default(), Duration::ZERO, Vec::new());
        for _ in 0..500 {
            now = sent.next(now);
            times.push(now);
        }
        let too_many = times.windows(200).any(|span| span[199] - span[0] < WHILE);
        assert!(!too_many && times[159].is_zero() && times[499] < Duration::from_secs(120));
    }
}
