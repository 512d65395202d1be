//! What the operator decided: which items are deleted, redacted or kept, what goes with a run,
//! which plans a person must see first, what nothing goes beyond, and how long what is left is
//! kept.

pub mod declared;
pub mod action;
pub mod pattern;
pub mod rules;
pub mod runs;
pub mod resources;
pub mod guard;
pub mod limits;
pub mod keeping;
pub mod mandate;
