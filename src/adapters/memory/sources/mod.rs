//! Sources in memory: a `store` that is walked, with what is on its `shelves`, which may be
//! `things` with their `relations`; `rows` that are asked for; and services that are `slow`.

pub mod slow;
pub mod shelves;
pub mod relations;
pub mod store;
pub mod rows;
pub mod things;
