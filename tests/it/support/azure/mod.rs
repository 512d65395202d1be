//! Azure Machine Learning as its clients see it, in this process: Entra, Resource Manager, the data
//! plane of runs, artifacts, models and datasets; state in memory, on a clock that the test moves.
//!
//! A request comes in over `blob_server::wire`, is named in `place`, passes token, version, rights
//! and rates in `entry`, meets its fault in `faults`, and is turned by `arm` or `data_plane` into a
//! change of the `state`. What goes on after the answer is in `operations`. Its judges stand in
//! `tests/it/azure_simulator.rs`: Microsoft's `OpenAPI`, its examples, and its Python clients.
//!
//! What nobody outside Microsoft knows for sure is a switch (`state::Switches`), and says so there.

pub mod simulator; // what tests call
pub mod seed; // who and what there is at the start
pub mod state; // workspaces and what they hold, switches, time
pub mod kind; // kinds of resources, and how each of them is named, listed and ended
pub mod place; // what a path names
pub mod entry; // what every request passes before it is looked at
pub mod entra; // tokens
pub mod rights; // what requests need, and roles grant
pub mod faults; // what goes wrong, by plan
pub mod operations; // long-running ones, and their signed links
pub mod refusal; // bodies of errors
pub mod arm; // the control plane
pub mod dependents; // what workspaces depend on
pub mod data_plane; // what the workspace's own services serve
pub mod monitor; // logs and metrics
pub mod tls; // how those are served that are served over TLS
pub mod front; // the hosts of its storage accounts, before services of our own
pub mod graph; // what Microsoft Graph copies of a tenant's logs
