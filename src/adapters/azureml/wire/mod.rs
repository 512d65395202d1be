//! Speaking to the service: the way in, what it answers, and work that it finishes by itself.

pub mod hosts;
pub mod discovery;
pub mod answer;
pub mod rates;
pub mod entry;
pub mod operations;
