//! What comes in and what goes out: requests from a queue, events to it, and to whom a producer
//! names.

pub mod inbox;
pub mod announcer;
pub mod callbacks;
pub mod decisions;
