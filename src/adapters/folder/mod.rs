//! The embedded default: everything in folders of this machine, nothing to install.

pub mod durable;
pub mod exports;
pub mod path;
pub mod queue;
pub mod incoming;
pub mod draft;
pub mod source;
pub mod walk;
pub mod layout;
