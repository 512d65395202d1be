//! Telemetry as a source that is asked: Log Analytics workspaces and components of Application
//! Insights.
//!
//! A Log Analytics workspace is shared by many. What is found by way of a workspace is asked for
//! and purged within the rows of its own resources alone.
//!
//! Nothing of what the services say leaves this folder but values of rows, names of tables and
//! columns, and checked error codes.

pub mod wire;
pub mod tables;
pub mod query;
pub mod stores;
pub mod look;
pub mod purge;
pub mod rights;
pub mod places;
pub mod source;
