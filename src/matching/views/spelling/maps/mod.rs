//! Keys and fields in a binary, and the values that belong to them.

pub mod arrays;
pub mod blosc;
pub mod java;
pub mod pairs;
pub mod signs;
