//! Archives of 7-Zip (`7zFormat.txt` of its sources).

pub mod header;
pub mod folders;
pub mod members;
