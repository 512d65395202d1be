//! Numbers and log lines of whole lives: every state that a request came to is counted once, work
//! says when it began and how long it took, and who decided is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsrd::domain::failure::Failure;
use dsrd::domain::policy::guard::Guard;

use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, patient, request, simulate,
};

/// What a scenario came to: its metrics by name and labels.
fn lived(scenario: &Scenario) -> BTreeMap<String, String> {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
    });
    let text = scenario.metrics.lock().unwrap().concat();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' ')).map(|(k, v)| (k.into(), v.into())).collect()
}

/// How often a request of that kind came to each state to which one came.
fn came(metrics: &BTreeMap<String, String>, kind: &str) -> String {
    let start = format!("dsrd_requests_total{{kind=\"{kind}\",state=\"");
    let counted = metrics.iter().filter_map(|(name, count)| {
        let state = name.strip_prefix(&start)?.trim_end_matches("\"}");
        (count != "0").then(|| format!("{state} {count}"))
    });
    counted.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_state_is_counted_once() {
    let metrics = lived(&Scenario::small().sent(request("r-1", "erasure")));
    assert_eq!(
        came(&metrics, "erasure"),
        "accepted 1, acting 1, completed 1, finding 1, planned 1, verifying 1"
    );
    let bad = Scenario::small().sent(serde_json::json!({ "regulation": "gdpr" }));
    assert_eq!(came(&lived(&bad), "none"), "rejected 1");
}

/// A try that failed came to a state as well, and the next does not come to it again.
#[test]
fn a_state_that_a_failed_try_came_to_is_counted() {
    let scenario = patient(Scenario::small().sent(request("r-1", "erasure")));
    scenario.wire.fail("erase", || Failure::transient("doing this"));
    scenario.wire.heal_after(3);
    let metrics = lived(&scenario);
    let counted = came(&metrics, "erasure");
    assert!(counted.contains("acting 1, completed 1"), "{counted}");
    assert_ne!(metrics["dsrd_step_failures_total{step=\"act\",kind=\"transient\"}"], "0");
}

#[test]
fn a_decision_is_counted_and_whoever_took_it_is_named() {
    let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on("held", move || {
        inbox.push(control("approve", "r-1").to_string(), correspondence());
    });
    let counted = came(&lived(&scenario), "erasure");
    let all = "accepted 1, acting 1, completed 1, finding 1, held 1, planned 1, verifying 1";
    assert_eq!(counted, all);
    let log = scenario.logs.text();
    assert!(log.contains("\"decision.actor\":\"op\""), "{log}");
}

#[test]
fn work_is_measured() {
    let scenario = Scenario::small().sent(request("r-1", "erasure")).sent(request("r-2", "access"));
    let metrics = lived(&scenario);
    let items = scenario.announcer.published().len().to_string();
    let walked = format!("dsrd_source_walk_items{{source=\"{SOURCE}\"}}");
    for (name, expected) in [
        ("dsrd_sweep_seconds_count{purpose=\"verify\"}", "1"),
        ("dsrd_act_seconds_count{kind=\"erasure\"}", "1"),
        ("dsrd_request_age_seconds_count{state=\"completed\"}", "2"),
        ("dsrd_publish_seconds_count", items.as_str()),
        ("dsrd_tickets_open", "0"),
        ("dsrd_callbacks_total{result=\"delivered\"}", "0"),
        ("dsrd_step_failures_total{step=\"purge\",kind=\"permanent\"}", "0"),
    ] {
        assert_eq!(metrics.get(name).map(String::as_str), Some(expected), "{name}");
    }
    assert_ne!(metrics[&walked], "0");
    assert_ne!(metrics["dsrd_item_seconds_count"], "0");
    assert_eq!(metrics["dsrd_item_seconds_count"], metrics["dsrd_item_bytes_count"]);
    let log = scenario.logs.text();
    for (message, fields) in [
        ("sweep begins", &["sweep.purpose", "request.count", "sources"][..]),
        ("source walked", &["source", "item.count", "duration_ms"]),
        ("swept", &["item.count", "sweep.size_bytes", "duration_ms"]),
        ("act begins", &["request.id", "request.kind"]),
        ("act ended", &["request.id", "item.count", "duration_ms"]),
    ] {
        let line = log.lines().find(|line| line.contains(&format!("\"message\":\"{message}\"")));
        let line = line.unwrap_or_else(|| panic!("nobody says: {message}\n{log}"));
        for field in fields {
            assert!(line.contains(&format!("\"{field}\":")), "{field} is missing in {line}");
        }
    }
}
