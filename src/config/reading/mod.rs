//! From what the operator wrote, in several places, to one `file`.

pub mod twins;
pub mod unknown;
pub mod layers;
