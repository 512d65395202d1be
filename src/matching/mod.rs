//! Pure bytes in, pure facts out: what a stored thing says of whom, in every reading it admits.
//!
//! `views` turn bytes into texts, `identity` says what is looked for and where it ends, `matcher`
//! looks for all of it in one text and `hints` where that is worth it, of bytes by what `bytes`
//! says of them; `scan` joins them. `people` and `terms` look through the same views for others and
//! for the catalogue; `keys` are words that say whose a value is.

pub mod limits;
pub mod encoding;
pub mod put;
pub mod work;
pub mod keys;
pub mod blocks;
pub mod views;
pub mod identity;
pub mod bytes;
pub mod matcher;
pub mod hints;
pub mod terms;
pub mod scan;
pub mod people;
pub mod tokens;
pub mod secrets;
pub mod redact;
pub mod explain;
