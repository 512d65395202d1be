//! Where the bytes lie that documents speak of: in storage accounts, which other sources look into;
//! and what else a workspace knows of.

pub mod uris;
pub mod stores;
pub mod files;
pub mod known;
pub mod made;
