//! Raw bytes, asked before anything is decoded: where in them could a text stand that speaks of
//! somebody?

pub mod units;
pub mod spelled;
pub mod sift;
pub mod texts;
pub mod guids;
