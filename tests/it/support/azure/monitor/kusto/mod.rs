//! As much of Kusto's query language as finding, reading and counting rows takes, told apart from
//! everything else as the service would: what is not here is a syntax error, what does not fit a
//! `SemanticError`. Nothing in here knows Azure.
//!
//! Literals are read by the documented grammar, so that a text which breaks out of its literal is
//! seen as what it then says. `tests/it/azure_simulator/kusto.rs` has Microsoft's own parser judge.

pub mod token; // words, literals, signs
pub mod syntax; // what can be said
pub mod parse; // signs to what is done with rows
pub mod scalars; // signs to values
pub mod value; // types and values
pub mod text; // how texts are compared
pub mod check; // whether it fits
pub mod scalar; // one value from one row
pub mod rows; // rows, and how they are put together
pub mod tabular; // rows from rows
pub mod fault; // why not
