//! Open connections to a ledger, and whoever reads by them.

pub mod readers;
pub mod connect;
