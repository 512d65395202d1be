//! Records: what stands together and so is of one person. An address in a row, an object, a
//! parenthesis or a line makes the names and ids beside it that person's.

pub mod values;
pub mod bounds;
pub mod elements;
pub mod fields;
pub mod near;
pub mod tables;
pub mod patterns;
pub mod users;
pub mod everyone;
pub mod remembered;
