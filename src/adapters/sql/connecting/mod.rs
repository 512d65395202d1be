//! Open connections to a ledger, and whoever reads and writes by them.

pub mod hands;
pub mod writing;
pub mod connect;
