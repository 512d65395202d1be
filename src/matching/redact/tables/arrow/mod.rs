//! Files and streams of Arrow rewritten: buffers of columns with text, and notes. All other buffers
//! are copied as they are packed, and messages stay as they are but for where those lie.

pub mod notes;
pub mod edits;
pub mod batches;
pub mod messages;
