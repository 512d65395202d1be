//! Alerts and the dashboard: of numbers that the program has, each alert fired by what it is about,
//! and with a place in the runbook that says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::linters::{passes, root, yaml};

/// What Prometheus says of where a number comes from.
const OF_THE_TARGET: [&str; 3] = ["job", "instance", "namespace"];

#[test]
fn alerts_fire_for_what_they_are_about() {
    let promtool = |args: &[&str]| {
        let mut command = Command::new("promtool");
        passes(command.args(args).current_dir(root().join("deploy")))
    };
    promtool(&["check", "rules", "--lint-fatal", "alerts.yaml"]);
    promtool(&["test", "rules", "alerts.test.yaml"]);
    // Each of them, not only those that somebody thought of.
    let tests = &yaml("deploy/alerts.test.yaml")[0]["tests"];
    let cases = tests.as_array().unwrap().iter().flat_map(|test| {
        test["alert_rule_test"].as_array().unwrap().iter().filter(|case| {
            case["exp_alerts"].as_array().is_some_and(|expected| !expected.is_empty())
        })
    });
    let fired: BTreeSet<&str> = cases.map(|case| case["alertname"].as_str().unwrap()).collect();
    let rules = rules();
    assert_eq!(fired, rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect());
}

#[test]
fn there_is_something_to_do_at_each_alert() {
    let runbook = fs::read_to_string(root().join("deploy/README.md")).unwrap();
    let headings: BTreeSet<String> = runbook
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    for rule in rules() {
        let link = rule["annotations"]["runbook"].as_str().unwrap();
        let heading = link.strip_prefix("deploy/README.md#").unwrap();
        assert!(headings.contains(heading), "deploy/README.md: say what to do at {heading}");
    }
}

/// A name that is told by nobody would never fire and show nothing.
#[test]
fn what_is_asked_for_is_told() {
    let metrics = metrics();
    let dashboard = fs::read_to_string(root().join("deploy/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let scaling =
        fs::read_to_string(root().join("deploy/helm/dsrd/templates/autoscaling.yaml")).unwrap();
    let scaling = scaling.split("query: >-").nth(1).unwrap().split("threshold").next().unwrap();
    let mut queries: Vec<String> = vec![scaling.replace("{{ .Release.Namespace }}", "x")];
    queries.extend(rules().iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()));
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().unwrap();
        queries.extend(targets.iter().map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
    let code = code();
    let mut faults = Vec::new();
    for query in &queries {
        faults
            .extend(faults_of(query, &metrics, &code).into_iter().map(|f| format!("{f}: {query}")));
    }
    assert!(faults.is_empty(), "\n  {}", faults.join("\n  "));
    assert!(queries.len() > 30, "{queries:?}");
}

#[test]
fn a_slip_in_a_query_is_seen() {
    let (metrics, code) = (metrics(), code());
    for (query, fault) in [
        ("dsrd_requests_over > 0", "no metric dsrd_requests_over"),
        ("dsrd_ready{step=\"act\"} == 0", "dsrd_ready has no label step"),
        ("max by (part) (dsrd_outbox_backlog)", "nothing here has a label part"),
        ("dsrd_requests_open{state=~\"held|finnding\"}", "nothing says finnding"),
    ] {
        assert_eq!(faults_of(query, &metrics, &code), [fault], "{query}");
    }
    let good = "max by (job, state) (rate(dsrd_requests_total{job=~\"$job\",state=\"held\"}[5m]))";
    assert_eq!(faults_of(good, &metrics, &code), [""; 0]);
}

fn rules() -> Vec<Value> {
    let mut alerts = yaml("deploy/alerts.yaml");
    let groups = alerts[0]["groups"].as_array_mut().unwrap();
    groups.iter_mut().flat_map(|group| group["rules"].take().as_array().unwrap().clone()).collect()
}

/// What is wrong with the names in a query.
fn faults_of(query: &str, metrics: &BTreeMap<String, BTreeSet<String>>, code: &str) -> Vec<String> {
    let (mut faults, mut known) = (Vec::new(), BTreeSet::from(OF_THE_TARGET.map(str::to_owned)));
    for (at, _) in query.match_indices("dsrd_") {
        let rest = &query[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let Some(labels) = metrics.get(name).or_else(|| metrics.get(base?)) else {
            faults.push(format!("no metric {name}"));
            continue;
        };
        known.extend(labels.iter().cloned());
        let selector = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        for matcher in selector.unwrap_or_default().split(',').filter(|one| !one.trim().is_empty())
        {
            let (label, value) = matcher.split_once(['=', '!']).unwrap();
            let label = label.trim();
            if !labels.contains(label) && !OF_THE_TARGET.contains(&label) {
                faults.push(format!("{name} has no label {label}"));
            } else if labels.contains(label) {
                let words = value.split('"').nth(1).unwrap().split('|');
                let silent = words.filter(|word| !code.contains(&format!("\"{word}\"")));
                faults.extend(silent.map(|word| format!("nothing says {word}")));
            }
        }
    }
    for (at, group) in query.match_indices("by (").chain(query.match_indices("on (")) {
        let labels = query[at + group.len()..].split(')').next().unwrap();
        let strange = labels.split(',').map(str::trim).filter(|label| !known.contains(*label));
        faults.extend(strange.map(|label| format!("nothing here has a label {label}")));
    }
    faults
}

/// Each metric with its labels, as its field says: `dsrd_ready{part}`.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let source = fs::read_to_string(root().join("src/telemetry/metrics.rs")).unwrap();
    let fields = source.lines().filter_map(|line| line.trim().strip_prefix("/// `dsrd_"));
    let fields = fields.map(|field| field.split('`').next().unwrap());
    let metrics: BTreeMap<String, BTreeSet<String>> = fields
        .map(|field| {
            let (name, labels) = field.split_once('{').unwrap_or((field, ""));
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            (format!("dsrd_{name}"), labels.map(str::to_owned).collect())
        })
        .collect();
    assert!(metrics.len() > 15, "{metrics:?}");
    metrics
}

/// All that we wrote, in which each word that a label can have stands.
fn code() -> String {
    let (mut text, mut folders) = (String::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}
