//! Pure bytes in, pure facts out: what a stored thing says of whom, in every reading it admits.
//!
//! `views` turn bytes into texts, `patterns` turn identities into what is looked for, `matcher`
//! looks for all of it in one text, `boundaries` says where an identity ends, and `scan` joins
//! them.

pub mod limits;
pub mod views;
pub mod addresses;
pub mod boundaries;
pub mod patterns;
pub mod candidates;
pub mod matcher;
pub mod hints;
pub mod scan;
pub mod people;
pub mod terms;
