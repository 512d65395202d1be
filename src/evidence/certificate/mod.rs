//! The certificate of an erasure: a document that says what was erased and what was not, signed by
//! the deployment, in which no person can be recognised.

pub mod canonical;
pub mod document;
pub mod hashes;
pub mod check;
pub mod page;
