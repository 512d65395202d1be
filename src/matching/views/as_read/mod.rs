//! What a reader takes a text for, where that is not what its characters say.

pub mod terminal;
pub mod spellings;
