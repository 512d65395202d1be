//! What is entered with an identity of Entra: workspaces, and telemetry.

pub mod workspaces;
pub mod telemetry;
pub mod graph;
