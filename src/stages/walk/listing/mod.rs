//! What a walk meets, page by page.
//!
//! `stretches` list a source at several places at once, between the `landmarks` that an earlier
//! walk left; `met` is what comes of it, with what is known of each item.

pub mod landmarks;
pub mod stretches;
pub mod met;
