//! Where somebody's data may lie, and where it was looked for: no statement of ours is about more.

pub mod place;
pub mod covered;
pub mod words;
pub mod portal;
pub mod tenant_logs;
pub mod unanswered;
