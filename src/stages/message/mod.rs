//! The JSON contract of requests and control messages (DESIGN 4.1): bytes in, a message or every
//! fault of it out.

pub mod path;
pub mod fault;
pub mod signature;
pub mod fields;
pub mod person;
pub mod json;
pub mod recipients;
pub mod options;
pub mod callbacks;
pub mod read;
pub mod sameness;
