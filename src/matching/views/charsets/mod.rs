//! Charsets that nothing in a file tells apart, read where they spell letters that are sought.

pub mod pages;
pub mod legacy;
pub mod letters;
pub mod ebcdic;
