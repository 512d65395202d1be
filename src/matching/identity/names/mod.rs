//! A name of several words: in which orders and with what between them it is written, and whether
//! its words belong to one person.

pub mod met;
pub mod joints;
pub mod labels;
pub mod records;
pub mod fields;
pub mod orders;
pub mod neighbours;
pub mod cells;
pub mod slugs;
pub mod belonging;
