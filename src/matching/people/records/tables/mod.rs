//! Rows, whose cells are of one person: as tables are written, and as statements insert them.

pub mod cells;
pub mod inserted;
