//! The laws that a request may invoke: `law` is the table of them, with the time that each gives;
//! `due` counts that time; `words` says how each is called, in a
//! file a language, of which `choice` chooses.

pub mod law;
pub mod due;
pub mod words;
mod english;
mod german;
mod french;
mod japanese;
pub mod choice;
