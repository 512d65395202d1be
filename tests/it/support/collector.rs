//! A collector of traces and numbers that keeps what it is told.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::support::receiver::{Posted, Receiver};

/// The collector.
pub struct Collector {
    receiver: Receiver,
}

/// A span, and of whom.
pub struct Told {
    pub span: Span,
    /// The daemon that told it.
    pub resource: BTreeMap<String, String>,
}

impl Collector {
    /// Takes everything.
    pub fn start() -> Self {
        Self::answering(&["200 OK"])
    }

    /// Answers as [`Receiver::start`] says.
    pub fn answering(answers: &[&'static str]) -> Self {
        Self { receiver: Receiver::start(answers) }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.receiver.port)
    }

    pub fn port(&self) -> u16 {
        self.receiver.port
    }

    /// What was posted there.
    pub fn posted(&self, path: &str) -> Vec<Posted> {
        let mut posted = self.receiver.posted();
        posted.retain(|it| it.head[0] == format!("POST {path} HTTP/1.1"));
        posted
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Told> {
        let mut all = Vec::new();
        for posted in self.posted("/v1/traces") {
            let sent = ExportTraceServiceRequest::decode(posted.body.as_slice()).unwrap();
            for of_one in sent.resource_spans {
                let resource = attributes(&of_one.resource.unwrap().attributes);
                let spans = of_one.scope_spans.into_iter().flat_map(|scope| scope.spans);
                all.extend(spans.map(|span| Told { span, resource: resource.clone() }));
            }
        }
        all
    }

    /// The numbers as they were told last.
    pub fn metrics(&self) -> Vec<Metric> {
        let Some(posted) = self.posted("/v1/metrics").pop() else { return Vec::new() };
        let mut sent = ExportMetricsServiceRequest::decode(posted.body.as_slice()).unwrap();
        sent.resource_metrics.remove(0).scope_metrics.remove(0).metrics
    }
}

impl Told {
    pub fn trace(&self) -> String {
        hex::encode(&self.span.trace_id)
    }

    /// What is said of it.
    pub fn says(&self) -> BTreeMap<String, String> {
        attributes(&self.span.attributes)
    }

    /// What it points to: trace and span.
    pub fn links(&self) -> BTreeSet<(String, String)> {
        let links = self.span.links.iter();
        links.map(|link| (hex::encode(&link.trace_id), hex::encode(&link.span_id))).collect()
    }

    /// Itself, as others point to it.
    pub fn place(&self) -> (String, String) {
        (self.trace(), hex::encode(&self.span.span_id))
    }
}

/// The names of spans, sorted, each once.
pub fn names<'a>(spans: impl IntoIterator<Item = &'a Told>) -> Vec<String> {
    let names: BTreeSet<String> = spans.into_iter().map(|told| told.span.name.clone()).collect();
    names.into_iter().collect()
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.clone().and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?} is neither a text nor a number"),
    };
    pairs.iter().map(|pair| (pair.key.clone(), text(pair))).collect()
}
