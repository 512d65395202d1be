//! Everything a person or another system could see, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, as it should")]

mod support; // what the tests start and share
mod ledger_contract; // the Ledger suite: SQLite, PostgreSQL
mod ledger_shredding; // what a database file still holds of a request that rests
