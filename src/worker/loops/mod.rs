//! The loops that run side by side, each resumable and bounded.

pub mod intake;
pub mod sweep;
pub mod conclude;
pub mod act;
pub mod follow;
pub mod announce;
pub mod callback;
pub mod expire;
pub mod forget;
pub mod things;
