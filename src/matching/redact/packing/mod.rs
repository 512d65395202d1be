//! What is packed, taken out, rewritten and packed again as it was.

pub mod zipped;
pub mod headers;
pub mod tarred;
pub mod streams;
pub mod runs;
pub mod words;
