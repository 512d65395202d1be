//! Messages at fault, each with the exact list of its faults, and good ones to stand between them.

pub mod row;
pub mod texts;
pub mod fields;
pub mod callbacks;
pub mod identities;
pub mod decisions;
pub mod resources;
pub mod properties;
pub mod good;
