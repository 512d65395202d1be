//! The ledger's own clock: leases lapse by it, and what was put off comes back.
//!
//! Each daemon has a clock, and one of them may be wrong by weeks. Were its word taken, it would
//! hold work for weeks after its death, or take away what others are to keep. So a server's clock
//! decides for all of its daemons; a file has none, and its one daemon's does.
//!
//! Any clock can step back. Each end therefore stands beside the time at which it was set: an end
//! that was set in what is now the future is further off than it was ever meant to be, and void.

use std::sync::Arc;

use crate::adapters::sql::connecting::connect::Dialect;
use crate::ports::system::Clock;

/// By how much two clocks that are right may differ, as that of a server and its stand-in.
const SLACK_MS: i64 = 1_000;

/// No time is put further off than this, some ten thousand years.
const SPAN_MS_MAX: i64 = 1 << 48;

/// The clock.
pub struct LedgerClock {
    dialect: Dialect,
    /// Which counts instead of the server's.
    own: Option<Arc<dyn Clock>>,
}

impl LedgerClock {
    /// The server's where there is one, or else `own`.
    pub fn of_ledger(dialect: Dialect, own: Arc<dyn Clock>) -> Self {
        Self { dialect, own: (dialect == Dialect::Sqlite).then_some(own) }
    }

    /// `own` in any case, to move time by hand.
    pub fn by_hand(dialect: Dialect, own: Arc<dyn Clock>) -> Self {
        Self { dialect, own: Some(own) }
    }

    /// Now, in milliseconds since 1970, as a term in a statement. [`Self::value`] goes there.
    pub fn now(&self, place: usize) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("${place}"),
            Dialect::Postgres => format!(
                "COALESCE(${place}, \
                 CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT))"
            ),
        }
    }

    /// Whether the time in one column has come, where another says when it was set; as a term.
    pub fn is_past(&self, end: &str, set_at: &str, place: usize) -> String {
        let now = self.now(place);
        format!("({end} <= {now} OR {set_at} > {now} + {SLACK_MS})")
    }

    /// What is bound for the clock's place.
    pub fn value(&self) -> Option<i64> {
        self.own.as_ref().map(|clock| clock.now().as_millisecond())
    }
}

/// A span of time as it is bound.
pub fn span(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(SPAN_MS_MAX).min(SPAN_MS_MAX)
}
