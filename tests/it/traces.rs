//! Traces and numbers as a collector of ours receives them from the program itself.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lapin::types::{AMQPValue, FieldTable};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::Value;

use crate::support::collector::{Collector, Told, names};
use crate::support::ports::free_port;
use crate::support::producer::{self, Producer};
use crate::support::program::{Daemon, Home, wait_for};
use crate::support::rabbitmq::RabbitMq;
use crate::support::simulation::leaks::{CONTENT, EMAIL, NAME, found};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// What every daemon here is started with.
fn settings<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("DSRD__OTLP__URL", url), ("DSRD__OTLP__METRICS_EVERY_MS", "1000")];
    all.extend(more);
    all
}

fn started(home: &Home, url: &str, more: &[(&str, &str)]) -> Daemon {
    let daemon = home.start(&[], &settings(url, more));
    wait_for("the daemon to serve", || daemon.log().contains("serving"));
    daemon
}

/// A folder with items of Ann's in it.
fn home() -> Home {
    let home = Home::new();
    home.put("notes.txt", format!("ask {EMAIL}, {NAME}"));
    home.put(&format!("{EMAIL}/{CONTENT}.txt"), CONTENT);
    home.put("other.txt", "nobody");
    home
}

/// Asks, and waits until the request came to its end, or to where it waits.
fn ask(home: &Home, id: &str, kind: &str, end: &str) -> Value {
    let path = home.request(id, kind, &[("email", EMAIL)]);
    home.done(&["submit", path.to_str().unwrap()]);
    home.wait_for_event(id, end)
}

/// Of that trace.
fn within<'a>(spans: &'a [Told], trace: &str) -> Vec<&'a Told> {
    spans.iter().filter(|told| told.trace() == trace).collect()
}

/// Of that request.
fn of<'a>(spans: &'a [Told], id: &str) -> Vec<&'a Told> {
    spans.iter().filter(|told| told.says().get("request.id").is_some_and(|it| it == id)).collect()
}

fn traces_of(spans: &[Told], id: &str) -> BTreeSet<String> {
    of(spans, id).into_iter().map(Told::trace).collect()
}

/// Waits until so many requests are completed, and gives their ids.
async fn completed(producer: &Producer, count: usize, daemon: &Daemon) -> BTreeSet<String> {
    let (mut ended, begun) = (BTreeSet::new(), Instant::now());
    while ended.len() < count {
        let log = || daemon.log();
        assert!(begun.elapsed() < Duration::from_secs(120), "{ended:?} ended:\n{}", log());
        for event in producer.drain("told").await {
            let event: Value = serde_json::from_slice(&event).unwrap();
            if let Some(parent) = event["traceparent"].as_str() {
                // What goes with events is the producer's own, as ever.
                assert!(parent.starts_with(&format!("00-{TRACE}-{SPAN}-")), "{parent}");
            }
            if event["type"] == "io.dsrd.request.completed.v1" {
                ended.insert(event["subject"].as_str().unwrap().to_owned());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ended
}

/// The producers' decisions are taken: one trace is gone on with, the other is not told.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_told_in_its_producers_trace() {
    let (rabbit, collector, home) = (RabbitMq::start().await, Collector::start(), home());
    let url = rabbit.url();
    let daemon = started(&home, &collector.url(), &[("DSRD__QUEUE__URL", &url)]);
    let producer = Producer::connect(&url).await;
    producer.listen("told", "#").await;
    for (id, flags) in [("r-told", "01"), ("r-untold", "00")] {
        let mut headers = FieldTable::default();
        let parent = format!("00-{TRACE}-{SPAN}-{flags}");
        headers.insert("traceparent".into(), AMQPValue::LongString(parent.as_str().into()));
        producer.send_with(producer::request(id, "ann").as_bytes(), headers).await;
    }
    assert_eq!(completed(&producer, 2, &daemon).await.len(), 2);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains(TRACE));
    let spans = collector.spans();
    let told = within(&spans, TRACE);
    assert_eq!(
        names(told.iter().copied()),
        ["act", "conclude", "find", "intake", "publish", "verify"]
    );
    for told in told {
        assert_eq!(hex::encode(&told.span.parent_span_id), SPAN, "{:?}", told.span);
        assert_eq!(told.says()["request.id"], "r-told");
        assert!(told.span.start_time_unix_nano <= told.span.end_time_unix_nano);
        assert_eq!(told.span.flags & 1, 1);
    }
    assert_eq!(of(&spans, "r-untold").len(), 0);
}

/// A sweep that requests share points to each of them, and each of them to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_sweep_is_linked_with_each_of_its_requests() {
    let (rabbit, collector, home) = (RabbitMq::start().await, Collector::start(), home());
    let url = rabbit.url();
    let producer = Producer::connect(&url).await;
    producer.declare_requests().await;
    producer.listen("told", "#").await;
    // All wait when the daemon starts: while one is swept for at most, the others come in.
    let ids: BTreeSet<String> = (1..=6).map(|number| format!("r-{number}")).collect();
    producer.send_all(ids.iter().map(|id| producer::request(id, id))).await;
    let daemon = started(&home, &collector.url(), &[("DSRD__QUEUE__URL", &url)]);
    assert_eq!(completed(&producer, ids.len(), &daemon).await, ids);
    daemon.end("-TERM");
    let spans = collector.spans();
    let sweeps: Vec<&Told> = spans.iter().filter(|told| told.span.name == "sweep").collect();
    let count = |told: &Told| told.says()["request.count"].parse::<usize>().unwrap();
    assert!(sweeps.iter().any(|sweep| count(sweep) > 1), "none was shared");
    for sweep in sweeps {
        let says = sweep.says();
        let points_back = |told: &&Told| told.links() == BTreeSet::from([sweep.place()]);
        let parts: Vec<&Told> = spans.iter().filter(points_back).collect();
        assert_eq!(parts.len(), count(sweep));
        assert!(parts.iter().all(|part| part.span.name == says["sweep.purpose"]));
        assert_eq!(sweep.links(), parts.iter().map(|part| part.place()).collect());
        let whole = within(&spans, &sweep.trace());
        assert_eq!(names(whole.iter().copied()), ["sweep", "walk"]);
        for walk in whole.iter().filter(|told| told.span.name == "walk") {
            assert_eq!(walk.span.parent_span_id, sweep.span.span_id);
            assert_eq!(walk.says()["source"], "run-history");
        }
    }
    // One trace a request, whose root is the intake.
    for id in &ids {
        assert_eq!(traces_of(&spans, id).len(), 1);
        let (roots, others): (Vec<&Told>, Vec<&Told>) =
            of(&spans, id).into_iter().partition(|told| told.span.parent_span_id.is_empty());
        assert_eq!(names(roots.iter().copied()), ["intake"]);
        let root = &roots[0].span.span_id;
        assert!(others.iter().all(|told| told.span.parent_span_id == *root));
    }
}

/// Nothing that is told names the person, and what is told is on a list.
#[test]
fn nobody_is_named() {
    let (collector, home) = (Collector::start(), home());
    let daemon = started(&home, &collector.url(), &[]);
    ask(&home, "r-1", "access", "completed");
    ask(&home, "r-2", "erasure", "completed");
    home.write("dsrd-data/queue/incoming/bad.json", &format!("{{\"{EMAIL}\": \"{NAME}\"}}"));
    wait_for("a refusal", || home.events().iter().any(|it| it["data"]["outcome"] == "rejected"));
    daemon.end("-TERM");
    for posted in collector.posted("/v1/traces").iter().chain(&collector.posted("/v1/metrics")) {
        assert_eq!(found(&posted.body), Vec::<String>::new());
    }
    let said: BTreeSet<String> =
        collector.spans().iter().flat_map(|told| told.says().into_keys()).collect();
    insta::assert_debug_snapshot!(said, @r#"
    {
        "event.name",
        "item.count",
        "item.known",
        "outcome",
        "part",
        "request.count",
        "request.id",
        "request.kind",
        "request.state",
        "source",
        "sweep.purpose",
        "sweep.size_bytes",
    }
    "#);
}

/// Stopped in the middle and started again, a request goes on in the same trace.
#[test]
fn a_restart_goes_on_in_the_same_trace() {
    let (collector, home) = (Collector::start(), home());
    let held = [("DSRD__GUARD__ITEMS_MAX", "1")];
    let daemon = started(&home, &collector.url(), &held);
    ask(&home, "r-1", "erasure", "held");
    assert_eq!(daemon.end("-TERM").0, Some(0));
    let daemon = started(&home, &collector.url(), &held);
    home.done(&["approve", "r-1", "--actor", "op", "--reason", "seen"]);
    home.wait_for_event("r-1", "completed");
    let (_, log) = daemon.end("-TERM");
    let spans = collector.spans();
    let traces = traces_of(&spans, "r-1");
    assert_eq!(traces.len(), 1);
    assert!(log.contains(traces.first().unwrap()), "log lines name the trace");
    let by = |name: &str| {
        let all = of(&spans, "r-1").into_iter().filter(|told| told.span.name == name);
        all.map(|told| told.resource["service.instance.id"].clone()).collect::<BTreeSet<_>>()
    };
    let (before, after) = (by("find"), by("verify"));
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after, "two daemons told it");
    let resource = &spans[0].resource;
    assert_eq!(resource["service.name"], "dsrd");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["dsrd.deployment"], "urn:dsrd:local");
    let said = of(&spans, "r-1");
    let decided =
        said.iter().find(|told| told.says().get("outcome").is_some_and(|it| it == "approve"));
    assert_eq!(decided.unwrap().span.name, "intake");
}

/// With a share of none, nothing is told of what comes without a trace; numbers are.
#[test]
fn numbers_are_those_of_the_page() {
    let (collector, home) = (Collector::start(), home());
    let listen = format!("127.0.0.1:{}", free_port());
    let more = [("DSRD__HTTP__LISTEN", listen.as_str()), ("DSRD__OTLP__TRACES_SHARE", "0")];
    let daemon = started(&home, &collector.url(), &more);
    ask(&home, "r-1", "erasure", "completed");
    let scraped = reqwest_text(&format!("http://{listen}/metrics"));
    daemon.end("-TERM");
    assert_eq!(collector.posted("/v1/traces").len(), 0);
    let described = |line: &str| Some(line.strip_prefix("# TYPE ")?.split_once(' ')?.0.to_owned());
    let shown: BTreeSet<String> = scraped.lines().filter_map(described).collect();
    let metrics = collector.metrics();
    let told: BTreeSet<String> = metrics.iter().map(|metric| metric.name.clone()).collect();
    assert_eq!(told, shown);
    let completed = metrics.iter().find(|metric| metric.name == "dsrd_requests_total").unwrap();
    let Some(Data::Sum(sum)) = &completed.data else { panic!("it is a sum") };
    assert!(sum.is_monotonic && sum.data_points.iter().all(|it| it.start_time_unix_nano > 0));
}

fn reqwest_text(url: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { reqwest::get(url).await.unwrap().text().await.unwrap() })
}

/// Whatever the collector does, requests come to their ends, and the daemon to its own in time.
#[test]
fn a_collector_that_takes_nothing_changes_nothing() {
    let busy = "503 Busy\r\nRetry-After: 30";
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let bad = ["", busy, "400 Bad", "429 Too Many"].map(|answer| Collector::answering(&[answer]));
    for url in bad.iter().map(Collector::url).chain([nobody]) {
        let home = home();
        let daemon = started(&home, &url, &[]);
        ask(&home, "r-1", "erasure", "completed");
        let begun = Instant::now();
        let (code, log) = daemon.end("-TERM");
        assert_eq!(code, Some(0), "{log}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}\n{log}", begun.elapsed());
        let told = log.matches("the collector takes none").count();
        // Once for each of the two, or not at all before it was known.
        assert!(told <= 2, "{told}\n{log}");
        assert!(log.contains("span.count") || log.contains("the collector takes none"), "{log}");
    }
}

/// What was not taken at first is taken later, and that is said.
#[test]
fn what_was_not_taken_is_tried_again() {
    let busy = "503 Busy\r\nRetry-After: 1";
    let (collector, home) = (Collector::answering(&[busy, busy, busy, busy, "200 OK"]), home());
    let daemon = started(&home, &collector.url(), &[("DSRD__OTLP__METRICS_EVERY_MS", "0")]);
    ask(&home, "r-1", "access", "completed");
    wait_for("the collector to be open", || daemon.log().contains("takes them again"));
    let (_, log) = daemon.end("-TERM");
    assert_eq!(log.matches("the collector takes none").count(), 1, "{log}");
    let error = format!("127.0.0.1:{} answered 503", collector.port());
    assert!(log.contains(&error), "{log}");
    assert!(!log.contains("took not all"), "{log}");
    let spans = collector.spans();
    let said = names(of(&spans, "r-1"));
    assert_eq!(said, ["act", "conclude", "find", "intake", "publish", "verify"]);
}

#[test]
fn the_headers_let_it_in_and_are_shown_to_nobody() {
    let (collector, home) = (Collector::start(), home());
    let file = home.write("headers", "authorization=Bearer%20s3cret,x-tenant=t1\n");
    let given = [("DSRD__OTLP__HEADERS_FILE", file.to_str().unwrap())];
    let daemon = started(&home, &collector.url(), &given);
    ask(&home, "r-1", "access", "completed");
    let (_, log) = daemon.end("-TERM");
    for posted in collector.posted("/v1/traces") {
        assert_eq!(posted.header("authorization"), Some("Bearer s3cret"));
        assert_eq!(posted.header("x-tenant"), Some("t1"));
        assert_eq!(posted.header("content-type"), Some("application/x-protobuf"));
    }
    assert!(!collector.posted("/v1/traces").is_empty() && !log.contains("s3cret"));
    let url = collector.url();
    let shown = home
        .command(&["config"])
        .envs(settings(&url, &[("DSRD__OTLP__HEADERS", "a=s3cret")]))
        .output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    assert!(shown.contains(&url) && !shown.contains("s3cret") && shown.contains("***"), "{shown}");
}

#[test]
fn a_check_says_whether_the_collector_takes_anything() {
    let home = home();
    let (open, shut) = (Collector::start(), Collector::answering(&["401 Who"]));
    let nobody = free_port();
    let table = [
        (open.url(), Some(0), "ok".to_owned()),
        (shut.url(), Some(1), format!("127.0.0.1:{} answered 401", shut.port())),
        (
            format!("http://127.0.0.1:{nobody}"),
            Some(1),
            format!("no connection to 127.0.0.1:{nobody}"),
        ),
    ];
    for (url, code, text) in table {
        let ran = home.command(&["check"]).envs(settings(&url, &[])).output().unwrap();
        let out = String::from_utf8(ran.stdout).unwrap();
        let line = out.lines().find(|line| line.starts_with("collector")).unwrap();
        assert!(line.contains(&text), "{out}");
        assert_eq!(ran.status.code(), code, "{out}");
    }
    assert!(!home.done(&["check"]).contains("collector"));
}
