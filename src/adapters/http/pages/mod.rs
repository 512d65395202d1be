//! The pages for people, each a pure function of what the ledger says: ids of requests, words,
//! counts and times, and nothing of a subject.

pub mod frame;
pub mod overview;
pub mod list;
pub mod counter;
pub mod request;
