//! What an auditor or a court relies on: an account that cannot be edited unseen, identities that
//! are gone once their key is, and signatures that say who vouches for what.
//!
//! Pure: keys, nonces and times come in as values, but for the keys of an encrypted archive, which
//! age draws itself.

pub mod chain;
pub mod seal;
pub mod encryption;
pub mod signature;
pub mod certificate;
