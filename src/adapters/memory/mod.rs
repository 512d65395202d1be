//! Ports in memory, for tests and dry runs. They keep the promises of `crate::ports` and nothing
//! else: what is in them is gone with the process.

pub mod announcer;
pub mod callbacks;
pub mod clock;
pub mod exports;
pub mod inbox;
pub mod sources;
