//! What a request can be about: a person, or a thing. Neither can be printed by accident.

pub mod subject;
pub mod thing;
