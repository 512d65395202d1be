//! The laws that a request may invoke: `due` counts the time that they give.

pub mod due;
