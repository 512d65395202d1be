//! The only files that touch the outside, each behind a port or a door.

pub mod http;
