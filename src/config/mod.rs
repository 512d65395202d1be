//! What the operator wrote (`file`) is not what the daemon runs with (`settings`): the second is
//! built from the first once, checked, with secrets resolved and units turned into types.

pub mod file;
pub mod reading;
pub mod secret;
pub mod settings;
pub mod ours;
pub mod faults;
pub mod policy;
pub mod azure;
pub mod archives;
pub mod watching;
pub mod build;
pub mod masked;
