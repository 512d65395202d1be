//! How several daemons share one ledger: leases on what is worked on, sweeps cut into shards, and
//! an order among requests about the same person.

pub mod leases;
pub mod sweeps;
pub mod inventories;
pub mod people;
pub mod tombstones;
pub mod persons;
pub mod retention;
pub mod tasks;
pub mod obstacles;
