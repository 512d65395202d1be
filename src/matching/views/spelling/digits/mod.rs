//! Bytes that a text spells in digits: numbers, hexadecimal, base32, and base64 where it is short.

pub mod hex;
pub mod guids;
pub mod openings;
pub mod dump;
pub mod numbers;
pub mod base32;
pub mod base85;
pub mod short;
pub mod armour;
pub mod base64_runs;
