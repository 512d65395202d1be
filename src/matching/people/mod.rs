//! Persons named in items besides the subject: who is named by what, which names are of one person,
//! and what of an archive is masked for it.
//!
//! Before an item is deleted, `others` asks more generously whether it may name anybody else.

pub mod ranges;
pub mod named;
pub mod kin;
pub mod census;
pub mod who;
pub mod mask;
pub mod crowd;
pub mod doubts;
pub mod beside;
pub mod records;
pub mod others;
pub mod labels;
