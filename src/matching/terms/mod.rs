//! What the catalogue keeps of an item, so that a later sweep reads only what may speak of a
//! subject: `words` of texts, `collect`ed while somebody looks through an item, in a `filter`.

pub mod words;
pub mod filter;
pub mod collect;
