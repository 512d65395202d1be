//! Where a producer wants to be told by HTTP what becomes of its request, and where we let
//! ourselves be sent: a URL in a message must not make the daemon a way into the network it runs
//! in.

pub mod url;
pub mod rule;
pub mod networks;
