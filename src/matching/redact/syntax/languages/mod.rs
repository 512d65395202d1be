//! Languages, a file each: the tokens of a text that is written in it.

pub mod lines;
pub mod yaml;
pub mod flow;
pub mod toml;
pub mod ini;
pub mod code;
pub mod signs;
