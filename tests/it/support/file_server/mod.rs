//! A file service of the tests' own, in this process: shares with directories and files, their
//! snapshots, soft-deleted shares, leases, open handles and delete-pending files, as Azure Files
//! has them. There is no emulator of it.
//!
//! A request comes in over `wire` of the blob server, is named in `operation`, may be refused in
//! `entry`, meets its fault, and is turned in `service` into a call on the `account`. What it
//! answers is held against Microsoft's `OpenAPI` by `tests/it/file_server.rs`, and by Microsoft's
//! own client.

pub mod server; // what tests call
pub mod tree; // directories and files of one share
pub mod account; // shares, snapshots of them, the clock
pub mod operation; // what a request asks for
pub mod entry; // who is let in
pub mod listing; // the XML of listings
pub mod writing; // requests that change something
pub mod service; // requests in, answers out
