//! Properties of the code that a reader relies on.

pub mod source;
mod walls;
pub mod layers;
