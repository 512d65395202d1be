//! Our Azure Machine Learning: what it does when it is asked, and what three judges say of that.

pub mod caller; // who asks, without an adapter
mod doors; // tokens, versions, rights, rates
mod long; // what goes on after the answer
mod lists; // pages
mod refused; // what is not done, and what goes wrong by plan
mod things; // jobs and runs, assets, workspaces, the data plane
pub mod kusto; // what queries of logs say, and what Microsoft's own parser says of them
mod logs; // workspaces of logs, components, queries, purges
mod openapi; // Microsoft's specification and its examples
mod openapi_monitor; // the same of logs
mod openapi_dependents; // the same of what workspaces depend on
pub mod clients; // Microsoft's Python clients
mod monitor_clients; // the same of logs
