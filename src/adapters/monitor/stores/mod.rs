//! Where telemetry is: the stores of a source, and how they are found.

pub mod store;
pub mod found;
