//! The contract and what we announce under it, judged by validators and libraries of others.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use dsrd::domain::failure::Failure;
use serde_json::{Value, json};

use crate::support::bad_input::good;
use crate::support::contract::parsed;
use crate::support::program::{Home, json_in};
use crate::support::simulation::scenario::{Scenario, request, simulate};
use crate::{archive, schema};

#[test]
fn validators_and_libraries_of_others_take_our_documents_and_events() {
    let (events, certificates) = events_of_every_type();
    assert_eq!(certificates.len(), 2, "of a completed erasure and of one that is not");
    let mut lines: Vec<Value> = Vec::new();
    lines.extend(events.into_iter().map(|event| json!({ "event": event })));
    let goods = good::all();
    let messages = goods.iter().map(|good| good.body.trim_start_matches('\u{feff}'));
    lines.extend(messages.map(|text| json!({ "request": parsed(text) })));
    lines.push(json!({ "request": schema::request() }));
    lines.push(json!({ "manifest": archive::manifest(&archive::sample()) }));
    lines.extend(certificates.into_iter().map(|document| json!({ "certificate": document })));
    judged(&lines);
}

/// The events of a daemon that meets each end once, and its certificates.
fn events_of_every_type() -> (Vec<Value>, Vec<Value>) {
    let home = Home::new();
    home.write("dsrd.toml", "[guard]\nitems_max = 1\n");
    let ann = [("email", "ann@contoso.com")];
    let bob = [("email", "bob@contoso.com")];
    for name in ["a.txt", "b.txt"] {
        home.put(name, "ann@contoso.com was here");
    }
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let submit = |id: &str, kind: &str, whom: &[(&str, &str)]| {
        let file = home.request(id, kind, whom);
        home.run(&["--config", "dsrd.toml", "submit", file.to_str().unwrap()]);
    };
    submit("bad id", "erasure", &bob);
    submit("c-completed", "access", &ann);
    home.wait_for_event("c-completed", "completed");
    submit("c-held", "erasure", &ann);
    home.wait_for_event("c-held", "held");
    home.done(&["--config", "dsrd.toml", "cancel", "c-held"]);
    home.wait_for_event("c-held", "cancelled");
    // Begins like gzip, and is none.
    home.put("broken.gz", [b"\x1f\x8b\x08\0".as_slice(), &[0x55; 400]].concat());
    submit("c-partial", "erasure", &bob);
    home.wait_for_event("c-partial", "partially_completed");
    std::fs::remove_file(home.source().join("broken.gz")).unwrap();
    home.put("税法.txt", "cleo@contoso.com was here");
    home.put("restored.txt", "bob@contoso.com is back");
    submit("c-erased", "erasure", &[("email", "cleo@contoso.com")]);
    home.wait_for_event("c-partial", "returned");
    home.wait_for_event("c-erased", "completed");
    daemon.end("-TERM");

    let mut events = home.events();
    events.extend(events_of_a_failure());
    for name in [
        "accepted",
        "rejected",
        "progressed",
        "held",
        "completed",
        "partially_completed",
        "failed",
        "cancelled",
        "returned",
    ] {
        let kind = format!("io.dsrd.request.{name}.v1");
        assert!(events.iter().any(|event| event["type"] == kind), "no event is {name}");
    }
    let certificate =
        |id: &str| json_in(&home.path(&format!("dsrd-data/exports/{id}.certificate.json")));
    (events, vec![certificate("c-partial"), certificate("c-erased")])
}

/// A disk that fails for good is made in memory; root may write anywhere.
fn events_of_a_failure() -> Vec<Value> {
    let scenario = Scenario::small().sent(request("c-failed", "access"));
    scenario.wire.fail("create", || Failure::needs_person("writing an archive: no permission"));
    simulate(async || {
        scenario.live().await;
        let published = scenario.announcer.published();
        published.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect()
    })
}

/// Hands each line to the foreign programs, and insists that they find nothing.
fn judged(lines: &[Value]) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let modules = tests.join("emulators/node_modules");
    for package in ["ajv", "ajv-formats", "@asyncapi/specs", "cloudevents", "canonicalize"] {
        assert!(modules.join(package).is_dir(), "{package} is missing: run tests/run once");
    }
    let mut judge = Command::new("node")
        .arg(tests.join("it/foreign/contract.cjs"))
        .args([&modules, &tests.join("../config/schema")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node is missing: run tests/run once");
    let mut input = judge.stdin.take().unwrap();
    for line in lines {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = judge.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}{complained}");
    assert_eq!(told.trim(), format!("{} lines and 5 documents are as they should be", lines.len()));
}
