//! What the ledger refused last of work. To ask it whether it works may go well where work does
//! not: on a full disk what is small still fits.
//!
//! Once is no trouble: another daemon took a work over, or a transaction was in another's way.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long it counts: what goes on is refused again within that.
const LATELY: Duration = Duration::from_secs(30);

/// The last that was refused, and when it and the one before it were.
#[derive(Default)]
pub struct Troubles(Mutex<Option<(Option<Instant>, Instant, String)>>);

impl Troubles {
    /// Notes what was refused, and why.
    pub fn note(&self, why: String, now: Instant) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.take().map(|(_, at, _)| at);
        *last = Some((before, now, why));
    }

    /// What was refused lately, if something was more than once.
    pub fn lately(&self, now: Instant) -> Option<String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, _, why) = last.as_ref()?;
        let is_lately = |at: Instant| now.saturating_duration_since(at) < LATELY;
        before.is_some_and(is_lately).then(|| why.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_twice_counts_for_a_while() {
        let (troubles, now) = (Troubles::default(), Instant::now());
        assert_eq!(troubles.lately(now), None);
        troubles.note("taken over".to_owned(), now);
        assert_eq!(troubles.lately(now), None);
        troubles.note("disk is full".to_owned(), now + LATELY / 4);
        assert_eq!(troubles.lately(now + LATELY / 2).as_deref(), Some("disk is full"));
        assert_eq!(troubles.lately(now + LATELY), None);
    }
}
