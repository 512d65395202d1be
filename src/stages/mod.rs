//! The life of a request, one verb a file: intake, find, plan, export, erase, verify, announce.
//!
//! `message` and `identities` are the JSON contract, `docket` is the ledger as the stages use it
//! (sealed, chained, announced), `walk` is one pass over the sources, and `readback` is verify for
//! archives.

pub mod message;
pub mod identities;
pub mod announce;
pub mod docket;
pub mod intake;
pub mod walk;
pub mod plan;
pub mod find;
pub mod erase;
pub mod export;
pub mod verify;
pub mod readback;
