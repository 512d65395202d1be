//! What the ledger says: of one request, of many, of a period, of what sweeps learned.

pub mod days;
pub mod status;
pub mod register;
pub mod catalogue;
pub mod keys;
