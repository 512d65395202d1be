//! One pass over the sources.
//!
//! `pass` lists and looks, `content` reads and decodes on other threads, `budget` bounds what is
//! read at once. What is seen also goes into an `inventory`, and is asked for those in the
//! `graves`; whom documents name is `learned`.

pub mod look;
pub mod budget;
pub mod content;
pub mod inventory;
pub mod graves;
pub mod learned;
pub mod ask;
pub mod pass;
pub mod explain;
