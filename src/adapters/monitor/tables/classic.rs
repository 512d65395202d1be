//! The tables of a component that holds its rows itself.
//!
//! Nobody lists them, and they are the same in all components ("Workspace-based resource changes"
//! in the documentation of Application Insights). Which columns they have, a query tells.

use crate::adapters::monitor::tables::table::{Plan, Table};

const TABLES: [&str; 10] = [
    "availabilityResults",
    "browserTimings",
    "customEvents",
    "customMetrics",
    "dependencies",
    "exceptions",
    "pageViews",
    "performanceCounters",
    "requests",
    "traces",
];

/// All of them, their columns not known yet.
pub fn tables() -> Vec<Table> {
    let table = |name: &str| Table {
        name: name.to_owned(),
        plan: Plan::Analytics,
        columns: Vec::new(),
        time: "timestamp",
        is_kept_longer: false,
    };
    TABLES.into_iter().map(table).collect()
}
