//! HTTP on both sides: the door for operators, which shows health, metrics and pages, and nobody's
//! identity, and takes the decisions of those who may; and callbacks, by which producers are told.

pub mod readiness;
pub mod operators;
pub mod pages;
pub mod site;
pub mod connections;
pub mod health;
pub mod looking;
pub mod deciding;
pub mod changes;
pub mod server;
pub mod callbacks;
pub mod scrape;
