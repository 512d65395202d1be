//! What the page says, a file a language.

pub mod english;
pub mod german;
pub mod french;
pub mod japanese;
pub mod choice;
