//! `dsrd preview`: what would be done for a request, and how one file is read for it.

pub mod plan;
pub mod file;
