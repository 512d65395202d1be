//! `dsrd` answers data-subject requests for Azure Machine Learning workspaces.
//!
//! Read the modules in this order; each may name only those above it that the table in
//! `tests/it/tidy/layers.rs` allows. `README.md` beside this file has the map: the walks of a
//! request, an item and a person through the files, the words, the ledger's tables.

pub mod domain;
pub mod matching;
pub mod archive;
pub mod evidence;
pub mod ports;
pub mod stages;
pub mod telemetry;
pub mod worker;
pub mod config;
pub mod adapters;
pub mod app;
pub mod cli;
