//! What the tests start and share.

pub mod sample;
pub mod lives;
pub mod postgres;
pub mod pgbouncer;
pub mod rabbitmq;
pub mod azurite;
pub mod blob_server;
pub mod file_server;
pub mod lake_server;
pub mod serving;
pub mod published;
pub mod azure;
pub mod ports;
pub mod wire;
pub mod link;
pub mod producer;
pub mod worlds;
pub mod program;
pub mod receiver;
pub mod collector;
pub mod simulation;
pub mod chromium;
pub mod driven;
pub mod contract;
pub mod linters;
pub mod bad_input;
