//! Lengths that stand before strings, as digits or as characters.

pub mod headers;
pub mod counted;
