//! What hangs on a workspace, and goes with it if that is asked.

pub mod dependent;
pub mod ours;
pub mod tree;
