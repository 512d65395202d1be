//! Files of programs for statistics: rows of fields of fixed width, with nothing between them.

pub mod stata;
pub mod older;
