//! How many requests one container is asked at the same time.
//!
//! More help until the account or the line is busy; from then on they only wait, or are refused.
//! So the number grows while the rate of answers grows with it, and is halved when the service says
//! that it is too busy. How long to wait then, it says itself, and the pipeline's retries obey.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use tokio::sync::Semaphore;

/// Requests at the same time to begin with.
const LIMIT_AT_FIRST: u32 = 8;
/// The most; beyond it a connection pool of one process gains nothing.
const LIMIT_MAX: u32 = 256;
/// Answers by which a rate is measured, for each request at the same time.
const ANSWERS_PER_REQUEST: u32 = 4;
/// By how much the rate must grow for a larger number to stay.
const GAIN_MIN: f64 = 1.05;
/// Measurements for which a number stays after a larger one did not help.
const ROUNDS_HELD: u32 = 20;

/// The number, and what it is decided by.
#[derive(Debug)]
struct Pace {
    limit: u32,
    /// The number before the last growth, and the rate it had.
    before: Option<(u32, f64)>,
    /// When this measurement began.
    since: Duration,
    answers: u32,
    /// Measurements to come before the next growth.
    held: u32,
    /// Answers to come of requests that were sent before the last halving.
    stale: u32,
}

impl Pace {
    fn new(now: Duration) -> Self {
        let limit = LIMIT_AT_FIRST;
        Self { limit, before: None, since: now, answers: 0, held: 0, stale: 0 }
    }

    /// Takes an answer into account.
    fn answered(&mut self, now: Duration, is_too_busy: bool) {
        if is_too_busy {
            // The refusals of one burst count once.
            if self.stale == 0 {
                self.stale = self.limit;
                self.limit = (self.limit / 2).max(1);
                self.before = None;
                self.held = ROUNDS_HELD;
                self.begin(now);
            } else {
                self.stale -= 1;
            }
            return;
        }
        self.stale = self.stale.saturating_sub(1);
        self.answers += 1;
        if self.answers >= self.limit * ANSWERS_PER_REQUEST {
            let time = now.saturating_sub(self.since).as_secs_f64().max(1e-6);
            self.judge(f64::from(self.answers) / time);
            self.begin(now);
        }
    }

    /// Grows, or goes back to what was as fast.
    fn judge(&mut self, rate: f64) {
        if let Some((limit, before)) = self.before.take()
            && rate < before * GAIN_MIN
        {
            self.limit = limit;
            self.held = ROUNDS_HELD;
        } else if self.held > 0 {
            self.held -= 1;
        } else {
            self.before = Some((self.limit, rate));
            self.limit = (self.limit + self.limit.div_ceil(2)).min(LIMIT_MAX);
        }
    }

    fn begin(&mut self, now: Duration) {
        self.since = now;
        self.answers = 0;
    }
}

/// A policy that lets no more requests through than the pace allows, each try by itself.
pub struct Paced {
    begun: Instant,
    permits: Semaphore,
    pace: Mutex<(Pace, Debt)>,
}

/// Permits that are out and are not given back when they return.
type Debt = usize;

impl Default for Paced {
    fn default() -> Self {
        let pace = Pace::new(Duration::ZERO);
        let permits = Semaphore::new(pace.limit as usize);
        Self { begun: Instant::now(), permits, pace: Mutex::new((pace, 0)) }
    }
}

impl Paced {
    /// Notes the answer, unless nobody waited for it, and gives back the permit it was asked under.
    fn done(&self, is_too_busy: Option<bool>) {
        let mut held = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let (pace, debt) = &mut *held;
        let before = pace.limit;
        if let Some(is_too_busy) = is_too_busy {
            pace.answered(self.begun.elapsed(), is_too_busy);
        }
        let mut given = 1 + pace.limit.saturating_sub(before) as usize;
        *debt += before.saturating_sub(pace.limit) as usize;
        let paid = given.min(*debt);
        *debt -= paid;
        given -= paid;
        drop(held);
        self.permits.add_permits(given);
    }
}

#[async_trait]
impl Policy for Paced {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let permit = self.permits.acquire().await.expect("the semaphore is never closed");
        permit.forget();
        // A call that is given up must give its permit back too.
        let mut turn = Turn { paced: self, is_too_busy: None };
        let sent = next[0].send(ctx, request, &next[1..]).await;
        turn.is_too_busy = Some(match &sent {
            Ok(answer) => matches!(u16::from(answer.status()), 429 | 500 | 503),
            // It broke, or nobody is there.
            Err(_) => true,
        });
        sent
    }
}

struct Turn<'a> {
    paced: &'a Paced,
    is_too_busy: Option<bool>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.paced.done(self.is_too_busy);
    }
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paced")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service that answers each of `n` requests at the same time in `time(n)` milliseconds.
    fn settle(pace: &mut Pace, answers: u32, time: impl Fn(u32) -> f64) -> Vec<u32> {
        let mut now = pace.since;
        let mut limits = vec![pace.limit];
        for _ in 0..answers {
            now += Duration::from_secs_f64(time(pace.limit) / f64::from(pace.limit) / 1000.0);
            pace.answered(now, false);
            limits.push(pace.limit);
        }
        limits
    }

    #[test]
    fn it_grows_while_it_helps() {
        let mut pace = Pace::new(Duration::ZERO);
        // Forty at a time take as long as one; more only wait for each other.
        let limits = settle(&mut pace, 20_000, |n| 10.0 * (f64::from(n) / 40.0).max(1.0));
        let (last, most) = (pace.limit, *limits.iter().max().unwrap());
        assert!((40..=64).contains(&last), "{last}");
        assert!(most <= 100, "{most}");
    }

    #[test]
    fn it_stays_small_where_nothing_helps_and_never_passes_its_bound() {
        let mut slow = Pace::new(Duration::ZERO);
        settle(&mut slow, 5_000, f64::from);
        assert!(slow.limit <= 12, "{}", slow.limit);
        let mut quick = Pace::new(Duration::ZERO);
        settle(&mut quick, 50_000, |_| 10.0);
        assert_eq!(quick.limit, LIMIT_MAX);
    }

    #[test]
    fn a_burst_of_refusals_halves_it_once() {
        let mut pace = Pace::new(Duration::ZERO);
        settle(&mut pace, 2_000, |_| 10.0);
        let before = pace.limit;
        for _ in 0..before {
            pace.answered(Duration::from_secs(100), true);
        }
        assert_eq!(pace.limit, before / 2);
        for _ in 0..10_000 {
            pace.answered(Duration::from_secs(100), true);
        }
        assert_eq!(pace.limit, 1, "and never below one");
    }

    #[tokio::test]
    async fn permits_follow_the_limit() {
        let paced = Paced::default();
        let mut out = 0;
        for turn in 0..5_000 {
            while let Ok(permit) = paced.permits.try_acquire() {
                permit.forget();
                out += 1;
            }
            let (limit, debt) = {
                let held = paced.pace.lock().unwrap();
                (held.0.limit as usize, held.1)
            };
            assert_eq!(out, limit + debt, "turn {turn}");
            paced.done((turn % 3 != 0).then_some(turn % 50 == 1));
            out -= 1;
        }
    }
}
