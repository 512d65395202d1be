//! Names that are of one person: by what they share, by their words, by where they stand. And who
//! of those that the workspace knows is met.

pub mod words;
pub mod own;
pub mod links;
pub mod spelled;
pub mod glued;
pub mod known;
