//! Azure Monitor: Log Analytics, Application Insights and diagnostic settings, as the control plane
//! and the query service show them.
//!
//! The purge, the refusals of a query on a Basic table and whatever else nobody recorded is a
//! switch (`store::Switches`), or says so where it stands.

pub mod spot; // what a path names
pub mod store; // workspaces, components, settings, purges, and switches
pub mod tables; // tables, rows, and the columns that are known
pub mod people; // what is there at the start
pub mod service; // verbs of the control plane
pub mod purge; // what is asked to be purged, and when it goes
pub mod query; // the query service
pub mod kusto; // its language
