//! Plans are carried out: `erase` takes the items in their `order`, `target` acts on one, and
//! `follow` looks after what services finish by themselves.

pub mod target;
pub mod order;
pub mod erase;
pub mod follow;
