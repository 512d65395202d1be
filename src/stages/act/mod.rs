//! Plans are carried out: `erase` acts on the items one by one, and `follow` looks after what
//! services finish by themselves.

pub mod erase;
pub mod follow;
