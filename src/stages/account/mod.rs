//! The ledger as the stages use it: requests come in sealed, records are chained, and every record
//! is announced in the transaction that writes it.

pub mod keys;
pub mod case;
pub mod records;
pub mod form;
pub mod sealed;
pub mod openings;
pub mod history;
pub mod entries;
pub mod people;
