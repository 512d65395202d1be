//! What the key of a value, the head of a column or the name of an element says of the value.

pub mod users;
pub mod lengths;
pub mod parts;
pub mod words;
pub mod people;
pub mod sorts;
pub mod lone;
