//! One pass over the sources.
//!
//! `listing` shows what there is and what the `catalogue` knows of it, `pass` looks at it,
//! `content` reads and decodes on other threads, `budget` bounds what is read at once. What is seen
//! also goes into an `inventory`, and is asked for those in the `graves`; whom documents name is
//! `learned`.

pub mod catalogue;
pub mod look;
pub mod budget;
pub mod content;
pub mod inventory;
pub mod graves;
pub mod learned;
pub mod ask;
pub mod listing;
pub mod pass;
