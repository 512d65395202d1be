//! A Data Lake service of the tests' own, in this process: file systems with real directories,
//! owners and rights, leases, soft-deleted paths, and the same data as blobs, as accounts with a
//! hierarchical namespace have it. There is no emulator of it.
//!
//! A request comes in over `wire` of the blob server and the loop of `serving`, is named in
//! `operation`, and is turned in `service` into a call on the `account`. What it answers is held
//! against Microsoft's `OpenAPI` by `tests/it/lake_server.rs`, and by Microsoft's own client, which
//! asks some things of the `blob` endpoint beside: `as_blobs`.
//!
//! What is not published is a choice: rights that change leave the `ETag` as it is, a rename takes
//! it along (Hadoop's ABFS driver relies on that), and a directory keeps its own whatever becomes of
//! what is in it.

pub mod server; // what tests call
pub mod node; // a file or a directory
pub mod account; // file systems, what was deleted, the clock
pub mod operation; // what a request asks for
pub mod listing; // the JSON of paths, the XML of deleted ones
pub mod writing; // requests that change something
pub mod as_blobs; // the same data by the other endpoint
pub mod service; // requests in, answers out
