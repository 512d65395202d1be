//! Pure bytes in, pure facts out: what a stored thing says of whom, in every reading it admits.

pub mod matcher;
pub mod views;
