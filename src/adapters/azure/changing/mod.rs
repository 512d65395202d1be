//! What changes blobs, and what the account keeps of them then.

pub mod retention;
pub mod eraser;
pub mod rewriter;
pub mod unwritten;
