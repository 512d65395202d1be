//! An AMQP 0-9-1 broker as the door: requests from a quorum queue, events to a topic exchange.
//!
//! Requests and events travel on connections of their own, because a broker that is short of memory
//! or disk stops reading from every connection that publishes, and settling must go on meanwhile.

pub mod topology;
pub mod wire;
pub mod connection;
pub mod publisher;
pub mod unsettled;
pub mod dead_letters;
pub mod reading;
pub mod inbox;
pub mod announcer;
pub mod submit;
