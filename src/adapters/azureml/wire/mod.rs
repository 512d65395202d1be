//! Speaking to the services: the way in, what they answer and list, and work that they finish by
//! themselves.

pub mod hosts;
pub mod discovery;
pub mod answer;
pub mod rates;
pub mod line;
pub mod entry;
pub mod lists;
pub mod looks;
pub mod operations;
