//! Whose the folders of users are.

pub mod claim;
pub mod own;
