//! What the ledger refused last of work. To ask it whether it works may go well where work does
//! not: on a full disk what is small still fits.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long it counts: what goes on is refused again within that.
const LATELY: Duration = Duration::from_secs(30);

/// That, and when it was.
#[derive(Default)]
pub struct Troubles(Mutex<Option<(Instant, String)>>);

impl Troubles {
    /// Notes what was refused, and why.
    pub fn note(&self, why: String, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, why));
    }

    /// What was refused lately, if something was.
    pub fn lately(&self, now: Instant) -> Option<String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, why) = last.as_ref()?;
        (now.saturating_duration_since(*at) < LATELY).then(|| why.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_counts_for_a_while() {
        let (troubles, now) = (Troubles::default(), Instant::now());
        assert_eq!(troubles.lately(now), None);
        troubles.note("disk is full".to_owned(), now);
        assert_eq!(troubles.lately(now + LATELY / 2).as_deref(), Some("disk is full"));
        assert_eq!(troubles.lately(now + LATELY), None);
    }
}
