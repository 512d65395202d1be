//! Persons named in items besides the subject.
//!
//! Who is named by what, which names are of one person, and what of an archive is masked for it;
//! and, more generously, whether an item may name anybody else at all, before it is deleted.

pub mod ranges;
pub mod named;
pub mod census;
pub mod crowd;
pub mod mask;
pub mod doubts;
pub mod beside;
pub mod others;
