//! The part of a message that says who the person is, and what of it must not be repeated.

pub mod identities;
pub mod unspoken;
