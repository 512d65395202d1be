//! Findings and their bytes in, one deterministic zip out; and the same zip read back whole.
//!
//! Pure and synchronous: knows no storage, no clock and no log. Whoever writes an archive pulls
//! what is ready and uploads it, so that memory does not grow with the size of an item.

pub mod about;
pub mod names;
pub mod manifest;
mod packed;
mod entries;
mod tally;
mod runs;
mod tables;
mod report;
pub mod writer;
pub mod check;
