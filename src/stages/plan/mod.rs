//! What is seen becomes a plan: for each request, exactly one action per item.
//!
//! `finding` decides about what was found and `forms` about what goes along with it; both are pure.
//! `draft` is how a plan grows while a shard is walked. `runs` adds what goes with a run as a
//! whole, by what its `document` says, from its `haunts`; `holders` stay because of what is below
//! them, and `known` is what the plan says by then. `things` are looked up by name, and `holdings`
//! are what an export of one takes.

pub mod finding;
pub mod forms;
pub mod draft;
pub mod document;
pub mod known;
pub mod haunts;
pub mod holders;
pub mod runs;
pub mod things;
pub mod holdings;
