//! Avro object container files (specification 1.11): strings, bytes, enums and map keys.
//!
//! A file says in its head how its records are made up; blocks of records follow, each packed by
//! itself.

pub mod container;
pub mod records;
pub mod reading;
