//! Tables that are written as text: heads of columns, and cells after the head of theirs.

pub mod heads;
pub mod sheets;
pub mod tables;
