//! A daemon with everything around it in memory but the ledger, on a clock that the test moves.

pub mod tripwire;
pub mod ports;
pub mod copies;
pub mod leaks;
pub mod scenario;
pub mod story;
