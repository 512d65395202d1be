//! Strings in binaries: where they begin and end when nothing of a text tells.

pub mod frames;
pub mod runs;
pub mod widths;
pub mod fixed;
pub mod offsets;
pub mod tiles;
pub mod joined;
pub mod beside;
pub mod wide;
