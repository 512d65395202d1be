//! Names that are of one person: by what they share, by their words, by where they stand.

pub mod words;
pub mod own;
pub mod links;
