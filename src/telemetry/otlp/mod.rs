//! The messages of the OpenTelemetry protocol (OTLP): pieces of work and numbers, as a collector
//! takes them.

pub mod resource;
pub mod spans;
pub mod numbers;
