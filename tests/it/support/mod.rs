//! What the tests start and share.

pub mod azurite;
pub mod wire;
pub mod worlds;
