//! The control plane: everything below `/subscriptions`.

pub mod service; // verbs by kind
pub mod workspaces; // the workspaces themselves, soft deletion too
pub mod resources; // what most kinds have in common
pub mod defaults; // what the service adds to what is put
pub mod jobs; // the control plane's view of runs
pub mod paging; // lists in pages
