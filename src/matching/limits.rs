//! The bounds of one scan.

use crate::domain::policy::limits::Limits;

/// How far one item is opened. A bomb ends at these, and is reported as unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemLimits {
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
    /// Hits kept for one subject in one item.
    pub hits_per_item_max: usize,
}

impl From<&Limits> for ItemLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            depth_max: limits.depth_max,
            decoded_bytes_max: limits.decoded_bytes_max,
            decoded_ratio_max: limits.decoded_ratio_max,
            work_ratio_max: limits.work_ratio_max,
            item_time_ms_max: limits.item_time_ms_max,
            hits_per_item_max: limits.hits_per_item_max,
        }
    }
}

/// Those of `config/default.toml`, for what is short or ours; a test keeps them equal.
impl Default for ItemLimits {
    fn default() -> Self {
        Self {
            depth_max: 6,
            decoded_bytes_max: 64 << 30,
            decoded_ratio_max: 1100,
            work_ratio_max: 2000,
            item_time_ms_max: 3_600_000,
            hits_per_item_max: 1000,
        }
    }
}

/// How many people are told apart.
#[derive(Clone, Copy, Debug)]
pub struct PeopleLimits {
    /// Identifiers of people in all items of a request. With more of them nothing is masked, and so
    /// nothing is shown.
    pub people_max: usize,
    /// Shortest name that is looked for wherever it may stand, in characters; shorter ones are
    /// masked where a document says that they are names.
    pub identity_chars_min: usize,
}

impl Default for PeopleLimits {
    fn default() -> Self {
        Self { people_max: 100_000, identity_chars_min: 4 }
    }
}
