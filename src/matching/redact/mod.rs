//! Items rewritten without what should not be in them.
//!
//! Whoever redacts says what is to go by a [`Look`](crate::matching::views::tour::Look) that sees
//! it: `looks` has one for the subject of an erasure and one for the other people and the secrets
//! in an export. `rewriting` sends a stream through the readings that the same look sees in a scan
//! and replaces what spells it; everything else stays byte for byte. What cannot be rewritten in
//! its own format is refused as a whole, so that the caller can fall back.
//!
//! The caller looks at what came out with `rewriting::is_clean` before it is used: an occurrence
//! that only some rare reading shows is refused there.

pub mod refusal;
pub mod looks;
pub mod rewriting;
pub mod text;
pub mod edits;
pub mod syntax;
pub mod sheet;
pub mod wide;
pub mod arrays;
pub mod packing;
pub mod tables;

#[cfg(test)]
mod tests;
