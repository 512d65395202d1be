//! What the tests start and share.

pub mod azurite;
pub mod worlds;
