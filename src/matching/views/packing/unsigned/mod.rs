//! What is packed and has no sign that says so.

pub mod streams;
pub mod blocks;
