//! Telemetry as a source: the adapter before the simulator, and its queries before Microsoft's
//! parser.

pub mod world; // a simulated world with telemetry, and our adapter before it
mod finding; // what is found, and what is told where it cannot be
mod hostile; // people who are called like queries
mod faults; // answers that are late, cut short, lost
mod purging; // what is purged, and never another's
mod rights; // the roles in `deploy/roles`
mod lives; // a whole life of the program itself, judged by Microsoft's clients
