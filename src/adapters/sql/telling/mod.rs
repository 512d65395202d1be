//! What is to be told of requests, and to whom: events for the broker, letters for URLs.

pub mod outbox;
pub mod callbacks;
