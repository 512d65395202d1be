//! The certificate for people, in their language.

pub mod texts;
pub mod languages;
pub mod html;
