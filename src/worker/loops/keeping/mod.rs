//! Loops that take away what was kept long enough.

pub mod expire;
pub mod forget;
