//! The only files that touch the outside.

pub mod sql;
