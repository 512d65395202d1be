//! Every number that the daemon shows, named in one place.
//!
//! Label values are words of ours and names from the configuration, never data: what a request
//! holds cannot become a time series. The text is `OpenMetrics`, which Prometheus reads.

use std::fmt;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

/// The media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one daemon. Counters can be increased from anywhere; gauges are set by whoever
/// takes the census. Each instance counts for itself.
pub struct Metrics {
    /// `dsrd_requests_total{kind,state}`
    pub requests: Family<KindState, Counter>,
    /// `dsrd_requests_open{state}`
    pub requests_open: Family<InState, Gauge>,
    /// `dsrd_requests_due_soon`
    pub requests_due_soon: Gauge,
    /// `dsrd_requests_overdue`
    pub requests_overdue: Gauge,
    /// `dsrd_requests_obstructed`
    pub requests_obstructed: Gauge,
    /// `dsrd_deliveries_total{settlement}`
    pub deliveries: Family<Settled, Counter>,
    /// `dsrd_sweeps_total{purpose}`
    pub sweeps: Family<Purpose, Counter>,
    /// `dsrd_sweep_items_total`
    pub sweep_items: Counter,
    /// `dsrd_sweep_items_known_total`
    pub sweep_items_known: Counter,
    /// `dsrd_sweep_bytes_total`
    pub sweep_bytes: Counter,
    /// `dsrd_items_unreadable_total`
    pub items_unreadable: Counter,
    /// `dsrd_items_returned_total`
    pub items_returned: Counter,
    /// `dsrd_item_outcomes_total{outcome}`
    pub item_outcomes: Family<Ended, Counter>,
    /// `dsrd_archives_removed_total`
    pub archives_removed: Counter,
    /// `dsrd_events_total{result}`
    pub events: Family<Announced, Counter>,
    /// `dsrd_outbox_backlog`
    pub outbox_backlog: Gauge,
    /// `dsrd_callbacks_total{result}`
    pub callbacks: Family<CalledBack, Counter>,
    /// `dsrd_callbacks_backlog`
    pub callbacks_backlog: Gauge,
    /// `dsrd_ready{part}`
    pub ready: Family<Part, Gauge>,
    /// `dsrd_step_failures_total{step,kind}`
    pub step_failures: Family<StepFailure, Counter>,
    registry: Registry,
}

/// What a request asks for, and the state it came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KindState {
    /// The word of a `RequestKind`, or `none` for what never was a request.
    pub kind: &'static str,
    /// A state's word.
    pub state: &'static str,
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct InState {
    /// A state's word.
    pub state: &'static str,
}

/// How a delivery was settled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Settled {
    /// `taken`, `refused` or `returned`.
    pub settlement: &'static str,
}

/// What a sweep is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Purpose {
    /// `find`, `verify` or `preview`.
    pub purpose: &'static str,
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Ended {
    /// An outcome's word.
    pub outcome: &'static str,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Announced {
    /// `confirmed`, `unroutable` or `failed`.
    pub result: &'static str,
}

/// What became of a try to call back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CalledBack {
    /// `delivered`, `retried` or `given_up`.
    pub result: &'static str,
}

/// A part of the world outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Part {
    /// `ledger`, `queue`, `exports` or `source` and its configured name.
    pub part: String,
}

/// Which step failed, and what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StepFailure {
    /// `intake`, `find`, `act`, `verify`, `announce`, `callback`, `expire` or `census`.
    pub step: &'static str,
    /// `transient`, `permanent` or `needs_person`.
    pub kind: &'static str,
}

impl Metrics {
    /// All metrics at zero. Counters are registered without `_total`: the format adds it.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("dsrd");
        let r = &mut registry;
        Self {
            requests: add(r, "requests", "Requests that came to this state"),
            requests_open: add(r, "requests_open", "Requests that have not ended, by state"),
            requests_due_soon: add(r, "requests_due_soon", "Open requests due within seven days"),
            requests_overdue: add(r, "requests_overdue", "Open requests past their due time"),
            requests_obstructed: add(r, "requests_obstructed", "Requests that are tried again"),
            deliveries: add(r, "deliveries", "Messages taken from the queue, by settlement"),
            sweeps: add(r, "sweeps", "Passes over the sources that ended"),
            sweep_items: add(r, "sweep_items", "Items looked at by sweeps"),
            sweep_items_known: add(r, "sweep_items_known", "Items that sweeps need not read"),
            sweep_bytes: add(r, "sweep_bytes", "Bytes read by sweeps"),
            items_unreadable: add(r, "items_unreadable", "Items that could not be read or decoded"),
            items_returned: add(r, "items_returned", "Items met again that speak of erased people"),
            item_outcomes: add(r, "item_outcomes", "Planned items that came to this outcome"),
            archives_removed: add(r, "archives_removed", "Archives whose time was over"),
            events: add(r, "events", "Tries to publish an event, by result"),
            outbox_backlog: add(r, "outbox_backlog", "Events not yet confirmed by the broker"),
            callbacks: add(r, "callbacks", "Tries to post an event to a callback URL, by result"),
            callbacks_backlog: add(r, "callbacks_backlog", "Callbacks not yet delivered"),
            ready: add(r, "ready", "Whether a part could be reached when this was read: 1 or 0"),
            step_failures: add(r, "step_failures", "Steps of a request that failed, each try"),
            registry,
        }
    }

    /// All metrics as text, in [`CONTENT_TYPE`].
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_open_metrics_and_each_instance_counts_for_itself() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.requests.get_or_create(&KindState { kind: "erasure", state: "completed" }).inc();
        one.outbox_backlog.set(3);
        let text = one.render();
        for line in [
            "# HELP dsrd_requests Requests that came to this state.",
            "# TYPE dsrd_requests counter",
            "dsrd_requests_total{kind=\"erasure\",state=\"completed\"} 1",
            "dsrd_outbox_backlog 3",
            "dsrd_sweep_items_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        assert!(other.render().contains("dsrd_outbox_backlog 0\n"));
    }

    #[test]
    fn every_field_names_its_metric_in_full() {
        let source = include_str!("metrics.rs");
        let fields = source.split("impl Metrics").next().unwrap().matches("    /// `dsrd_").count();
        let names: Vec<&str> = source
            .lines()
            .filter_map(|line| line.trim().split_once(": add(r, \"")?.1.split('"').next())
            .collect();
        assert_eq!(names.len(), fields);
        for name in names {
            let written = |end: &str| source.contains(&format!("/// `dsrd_{name}{end}"));
            assert!(["`", "_total`", "{", "_total{"].into_iter().any(written), "{name}");
        }
    }
}
