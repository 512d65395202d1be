//! Looks again, with fresh eyes: what was erased is gone in every form, and an archive reads back
//! whole.

pub mod erasure;
pub mod archive;
