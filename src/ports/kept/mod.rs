//! What the ledger keeps for a while beside the account, a port a need.

pub mod inventories;
pub mod daemons;
pub mod archives;
pub mod retention;
pub mod tickets;
pub mod budgets;
pub mod purges;
pub mod tombstones;
pub mod people;
pub mod catalogue;
