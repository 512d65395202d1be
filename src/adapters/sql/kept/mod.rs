//! What is kept for a while after a request came to rest, and then removed: its archive, and which
//! items it left.

pub mod archives;
pub mod follow_ups;
