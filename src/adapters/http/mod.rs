//! The door for operators: health, metrics and one page. Reads only, and shows nobody's identity.

pub mod server;
mod health;
pub mod page;
