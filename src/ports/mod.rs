//! What we need of the world, stated beside those who need it.
//!
//! Each port is a contract; `tests/it/source_contract.rs` and `ledger_contract.rs` run it over
//! every adapter. Unless a method says otherwise it is safe to repeat, and a `Failure` says
//! whether repeating makes sense. No failure text holds an item name, an identity or a secret.

pub mod system;
pub mod messages;
pub mod sources;
pub mod exports;
pub mod tenant_logs;
pub mod standing;
pub mod register;
pub mod plans;
pub mod tasks;
pub mod kept;
pub mod sealings;
pub mod ledger;
