//! Where something speaks of users: sentences, commands, listings, and lists of accounts.

pub mod logins;
pub mod accounts;
