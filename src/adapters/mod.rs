//! The only files that touch the outside. Each folder is one neighbour, each file one port or a part
//! of one.

pub mod folder;
pub mod amqp;
