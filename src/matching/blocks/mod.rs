//! What bytes are of, 64 at a time: one bit for each.

pub mod masks;
pub mod bits;
pub mod signs;
