//! The life of a request, one verb a file: intake, find, plan, export, erase, verify, announce.
//!
//! `message` is the JSON contract, `account` is the ledger as the stages use it (sealed, chained,
//! announced), `signing` is the deployment's own key, `walk` is one pass over the sources, `homes`
//! is what goes along with what was found, `rewrite` is what is done to an item that may stay or
//! leave without somebody, `coverage` is where it was looked, `spare` is what names others after
//! all, `follow_up` is what stays known of the items that a request left, `explain` is what is said
//! of one file alone.

pub mod message;
pub mod account;
pub mod signing;
pub mod walk;
pub mod intake;
pub mod coverage;
pub mod plan;
pub mod homes;
pub mod spare;
pub mod find;
pub mod rewrite;
pub mod export;
pub mod act;
pub mod verify;
pub mod announce;
pub mod follow_up;
pub mod callback;
pub mod explain;
