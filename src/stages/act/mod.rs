//! Plans are carried out: `erase` takes the items in their `order`, `target` acts on one, `purge`
//! removes rows for many requests at once by its `calls`, and `follow` looks after what services
//! finish by themselves. What stands in no source is asked for before an archive is written:
//! `tenant_logs`.

pub mod target;
pub mod order;
pub mod erase;
pub mod calls;
pub mod purge;
pub mod follow;
pub mod tenant_logs;
