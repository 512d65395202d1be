//! Plans are carried out.
//!
//! `erase` takes the items in their `order`, `target` acts on one, `purge` removes rows for many
//! requests at once by its `calls`, and `follow` looks after what services finish by themselves.

pub mod target;
pub mod order;
pub mod erase;
pub mod calls;
pub mod purge;
pub mod follow;
