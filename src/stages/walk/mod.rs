//! One pass over the sources.
//!
//! The `listing` shows what there is and what the `catalogue` knows of it, `pass` looks at it,
//! `content` reads and decodes on other threads, `bounds` keep to what may be read at once and in a
//! second. What is seen also goes into an `inventory`, and is asked for those in the `graves`; whom
//! documents name is `learned`; a `meter` counts. `ahead` walks for nobody.

pub mod catalogue;
pub mod look;
pub mod bounds;
pub mod content;
pub mod inventory;
pub mod graves;
pub mod learned;
pub mod ask;
pub mod listing;
pub mod meter;
pub mod pass;
pub mod ahead;
