//! Data Lake Storage: file systems of accounts with a hierarchical namespace, by the REST interface
//! of their `dfs` endpoint on the pipeline of [`crate::adapters::azure`].
//!
//! There is no SDK of it for Rust that is kept up: `azure_storage_datalake` ended at 0.21 with the
//! other unofficial crates.
//!
//! Such an account serves the same data by its `blob` endpoint too. That knows nothing of owners
//! and directories; asked there is what is known there alone: what is soft-deleted, and for how
//! long.
//!
//! **What is searched beside bytes and names**, and at which cost. A page of a listing has up to
//! 5,000 paths with their owners and groups, and says of which somebody has rights by name. The
//! properties that people write themselves, and media types, take a request a path, once as long as
//! a process remembers that there are none in this state of it. Who has rights by name takes a
//! request in each sweep, of paths that have such rights alone. Nobody is asked for more. Of the
//! root directory, which nobody can erase or list, nothing is searched.

pub mod file_system;
pub mod listing;
pub mod lister;
pub mod rights;
pub mod path;
pub mod lacks;
pub mod deleted;
pub mod drafted;
pub mod changing;
pub mod source;
pub mod file_systems;
