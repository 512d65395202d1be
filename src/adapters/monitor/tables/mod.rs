//! Tables, their columns, and what these are called as items.

pub mod table;
pub mod classic;
pub mod names;
