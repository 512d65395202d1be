//! The bounds of one scan.

/// How far one item is opened. A bomb ends at these, and is reported as unreadable.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep containers are opened.
    pub depth_max: usize,
    /// Bytes that one item may decode to.
    pub decoded_bytes_max: u64,
    /// Decoded bytes per stored byte, checked once an item has decoded to more than a mebibyte.
    pub decoded_ratio_max: u64,
    /// Hits kept for one subject in one item.
    pub hits_per_item_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: 8,
            decoded_bytes_max: 64 << 30,
            decoded_ratio_max: 1000,
            hits_per_item_max: 1000,
        }
    }
}
