//! Plans are carried out, and what services finish by themselves is followed.
//!
//! `erase` takes the items in their `order` and `target` acts on one, which only one request has in
//! its `hands`; `purge` removes rows for many requests at once, by its `calls`; `follow` looks
//! after what was begun. `tenant_logs` asks for what stands in no source, before an archive is
//! written.

pub mod target;
pub mod order;
pub mod hands;
pub mod erase;
pub mod calls;
pub mod purge;
pub mod follow;
pub mod tenant_logs;
