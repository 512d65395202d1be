//! The embedded default: everything in local folders, nothing to install.

pub mod durable;
pub mod queue;
