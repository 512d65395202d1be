//! Whether an alias stands for a user, by what stands around it.

pub mod aliases;
