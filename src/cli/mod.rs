//! The verbs. Each reads its arguments, asks the app for what it needs and prints.
//!
//! Output goes to standard output, log lines and progress to standard error.

pub mod args;
pub mod dispatch;
pub mod output;
pub mod run;
pub mod check;
pub mod ledger;
pub mod submit;
pub mod preview;
pub mod verify;
pub mod show;
pub mod contract;
pub mod diagnostics;
pub mod demo;
