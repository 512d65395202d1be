//! The services of an Azure Machine Learning workspace as a source: what Azure Resource Manager
//! and the workspace's own services keep of it.
//!
//! Each resource is an item, and its document is the item's bytes.
//!
//! Documents, ids and polling URLs speak of people, and the last let in whoever has them: of what
//! the service says nothing leaves this folder but documents as items, and checked error codes.

pub mod wire;
pub mod kinds;
pub mod names;
pub mod plane;
pub mod documents;
pub mod pages;
pub mod runs;
pub mod workspace;
pub mod dependents;
pub mod places;
pub mod users;
pub mod removal;
pub mod rights;
pub mod source;
pub mod things;
