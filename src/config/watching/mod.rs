//! How the daemon is watched: the page, who may decide on it, and who is told traces and numbers.

pub mod http;
pub mod otlp;
