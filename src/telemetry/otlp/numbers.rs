//! All numbers that a daemon shows, as OTLP: under the names, and with the labels, that `/metrics`
//! has.
//!
//! They are read from the text that is shown there. Its writer lets nobody else at what it counts;
//! and so no number can be in one place and not in the other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use prost::Message;

use crate::telemetry::otlp::resource::{Teller, attribute, scope};
use crate::telemetry::otlp::spans::nanos;

/// `ExportMetricsServiceRequest`: what is posted to `/v1/metrics`, of a text of `OpenMetrics`.
/// Counters and histograms count from `began` on.
pub fn encoded(teller: &Teller, text: &str, (began, now): (Timestamp, Timestamp)) -> Vec<u8> {
    let times = Times { began: nanos(began), now: nanos(now) };
    let metrics = ScopeMetrics {
        scope: Some(scope()),
        metrics: families(text).into_iter().filter_map(|family| metric(family, &times)).collect(),
        ..ScopeMetrics::default()
    };
    let all = ResourceMetrics {
        resource: Some(teller.resource()),
        scope_metrics: vec![metrics],
        ..ResourceMetrics::default()
    };
    ExportMetricsServiceRequest { resource_metrics: vec![all] }.encode_to_vec()
}

struct Times {
    began: u64,
    now: u64,
}

/// A metric with all its series.
#[derive(Default)]
struct Family<'t> {
    name: &'t str,
    help: &'t str,
    kind: &'t str,
    samples: Vec<Sample<'t>>,
}

/// A line.
struct Sample<'t> {
    /// What stands behind the family's name: `_total`, `_bucket`, `_sum`, `_count`, or nothing.
    suffix: &'t str,
    labels: Vec<(&'t str, String)>,
    value: f64,
}

fn families(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# ") {
            let mut words = described.splitn(3, ' ');
            let (what, name) = (words.next(), words.next().unwrap_or_default());
            let rest = words.next().unwrap_or_default();
            if what != Some("EOF") && families.last().is_none_or(|family| family.name != name) {
                families.push(Family { name, ..Family::default() });
            }
            match (what, families.last_mut()) {
                (Some("HELP"), Some(family)) => family.help = rest,
                (Some("TYPE"), Some(family)) => family.kind = rest,
                _ => {}
            }
        } else if let Some(family) = families.last_mut() {
            family.samples.extend(sample(family.name, line));
        }
    }
    families
}

fn sample<'t>(family: &str, line: &'t str) -> Option<Sample<'t>> {
    let rest = line.strip_prefix(family)?;
    let (suffix, rest) = rest.split_at(rest.find(['{', ' '])?);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // A time or an exemplar may stand behind.
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Sample { suffix, labels, value })
}

/// `a="b",c="d"}` and what stands behind.
fn labels(mut text: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    // Ends: each round takes a label, or the end of them all.
    loop {
        text = text.strip_prefix(',').unwrap_or(text);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (mut value, mut chars) = (String::new(), rest.chars());
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(match chars.next()? {
                    'n' => '\n',
                    escaped => escaped,
                }),
                c => value.push(c),
            }
        }
        labels.push((name, value));
        text = chars.as_str();
    }
}

fn metric(family: Family<'_>, times: &Times) -> Option<Metric> {
    let Family { name, help, kind, samples } = family;
    let cumulative = AggregationTemporality::Cumulative.into();
    let (suffix, data) = match kind {
        "counter" => {
            let points = samples.into_iter().map(|sample| number(sample, times.began, times.now));
            let data_points = points.collect();
            let sum = Sum { data_points, aggregation_temporality: cumulative, is_monotonic: true };
            ("_total", Data::Sum(sum))
        }
        "histogram" => {
            let data_points = histograms(samples, times);
            ("", Data::Histogram(Histogram { data_points, aggregation_temporality: cumulative }))
        }
        "gauge" => {
            let points = samples.into_iter().map(|sample| number(sample, 0, times.now));
            ("", Data::Gauge(Gauge { data_points: points.collect() }))
        }
        _ => return None,
    };
    Some(Metric {
        name: format!("{name}{suffix}"),
        description: help.to_owned(),
        data: Some(data),
        ..Metric::default()
    })
}

fn number(sample: Sample<'_>, began: u64, now: u64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(sample.labels),
        start_time_unix_nano: began,
        time_unix_nano: now,
        value: Some(Value::AsDouble(sample.value)),
        ..NumberDataPoint::default()
    }
}

fn attributes(labels: Vec<(&str, String)>) -> Vec<KeyValue> {
    labels.into_iter().map(|(name, value)| attribute(name, value)).collect()
}

/// The lines of each series, put together. In the text each bucket counts those before it too.
fn histograms(samples: Vec<Sample<'_>>, times: &Times) -> Vec<HistogramDataPoint> {
    let mut series: BTreeMap<Vec<(&str, String)>, HistogramDataPoint> = BTreeMap::new();
    for Sample { suffix, mut labels, value } in samples {
        let bound = labels.iter().position(|(name, _)| *name == "le").map(|at| labels.remove(at).1);
        let point = series.entry(labels).or_default();
        match (suffix, bound) {
            ("_sum", _) => point.sum = Some(value),
            ("_count", _) => point.count = value as u64,
            ("_bucket", Some(bound)) => {
                let before: u64 = point.bucket_counts.iter().sum();
                point.bucket_counts.push((value as u64).saturating_sub(before));
                let bound: Option<f64> = bound.parse().ok();
                point.explicit_bounds.extend(bound.filter(|bound| bound.is_finite()));
            }
            _ => {}
        }
    }
    let all = series.into_iter().map(|(labels, point)| HistogramDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: times.began,
        time_unix_nano: times.now,
        ..point
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::{InState, Metrics, OfSource};

    fn told(metrics: &Metrics) -> Vec<Metric> {
        let teller = Teller { deployment: "urn:a".to_owned(), instance: "1".to_owned() };
        let times = (Timestamp::from_second(7).unwrap(), Timestamp::from_second(9).unwrap());
        let bytes = encoded(&teller, &metrics.render(), times);
        let mut sent = ExportMetricsServiceRequest::decode(bytes.as_slice()).unwrap();
        sent.resource_metrics.remove(0).scope_metrics.remove(0).metrics
    }

    fn named(metrics: &[Metric], name: &str) -> Data {
        metrics.iter().find(|metric| metric.name == name).unwrap().data.clone().unwrap()
    }

    #[test]
    fn each_number_keeps_its_name_its_labels_and_its_kind() {
        let metrics = Metrics::new();
        metrics.sweep_items.inc_by(5);
        let source = "a \"b\"\\, c}\nd".to_owned();
        metrics.source_items.get_or_create(&OfSource { source: source.clone() }).set(-3);
        let age = metrics.request_age.get_or_create(&InState { state: "held" }).clone();
        [0.5, 5.0, 5.0, 1e9].into_iter().for_each(|seconds| age.observe(seconds));
        let told = told(&metrics);

        let Data::Sum(sum) = named(&told, "dsrd_sweep_items_total") else { panic!("no sum") };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
        assert_eq!(sum.data_points[0].value, Some(Value::AsDouble(5.0)));
        assert_eq!(sum.data_points[0].start_time_unix_nano, 7_000_000_000);
        assert_eq!(sum.data_points[0].time_unix_nano, 9_000_000_000);

        let Data::Gauge(gauge) = named(&told, "dsrd_source_walk_items") else { panic!("no gauge") };
        assert_eq!(gauge.data_points[0].value, Some(Value::AsDouble(-3.0)));
        assert_eq!(gauge.data_points[0].attributes, [attribute("source", source)]);

        let Data::Histogram(ages) = named(&told, "dsrd_request_age_seconds") else {
            panic!("none")
        };
        let point = &ages.data_points[0];
        assert_eq!(point.attributes, [attribute("state", "held".to_owned())]);
        assert_eq!((point.count, point.sum), (4, Some(1e9 + 10.5)));
        assert_eq!(point.explicit_bounds[..3], [1.0, 10.0, 60.0]);
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        assert_eq!((point.bucket_counts[0], point.bucket_counts[1]), (1, 2));
        assert_eq!(point.bucket_counts.last(), Some(&1));
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), 4);
    }

    #[test]
    fn all_of_the_text_is_told() {
        let text = Metrics::new().render();
        let described = text.lines().filter(|line| line.starts_with("# TYPE ")).count();
        assert_eq!(told(&Metrics::new()).len(), described);
        let has_value = |metric: &Metric| match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => !sum.data_points.is_empty(),
            Data::Gauge(gauge) => !gauge.data_points.is_empty(),
            _ => true,
        };
        let told = told(&Metrics::new());
        let plain = text.lines().filter(|line| !line.starts_with('#') && !line.contains('{'));
        for name in plain.filter_map(|line| line.split(' ').next()) {
            let metric = told.iter().find(|metric| name.starts_with(metric.name.as_str()));
            assert!(metric.is_some_and(has_value), "{name}");
        }
    }
}
