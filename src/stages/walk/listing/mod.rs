//! What a walk meets, in the order of the source.
//!
//! `ranges` list a source at several places at once, between the `landmarks` that an earlier walk
//! left; `met` is what comes of it, with what is known of each item.

pub mod landmarks;
pub mod ranges;
pub mod met;
