//! What a walk keeps to: bytes at the same time, and bytes in a second.

pub mod budget;
pub mod rate;
