//! What is kept for a while and then removed.
//!
//! Of a request that came to rest its archive and which items it left; of one that waits the
//! tickets of services and the purges that it shares with others; of items what sweeps learned of
//! them.

pub mod daemons;
pub mod archives;
pub mod catalogue;
pub mod follow_ups;
pub mod tickets;
pub mod budgets;
pub mod purges;
pub mod sealings;
