//! The only code that touches the outside. Each folder is one kind of place; each file implements
//! one port of `crate::ports` for it.

pub mod amqp;
pub mod azure;
pub mod azure_files;
pub mod azure_lake;
pub mod azureml;
pub mod folder;
pub mod http;
pub mod memory;
pub mod monitor;
pub mod graph;
pub mod sql;
pub mod stores;
pub mod collector;
pub mod system;
pub mod silence;
pub mod supervisor;
pub mod keys;
pub mod aliases;
