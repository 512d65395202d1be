//! What workspaces depend on: storage accounts with what is in them, key vaults, registries, rules
//! of the smart detector, and locks. What stands by itself is kept by its id, whatever it is.
//!
//! Codes of refusals that nobody recorded say so where they stand.

pub mod spot; // what a path names
pub mod store; // what there is, and switches
pub mod service; // verbs
pub mod vaults; // those that were deleted, and their end
pub mod sample; // what the sample workspace depends on
