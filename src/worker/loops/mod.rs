//! The loops that run side by side, each resumable and bounded.

pub mod intake;
pub mod sweeping;
pub mod sweep;
pub mod conclude;
pub mod act;
pub mod purge;
pub mod follow;
pub mod announce;
pub mod callback;
pub mod things;
pub mod learn;
pub mod keeping;
