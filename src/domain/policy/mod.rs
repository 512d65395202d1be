//! What the operator decided about erasure: which items are deleted, redacted or kept, what goes
//! with a run, and which plans a person must see first.

pub mod declared;
pub mod action;
pub mod pattern;
pub mod rules;
pub mod runs;
pub mod guard;
