//! When, and how many at once: the loops that run side by side, each resumable and bounded.
//!
//! A loop takes what the ledger says is next, runs one stage on it, and lets the ledger say what is
//! next again. Nothing that matters is kept in memory between two turns, so a kill costs a turn and
//! no more. Here, and nowhere below, outcomes become log lines,
//! numbers and spans.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod pace;
pub mod world;
pub mod settle;
pub mod report;
pub mod spans;
pub mod watch;
pub mod turns;
pub mod loops;
pub mod runner;
pub mod preview;
pub mod status;
pub mod register;
pub mod reach;
pub mod offline;
