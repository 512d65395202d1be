//! What the workspace's own services serve, below the address that discovery gives.

pub mod service; // services by their first word
pub mod run; // one run
pub mod runs; // run history
pub mod filters; // what a query of run history may ask for
pub mod experiments; // what runs belong to
pub mod artifacts; // what runs left
pub mod leavings; // what else they left: snapshots, metrics, outputs of pipelines
pub mod model_management; // models and web services of SDK v1
pub mod datasets; // datasets of SDK v1
