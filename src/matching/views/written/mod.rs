//! Tables that are written as text: heads of columns, and cells after the head of theirs.

pub mod frames;
pub mod heads;
pub mod marked;
pub mod sheets;
pub mod tables;
