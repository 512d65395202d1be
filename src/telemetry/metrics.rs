//! Every number that the daemon shows, named in one place.
//!
//! Label values are words of ours and names from the configuration, never data: what a request
//! holds cannot become a time series.

use std::fmt;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use crate::telemetry::floods::Floods;
use crate::telemetry::process::Process;
use crate::telemetry::troubles::Troubles;

/// Histograms by their labels.
pub type Histograms<S> = Family<S, Histogram, fn() -> Histogram>;

/// All metrics of one daemon. Counters can be increased from anywhere; gauges are set by whoever
/// takes the census. Each instance counts for itself.
pub struct Metrics {
    /// `dsrd_requests_total{kind,state}`
    pub requests: Family<KindState, Counter>,
    /// `dsrd_requests_open{state}`
    pub requests_open: Family<InState, Gauge>,
    /// `dsrd_requests_oldest_seconds{state}`
    pub requests_oldest: Family<InState, Gauge>,
    /// `dsrd_request_age_seconds{state}`
    pub request_age: Histograms<InState>,
    /// `dsrd_requests_due_soon`
    pub requests_due_soon: Gauge,
    /// `dsrd_requests_overdue`
    pub requests_overdue: Gauge,
    /// `dsrd_requests_obstructed`
    pub requests_obstructed: Gauge,
    /// `dsrd_requests_answered{kind,state}`
    pub answered: Family<KindState, Gauge>,
    /// `dsrd_requests_answered_median_seconds{kind,state}`
    pub answered_median: Family<KindState, Gauge<f64, AtomicU64>>,
    /// `dsrd_requests_answered_in_time_ratio`
    pub answered_in_time: Gauge<f64, AtomicU64>,
    /// `dsrd_daemons`
    pub daemons: Gauge,
    /// `dsrd_deliveries_total{settlement}`
    pub deliveries: Family<Settled, Counter>,
    /// `dsrd_sweeps_total{purpose}`
    pub sweeps: Family<Purpose, Counter>,
    /// `dsrd_sweep_seconds{purpose}`
    pub sweep_time: Histograms<Purpose>,
    /// `dsrd_sweep_ended_timestamp_seconds{purpose}`
    pub sweep_ended: Family<Purpose, Gauge>,
    /// `dsrd_source_walked_timestamp_seconds{source}`
    pub source_walked: Family<OfSource, Gauge>,
    /// `dsrd_source_walk_items{source}`
    pub source_items: Family<OfSource, Gauge>,
    /// `dsrd_act_seconds{kind}`
    pub act_time: Histograms<Kind>,
    /// `dsrd_item_seconds`
    pub item_time: Histogram,
    /// `dsrd_item_bytes`
    pub item_bytes: Histogram,
    /// `dsrd_sweep_items_total`
    pub sweep_items: Counter,
    /// `dsrd_sweep_items_known_total`
    pub sweep_items_known: Counter,
    /// `dsrd_sweep_bytes_total`
    pub sweep_bytes: Counter,
    /// `dsrd_learned_ahead_items_total`
    pub learned_items: Counter,
    /// `dsrd_learned_ahead_bytes_total`
    pub learned_bytes: Counter,
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
    /// `dsrd_publish_seconds`
    pub publish_time: Histogram,
    /// `dsrd_outbox_backlog`
    pub outbox_backlog: Gauge,
    /// `dsrd_callbacks_total{result}`
    pub callbacks: Family<CalledBack, Counter>,
    /// `dsrd_callbacks_backlog`
    pub callbacks_backlog: Gauge,
    /// `dsrd_tickets_open`
    pub tickets_open: Gauge,
    /// `dsrd_tickets_oldest_seconds`
    pub tickets_oldest: Gauge,
    /// `dsrd_ready{part}`
    pub ready: Family<Part, Gauge>,
    /// `dsrd_ping_seconds{part}`
    pub ping_time: Histograms<Part>,
    /// `dsrd_build_info{version}`
    build: Family<Build, Gauge>,
    /// `dsrd_step_failures_total{step,kind}`
    pub step_failures: Family<StepFailure, Counter>,
    /// `dsrd_spans_dropped_total`
    pub spans_dropped: Counter,
    /// Which failures were told lately.
    pub floods: Floods,
    /// What the ledger refused lately.
    pub ledger_troubles: Troubles,
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

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    /// The word of a `RequestKind`.
    pub kind: &'static str,
}

/// Which program this is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfSource {
    /// Its configured name.
    pub source: String,
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
    /// `intake`, `find`, `act`, `verify`, `announce`, `callback`, `expire`,
    /// `learn` or `census`.
    pub step: &'static str,
    /// `transient`, `permanent` or `needs_person`.
    pub kind: &'static str,
}

impl Metrics {
    /// All metrics at zero. Counters are registered without `_total`: the format adds it.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process));
        let r = registry.sub_registry_with_prefix("dsrd");
        let metrics = Self {
            requests: add(r, "requests", "Requests that came to this state"),
            requests_open: add(r, "requests_open", "Requests that have not ended, by state"),
            requests_oldest: add(r, "requests_oldest_seconds", "Longest that one is in this state"),
            request_age: all(r, "request_age_seconds", "Age when it came to this state", age),
            requests_due_soon: add(r, "requests_due_soon", "Open requests due within seven days"),
            requests_overdue: add(r, "requests_overdue", "Open requests past their due time"),
            requests_obstructed: add(r, "requests_obstructed", "Requests that are tried again"),
            answered: add(r, "requests_answered", "Requests that ended in the last 90 days"),
            answered_median: add(r, "requests_answered_median_seconds", "How long half took"),
            answered_in_time: add(r, "requests_answered_in_time_ratio", "Share answered in time"),
            daemons: add(r, "daemons", "Daemons that work on the same ledger"),
            deliveries: add(r, "deliveries", "Messages taken from the queue, by settlement"),
            sweeps: add(r, "sweeps", "Passes over the sources that ended"),
            sweep_time: all(r, "sweep_seconds", "How long a pass over the sources took", work),
            sweep_ended: add(r, "sweep_ended_timestamp_seconds", "When the last pass ended"),
            source_walked: add(r, "source_walked_timestamp_seconds", "When it was last walked"),
            source_items: add(r, "source_walk_items", "Items that its last walk came to so far"),
            act_time: all(r, "act_seconds", "How long a try to carry out a plan took", work),
            item_time: one(r, "item_seconds", "How long a sweep took to read an item", call),
            item_bytes: one(r, "item_bytes", "Size of the items that sweeps read", size),
            sweep_items: add(r, "sweep_items", "Items looked at by sweeps"),
            sweep_items_known: add(r, "sweep_items_known", "Items that sweeps need not read"),
            sweep_bytes: add(r, "sweep_bytes", "Bytes read by sweeps"),
            learned_items: add(r, "learned_ahead_items", "Items read ahead of requests"),
            learned_bytes: add(r, "learned_ahead_bytes", "Bytes read ahead of requests"),
            items_unreadable: add(r, "items_unreadable", "Items that could not be read or decoded"),
            items_returned: add(r, "items_returned", "Items met again that speak of erased people"),
            item_outcomes: add(r, "item_outcomes", "Planned items that came to this outcome"),
            archives_removed: add(r, "archives_removed", "Archives whose time was over"),
            events: add(r, "events", "Tries to publish an event, by result"),
            publish_time: one(r, "publish_seconds", "How long the queue took for an event", call),
            outbox_backlog: add(r, "outbox_backlog", "Events not yet confirmed by the broker"),
            callbacks: add(r, "callbacks", "Tries to post an event to a callback URL, by result"),
            callbacks_backlog: add(r, "callbacks_backlog", "Callbacks not yet delivered"),
            tickets_open: add(r, "tickets_open", "Items that services are at, by themselves"),
            tickets_oldest: add(r, "tickets_oldest_seconds", "Longest that a service is at one"),
            ready: add(r, "ready", "Whether a part answered when it was last asked: 1 or 0"),
            ping_time: all(r, "ping_seconds", "How long a part took to answer", call),
            build: add(r, "build_info", "The version that runs, as a label; always 1"),
            step_failures: add(r, "step_failures", "Steps of a request that failed, each try"),
            spans_dropped: add(r, "spans_dropped", "Spans that no collector was told of"),
            floods: Floods::default(),
            ledger_troubles: Troubles::default(),
            registry,
        };
        // Nothing is known of it yet.
        metrics.answered_in_time.set(f64::NAN);
        metrics.build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        metrics
    }

    /// All metrics as text: `OpenMetrics`.
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }

    /// What can be told while the ledger is waited for: which version waits, and for what. Counts
    /// of requests are not known, and are no zeros.
    pub fn render_start() -> String {
        let (metrics, part) = (Self::new(), Part { part: "ledger".to_owned() });
        metrics.ready.get_or_create(&part).set(0);
        let known = ["dsrd_build_info", "dsrd_ready", "process_"];
        let is_known = |line: &&str| {
            let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
            *line == "# EOF" || known.iter().any(|known| name.starts_with(known))
        };
        let all = metrics.render();
        let lines: Vec<&str> = all.lines().filter(is_known).collect();
        lines.join("\n") + "\n"
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

/// Shows a series from now on, at zero.
pub fn begin<S, M, C>(family: &Family<S, M, C>, labels: S)
where
    S: Clone + Hash + Eq,
    M: Clone,
    C: MetricConstructor<M>,
{
    drop(family.get_or_create(&labels));
}

fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn one(registry: &mut Registry, name: &str, help: &str, new: fn() -> Histogram) -> Histogram {
    let metric = new();
    registry.register(name, help, metric.clone());
    metric
}

fn all<S>(registry: &mut Registry, name: &str, help: &str, new: fn() -> Histogram) -> Histograms<S>
where
    S: EncodeLabelSet + fmt::Debug + Clone + Hash + Eq + Send + Sync + 'static,
{
    let metric = Histograms::new_with_constructor(new);
    registry.register(name, help, metric.clone());
    metric
}

/// Seconds that a call of something outside takes.
fn call() -> Histogram {
    Histogram::new([0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0])
}

/// Seconds that a piece of work takes: from one to a day.
fn work() -> Histogram {
    Histogram::new([1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0])
}

/// Seconds of a request's life: a minute, an hour, days up to the month of the law, and beyond.
fn age() -> Histogram {
    const DAY: f64 = 86_400.0;
    let days = [1.0, 3.0, 7.0, 14.0, 21.0, 28.0, 31.0, 45.0, 90.0].map(|days| days * DAY);
    Histogram::new([1.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0].into_iter().chain(days))
}

/// Bytes of an item: 1 KiB to 16 GiB.
fn size() -> Histogram {
    Histogram::new([
        1_024.0,
        16_384.0,
        262_144.0,
        4_194_304.0,
        67_108_864.0,
        1_073_741_824.0,
        17_179_869_184.0,
    ])
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
            .filter_map(|line| {
                let (field, rest) = line.trim().split_once("(r, \"")?;
                let is_metric = [": add", ": one", ": all"].iter().any(|way| field.ends_with(way));
                is_metric.then(|| rest.split('"').next())?
            })
            .collect();
        assert_eq!(names.len(), fields);
        for name in names {
            let written = |end: &str| source.contains(&format!("/// `dsrd_{name}{end}"));
            assert!(["`", "_total`", "{", "_total{"].into_iter().any(written), "{name}");
        }
    }
}
