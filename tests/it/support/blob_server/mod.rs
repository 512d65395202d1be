//! A blob service of the tests' own, in this process: what Azurite has not (versions, soft delete
//! on a clock, permanent deletion, legal holds, immutability, lost answers) and a little more.
//!
//! A request comes in over `wire`, is named in `operation`, meets its fault in `faults`, and is
//! turned in `service` into a call on the `account`, whose rules are in `account`, `conditions` and
//! `form`. What it answers is held against Microsoft's `OpenAPI` by `tests/it/blob_server.rs`.

pub mod server; // what tests call
pub mod form; // one state of one blob
pub mod account; // containers, and the rules of writing and erasing
pub mod conditions; // what must hold before a blob is touched
pub mod container; // names and forms in order, stored or generated
pub mod listing; // the XML of listings
pub mod operation; // what a request asks for
pub mod delegation; // links that open a blob to whoever has them
pub mod service; // requests in, answers out
pub mod faults; // what goes wrong, by plan
pub mod wire; // HTTP/1.1, cut where the plan says
