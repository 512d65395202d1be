//! What operators watch: log lines, numbers and traces. Names nothing of ours, so that nothing of
//! ours can find its way into them by itself.

pub mod logging;
pub mod process;
pub mod floods;
pub mod troubles;
pub mod metrics;
pub mod exposition;
pub mod traces;
pub mod otlp;
