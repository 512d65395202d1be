//! How long what a request leaves behind is kept: in the settings each stands with what it is of.

use jiff::{SignedDuration, Timestamp};

/// How long, each counted from its own beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Archives, once they were verified; 0 for good: `[exports] expire_after_ms`.
    pub archive_life_ms: u64,
    /// Marks by which erased people are recognised again; 0 not at all: `[erasure] tombstone_days`.
    pub tombstone_days: u16,
    /// Which items a request left; 0 not at all: `[erasure] follow_up_days`.
    pub follow_up_days: u16,
    /// The details of requests that rest; 0 for good: `[ledger] details_days`.
    pub details_days: u16,
    /// Callbacks, once they first failed: `[callbacks] give_up_after_ms`.
    pub callback_give_up_after_ms: u64,
}

impl Keeping {
    /// How long who is erased now is looked for again; `None` not at all.
    pub fn remembered_until(&self, now: Timestamp) -> Option<Timestamp> {
        after_days(self.tombstone_days, now)
    }

    /// How long it is known which items a request left that ends now; `None` not at all.
    pub fn left_until(&self, now: Timestamp) -> Option<Timestamp> {
        after_days(self.follow_up_days, now)
    }

    /// How long the details of requests that rest are kept, where they are not kept for good.
    pub fn details_kept_ms(&self) -> Option<u64> {
        (self.details_days > 0).then(|| u64::from(self.details_days) * 86_400_000)
    }

    /// How long archives are kept, where they are not kept for good.
    pub fn archive_life(&self) -> Option<SignedDuration> {
        let millis = i64::try_from(self.archive_life_ms).unwrap_or(i64::MAX);
        (millis > 0).then(|| SignedDuration::from_millis(millis))
    }
}

/// `None` where there are no days.
fn after_days(days: u16, now: Timestamp) -> Option<Timestamp> {
    let duration = SignedDuration::from_hours(24 * i64::from(days));
    // To the millisecond, as the ledger keeps it.
    let until = now.saturating_add(duration).unwrap_or(Timestamp::MAX).as_millisecond();
    (days > 0).then(|| Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX))
}
