//! What is kept for a while and then removed: of a request that came to rest its archive and which
//! items it left, of one that waits the tickets of services and the purges
//! that it shares with others.

pub mod archives;
pub mod follow_ups;
pub mod tickets;
pub mod budgets;
pub mod purges;
