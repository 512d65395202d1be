//! What is entered with an identity of Entra, as a rule: storage, workspaces, and telemetry.

pub mod workspaces;
pub mod storage;
pub mod twice;
pub mod telemetry;
pub mod graph;
pub mod people;
