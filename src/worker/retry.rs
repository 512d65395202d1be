//! Retries of a stage by failure kind, with capped and jittered pauses.
//!
//! Adapters retry a single call on their own; a stage is tried again here. Nowhere else, so that
//! pauses do not multiply unseen.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::request::RequestId;
use crate::stages::walk::Patience;

/// How long to wait, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// First pause.
    pub delay_ms_min: u64,
    /// Longest pause.
    pub delay_ms_max: u64,
    /// Tries after which what still fails is reported instead of waited for.
    pub tries_max: u32,
}

/// Tries of one thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tries(u32);

/// Which requests are put aside until when. Lost with the process, which then tries at once.
#[derive(Debug, Default)]
pub struct Aside(HashMap<RequestId, (Tries, Timestamp)>);

impl Backoff {
    /// The pause before the next try: doubles, with up to a half taken off by `random`, so that
    /// many who failed together do not come back together.
    pub fn delay_ms(&self, tries: Tries, random: u64) -> u64 {
        let doubled = self.delay_ms_min.saturating_mul(1 << tries.0.min(20));
        let full = doubled.clamp(1, self.delay_ms_max.max(1));
        full - random % (full / 2 + 1)
    }

    /// Whether another try follows the one that these tries lead to.
    pub fn patience(&self, tries: Tries) -> Patience {
        if tries.0 + 1 >= self.tries_max { Patience::Spent } else { Patience::Left }
    }
}

impl Tries {
    /// One more.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Aside {
    /// Whether the request may be tried at `now`.
    pub fn admits(&self, id: &RequestId, now: Timestamp) -> bool {
        self.0.get(id).is_none_or(|(_, until)| *until <= now)
    }

    /// Tries that the request has had.
    pub fn tries(&self, id: &RequestId) -> Tries {
        self.0.get(id).map(|(tries, _)| *tries).unwrap_or_default()
    }

    /// Puts the request aside after a transient failure.
    pub fn put(&mut self, id: &RequestId, backoff: &Backoff, now: Timestamp, random: u64) {
        let tries = self.tries(id);
        let delay = backoff.delay_ms(tries, random);
        let until = now + SignedDuration::from_millis(i64::try_from(delay).unwrap_or(i64::MAX));
        self.0.insert(id.clone(), (tries.next(), until));
    }

    /// Forgets the request: it moved on.
    pub fn forget(&mut self, id: &RequestId) {
        self.0.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_capped() {
        let backoff = Backoff { delay_ms_min: 100, delay_ms_max: 1000, tries_max: 3 };
        let mut tries = Tries::default();
        let mut delays = Vec::new();
        for _ in 0..5 {
            delays.push((backoff.delay_ms(tries, 0), backoff.delay_ms(tries, u64::MAX - 1)));
            tries = tries.next();
        }
        assert_eq!(delays.iter().map(|d| d.0).collect::<Vec<_>>(), [100, 200, 400, 800, 1000]);
        assert!(
            delays.iter().all(|(full, least)| least <= full && *least >= full / 2),
            "{delays:?}"
        );
    }

    #[test]
    fn patience_ends_with_the_last_try() {
        let backoff = Backoff { delay_ms_min: 1, delay_ms_max: 1, tries_max: 2 };
        assert_eq!(backoff.patience(Tries(0)), Patience::Left);
        assert_eq!(backoff.patience(Tries(1)), Patience::Spent);
        assert_eq!(backoff.patience(Tries(u32::MAX - 1)), Patience::Spent);
    }
}
