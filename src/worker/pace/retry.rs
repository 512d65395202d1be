//! Retries of a stage by failure kind, with capped and jittered pauses.
//!
//! Adapters retry a single call on their own; a stage is tried again here. Nowhere else, so that
//! pauses do not multiply unseen. Failures of a work are counted with its lease, in the ledger, and
//! so outlive the daemon; a daemon that dies is no failure of the work.

use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use crate::domain::failure::Failure;
use crate::domain::policy::limits::Limits;
use crate::ports::system::{Clock, Entropy};
use crate::stages::walk::pass::Patience;

/// How long to wait, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// First pause.
    pub delay_ms_min: u64,
    /// Longest pause.
    pub delay_ms_max: u64,
    /// Tries after which what still fails is reported instead of waited for.
    pub tries_max: u32,
    /// How long a source is waited for that cannot be entered.
    pub source_patience_ms: u64,
}

/// Tries of one thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tries(u32);

/// How long a start waits before it asks a ledger that is away again.
const LEDGER_PAUSE_MS: u64 = 2_000;

/// What the ledger answers at the start. One that is away is waited for, as a broker is; whoever
/// waits no longer drops this.
///
/// # Errors
/// What does not pass by itself.
pub async fn once_there<T>(
    clock: &dyn Clock,
    ask: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    loop {
        match ask().await {
            Err(failure) if failure.passes_by_itself() => {
                let error = failure.chain();
                warn!(error, "the ledger cannot be opened yet; will be tried again");
                clock.sleep_ms(LEDGER_PAUSE_MS).await;
            }
            answer => return answer,
        }
    }
}

/// A random number for jitter.
pub fn random(entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

impl From<&Limits> for Backoff {
    fn from(limits: &Limits) -> Self {
        Self {
            delay_ms_min: limits.retry_delay_ms_min,
            delay_ms_max: limits.retry_delay_ms_max,
            tries_max: limits.tries_max,
            source_patience_ms: limits.source_patience_ms,
        }
    }
}

impl Backoff {
    /// The pause before the next try: doubles, with up to a half taken off by `random`, so that
    /// many who failed together do not come back together.
    pub fn delay_ms(&self, tries: u32, random: u64) -> u64 {
        let doubled = self.delay_ms_min.saturating_mul(1 << tries.min(20));
        let full = doubled.clamp(1, self.delay_ms_max.max(1));
        full - random % (full / 2 + 1)
    }

    /// Whether another try follows the one at `now`, after so many that failed in a row. It does
    /// not where it would come after the due time: what still fails is reported while it is of
    /// use. A request that is late already has its tries nevertheless.
    pub fn patience(&self, tries: u32, now: Timestamp, due: Option<Timestamp>) -> Patience {
        let longest = SignedDuration::from_millis(i64::try_from(self.delay_ms_max).unwrap_or(0));
        let is_last_in_time = due.is_some_and(|due| now <= due && due < now + longest);
        if tries.saturating_add(1) >= self.tries_max || is_last_in_time {
            Patience::Spent
        } else {
            Patience::Left
        }
    }

    /// The pause before a source that cannot be entered is asked again: half as long as it was
    /// waited for already.
    pub fn source_delay_ms(&self, waited: SignedDuration, random: u64) -> u64 {
        let half = u64::try_from(waited.as_millis() / 2).unwrap_or(0);
        let full = half.max(self.delay_ms_min).clamp(1, self.delay_ms_max.max(1));
        full - random % (full / 2 + 1)
    }

    /// Whether a source that could not be entered since then is waited for beyond the pause after
    /// `now`. What was not late before does not become so by waiting.
    pub fn source_patience(
        &self,
        since: Timestamp,
        now: Timestamp,
        delay_ms: u64,
        due: Option<Timestamp>,
    ) -> Patience {
        let millis = |ms| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        let waited = now.duration_since(since);
        let next = now.saturating_add(millis(delay_ms)).unwrap_or(Timestamp::MAX);
        let is_last_in_time = due.is_some_and(|due| since <= due && due < next);
        if waited >= millis(self.source_patience_ms) || is_last_in_time {
            Patience::Spent
        } else {
            Patience::Left
        }
    }
}

impl Tries {
    /// How many.
    pub fn count(self) -> u32 {
        self.0
    }

    /// One more.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(delay_ms_min: u64, delay_ms_max: u64) -> Backoff {
        Backoff { delay_ms_min, delay_ms_max, tries_max: 3, source_patience_ms: 3_600_000 }
    }

    #[test]
    fn a_source_is_waited_for_an_hour_and_never_beyond_the_due_time() {
        let backoff = backoff(500, 60_000);
        let since: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |seconds| since + SignedDuration::from_secs(seconds);
        // Seconds waited, seconds to the due time from the start, the pause, and whether it waits.
        let table = [
            (0, None, 500, Patience::Left),
            (10, None, 5_000, Patience::Left),
            (3_599, None, 60_000, Patience::Left),
            (3_600, None, 60_000, Patience::Spent),
            (100, Some(200), 50_000, Patience::Left),
            (180, Some(200), 60_000, Patience::Spent),
            (300, Some(200), 60_000, Patience::Spent),
            // It was late already.
            (0, Some(-5), 500, Patience::Left),
            (3_600, Some(-5), 60_000, Patience::Spent),
        ];
        for (waited, due, delay_ms, patience) in table {
            let elapsed = SignedDuration::from_secs(waited);
            assert_eq!(backoff.source_delay_ms(elapsed, 0), delay_ms, "{waited} s");
            let due = due.map(at);
            let told = backoff.source_patience(since, at(waited), delay_ms, due);
            assert_eq!(told, patience, "waited {waited} s, due {due:?}");
        }
    }

    #[test]
    fn pauses_double_and_are_capped() {
        let backoff = backoff(100, 1000);
        let delays: Vec<_> = (0..5)
            .map(|tries| (backoff.delay_ms(tries, 0), backoff.delay_ms(tries, u64::MAX - 1)))
            .collect();
        assert_eq!(delays.iter().map(|d| d.0).collect::<Vec<_>>(), [100, 200, 400, 800, 1000]);
        assert!(
            delays.iter().all(|(full, least)| least <= full && *least >= full / 2),
            "{delays:?}"
        );
    }

    #[test]
    fn patience_ends_with_the_last_try_or_the_due_time() {
        let backoff = backoff(1, 60_000);
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |seconds| Some(now + SignedDuration::from_secs(seconds));
        let table = [
            (0, None, Patience::Left),
            (1, at(3600), Patience::Left),
            (2, at(3600), Patience::Spent),
            (u32::MAX, None, Patience::Spent),
            (0, at(61), Patience::Left),
            (0, at(30), Patience::Spent),
            (0, at(-1), Patience::Left),
            (2, at(-1), Patience::Spent),
        ];
        for (tries, due, patience) in table {
            assert_eq!(backoff.patience(tries, now, due), patience, "{tries} tries, due {due:?}");
        }
    }
}
