//! What we talk about: no I/O, no async, no clock, no log line.
//!
//! Everything here could be tested with a table of values. The story, in reading order: a *request*
//! speaks of a *subject*; the sources hold *items*; *policy* turns findings into a *plan*; acting
//! on it gives *outcomes*; the *state* moves by ledgered events, and some of them are announced.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod asked;
pub mod request;
pub mod layout;
pub mod homes;
pub mod coverage;
pub mod item;
pub mod explained;
pub mod policy;
pub mod plan;
pub mod dependents;
pub mod outcome;
pub mod failure;
pub mod inventory;
pub mod state;
pub mod event;
pub mod callbacks;
pub mod regulation;
pub mod tables;
