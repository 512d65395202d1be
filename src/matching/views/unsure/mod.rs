//! Bytes that are no UTF-8, or not all of them: whole, and line by line in other charsets.

pub mod lines;
pub mod bytes;
