//! The way to the service: exact URLs, authorised requests, answers that leak nothing.

pub mod address;
pub mod shared_key;
pub mod credential;
pub mod answer;
pub mod xml;
pub mod pace;
pub mod lost;
pub mod lately;
pub mod container;
pub mod link;
