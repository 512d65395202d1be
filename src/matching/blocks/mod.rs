//! What bytes are and hold, told many at a time.

pub mod masks;
pub mod bits;
pub mod signs;
pub mod few;
pub mod many;
