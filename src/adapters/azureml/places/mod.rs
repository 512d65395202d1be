//! Where the bytes lie that documents speak of: in storage accounts, which other sources look into.

pub mod uris;
pub mod stores;
pub mod files;
