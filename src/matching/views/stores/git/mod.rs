//! Packs of git, where a version may be told by how it differs from another one
//! (`gitformat-pack`).

pub mod deltas;
pub mod packs;
