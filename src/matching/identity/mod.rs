//! What an identity looks like in text: its spellings, where it ends, and how to come across it
//! fast.

pub mod addresses;
pub mod domains;
pub mod aliases;
pub mod boundaries;
pub mod scripts;
pub mod neighbours;
pub mod patterns;
pub mod rare;
pub mod candidates;
pub mod weakness;
