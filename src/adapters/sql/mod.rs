//! The ledger over `sqlx`: one set of SQL for SQLite, the embedded default of one daemon, and
//! PostgreSQL, which any number of daemons share.
//!
//! The statements run on sqlx's `Any` driver with the types both have: text, 64-bit integers,
//! bytes. Times are milliseconds since 1970, events JSON as text, flags 0 and 1. What the two
//! cannot share (how a write begins, how a table refuses changes) stands in `connecting` and in
//! `migrations/`.

pub mod refusal;
pub mod connecting;
pub mod migrate;
pub mod clock;
pub mod plain;
pub mod rows;
pub mod statement;
pub mod key;
pub mod store;
pub mod telling;
pub mod sharing;
pub mod kept;
pub mod account;
pub mod ledger;
