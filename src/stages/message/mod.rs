//! The JSON contract of requests and control messages (DESIGN 4.1): bytes in, a message or every
//! fault of it out.

pub mod path;
pub mod json;
pub mod unspoken;
pub mod signature;
pub mod fault;
pub mod fields;
pub mod identities;
pub mod options;
pub mod resource;
pub mod read;
pub mod sameness;
