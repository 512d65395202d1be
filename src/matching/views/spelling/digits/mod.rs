//! Bytes that a text spells in digits: hexadecimal, base32, and base64 where it is short.

pub mod hex;
pub mod openings;
pub mod dump;
pub mod base32;
pub mod short;
pub mod armour;
pub mod base64_runs;
