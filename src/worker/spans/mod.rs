//! Pieces of work become spans, here and nowhere else: each when it ended, in the trace of its
//! request or of its sweep. Nothing is told of an item.

pub mod requests;
pub mod sweeps;
