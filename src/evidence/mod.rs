//! What an auditor or a court relies on: an account that cannot be edited unseen, and identities
//! that are gone once their key is.
//!
//! Pure: keys, nonces and times come in as values.

pub mod chain;
pub mod seal;
pub mod signature;
