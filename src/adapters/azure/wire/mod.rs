//! The way to the service: exact URLs, authorised requests, answers that leak nothing.

pub mod address;
pub mod signing;
pub mod answer;
pub mod xml;
pub mod pace;
pub mod lost;
pub mod lately;
pub mod transport;
pub mod container;
pub mod link;
