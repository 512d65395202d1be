//! Documents of the service as the bytes of items.

pub mod state;
pub mod document;
pub mod kept;
