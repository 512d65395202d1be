//! What the tests start and share.

pub mod rabbitmq;
pub mod worlds;
