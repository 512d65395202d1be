//! Every bound that the operator may set, by name: `[limits]`, as it is written and as it is used.
//!
//! Flat, without `#[serde(flatten)]`: numbers from the environment come as text, and are read as
//! numbers only where serde knows what it reads.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What nothing goes beyond. `config/default.toml` has the numbers, `config/reference.toml` the
/// reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Limits {
    /// Longest message taken from the queue, in bytes.
    pub message_bytes_max: usize,
    /// Identities in one request.
    pub identities_max: usize,
    /// Shortest identity taken, in characters.
    pub identity_chars_min: usize,
    /// Requests that share one sweep.
    pub sweep_requests_max: u32,
    /// Parts that each source is cut into, for as many daemons to walk side by side.
    pub source_parts: u64,
    /// Items read at the same time.
    pub read_concurrency_max: usize,
    /// Bytes of the items that are read at the same time, an item counting as 8 MiB at most.
    pub read_bytes_max: u64,
    /// Requests acted on at the same time; of exports one.
    pub act_requests_max: usize,
    /// Items acted on at the same time.
    pub act_concurrency_max: usize,
    /// Hits kept for one subject in one item.
    pub hits_per_item_max: usize,
    /// How deep containers are opened.
    pub depth_max: usize,
    /// Bytes that one item may decode to.
    pub decoded_bytes_max: u64,
    /// Decoded bytes per stored byte, checked once an item has decoded to more than a mebibyte.
    pub decoded_ratio_max: u64,
    /// Bytes looked at for each byte of an item, stored or decoded, over all its readings.
    pub work_ratio_max: u64,
    /// How long one item may be worked on, in milliseconds, apart from waiting for its bytes.
    pub item_time_ms_max: u64,
    /// How long a daemon may be silent before another takes its work over.
    pub lease_ms: u64,
    /// Rounds of act and verify before what still changes is reported as it is.
    pub verify_rounds_max: u32,
    /// First pause after a transient failure.
    pub retry_delay_ms_min: u64,
    /// Longest pause between tries.
    pub retry_delay_ms_max: u64,
    /// Tries of one step before the request fails.
    pub tries_max: u32,
    /// How long a request waits for a source that cannot be entered.
    pub source_patience_ms: u64,
    /// How long second looks wait for each other; 0 not at all.
    pub verify_gather_ms: u64,
    /// How long a purge gathers requests before it is begun.
    pub purge_gather_ms: u64,
    /// How many days a service may take for what it finishes by itself.
    pub service_days_max: u32,
    /// How long before its due time an erasure waits for a failed export of its person no longer.
    pub failed_export_margin_ms: u64,
}

impl Limits {
    /// What cannot be run with, one sentence each.
    pub fn faults(&self) -> Vec<String> {
        let positive = [
            ("message_bytes_max", self.message_bytes_max as u64),
            ("identities_max", self.identities_max as u64),
            ("sweep_requests_max", u64::from(self.sweep_requests_max)),
            ("read_concurrency_max", self.read_concurrency_max as u64),
            ("read_bytes_max", self.read_bytes_max),
            ("act_requests_max", self.act_requests_max as u64),
            ("act_concurrency_max", self.act_concurrency_max as u64),
            ("hits_per_item_max", self.hits_per_item_max as u64),
            ("decoded_bytes_max", self.decoded_bytes_max),
            ("decoded_ratio_max", self.decoded_ratio_max),
            ("item_time_ms_max", self.item_time_ms_max),
            ("tries_max", u64::from(self.tries_max)),
            ("service_days_max", u64::from(self.service_days_max)),
        ];
        let zeros = positive.into_iter().filter(|(_, value)| *value == 0);
        let mut faults: Vec<String> =
            zeros.map(|(key, _)| format!("limits.{key} must be at least 1")).collect();
        if !(1..=64).contains(&self.source_parts) {
            faults.push("limits.source_parts must be between 1 and 64".into());
        }
        // What is opened inside each other takes room on the stack of a thread.
        if self.depth_max > 32 {
            faults.push("limits.depth_max must be at most 32".into());
        }
        // Ordinary binaries take some hundreds.
        if self.work_ratio_max < 1_000 {
            faults.push("limits.work_ratio_max must be at least 1000".into());
        }
        if !(1_000..=86_400_000).contains(&self.lease_ms) {
            faults.push("limits.lease_ms must be between 1000 and 86400000".into());
        }
        faults
    }

    /// How long a service may take for what it finishes by itself.
    pub fn service_age_max(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.service_days_max))
    }

    /// Erasures that are due before this wait for failed exports no longer at `now`.
    pub fn pressed_before(&self, now: Timestamp) -> Timestamp {
        let margin = i64::try_from(self.failed_export_margin_ms).unwrap_or(i64::MAX);
        now.saturating_add(SignedDuration::from_millis(margin)).unwrap_or(Timestamp::MAX)
    }
}
