//! Persons named in items besides the subject: who is named by what, which names are of one person,
//! and what of an archive is masked for it.

pub mod ranges;
pub mod named;
pub mod census;
pub mod crowd;
pub mod mask;
