//! Properties of the code that a reader relies on.

mod source;
mod walls;
pub mod layers;
