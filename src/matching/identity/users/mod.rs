//! Whether an alias stands for a user, by what stands around it.

pub mod lines;
pub mod hosts;
pub mod commands;
pub mod listings;
pub mod phrases;
pub mod recorded;
pub mod sections;
pub mod aliases;
