//! File shares of Azure Files, by its REST interface on the pipeline of [`crate::adapters::azure`].
//! There is no SDK of it for Rust.
//!
//! The interface knows no conditions: neither `If-Match` on a read nor on a deletion. What stands
//! in their place, and what is left of a gap, is said in [`changing`].
//!
//! Of a file nobody searches the security descriptor; it is kept by a rewrite. Shares that are
//! mounted by NFS are asked in the same way, of which nothing was tried.

pub mod share;
pub mod listing;
pub mod lister;
pub mod walk;
pub mod file;
pub mod snapshots;
pub mod rights;
pub mod changing;
pub mod source;
pub mod shares;
