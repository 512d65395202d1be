//! Languages that a document may be written in, and what of it may be written anew how.
//!
//! A document that is short enough to be taken in whole is cut into tokens; a language tells where
//! a bare `[erased]` would be a list, a name or a fault, and how it is written there instead. What
//! is in no known language is text.

pub mod tokens;
pub mod languages;
pub mod nested;
pub mod document;
pub mod office;
pub mod lengths;
