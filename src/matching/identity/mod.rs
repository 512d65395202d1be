//! What an identity looks like in text: its spellings, where it ends, and how to come across it
//! fast.

pub mod addresses;
pub mod domains;
pub mod users;
pub mod scripts;
pub mod boundaries;
pub mod patterns;
pub mod names;
pub mod rare;
pub mod candidates;
pub mod weakness;
