//! HTTP on both sides: the door for operators, which shows health, metrics and pages, reads only
//! and shows nobody's identity; and callbacks, by which producers are told.

pub mod readiness;
pub mod site;
pub mod connections;
pub mod health;
pub mod pages;
pub mod server;
pub mod callbacks;
pub mod scrape;
