//! Status callbacks: owed with each event, posted in order, never lost, and to nobody but whom the
//! operator trusts.

use std::time::{Duration, Instant};

use dsrd::adapters::http::callbacks::HttpCallbacks;
use dsrd::adapters::memory::callbacks::Mood;
use dsrd::domain::callbacks::networks::Network;
use dsrd::domain::callbacks::rule::{CallbackHost, CallbackRule};
use dsrd::domain::callbacks::url::CallbackUrl;
use dsrd::domain::failure::{Failure, FailureKind};
use dsrd::evidence::signature::{Detached, PublicKey};
use dsrd::ports::messages::callbacks::{Answer, Callbacks, Letter};
use serde_json::{Value, json};

use crate::support::program::{Home, wait_for};
use crate::support::receiver::Receiver;
use crate::support::simulation::leaks::{CONTENT, found};
use crate::support::simulation::scenario::{Scenario, correspondence, request_told, simulate};
use crate::support::simulation::story::ending;

/// A request that wants to be told at these URLs, in a world whose hosts are all trusted.
fn called_back(id: &str, urls: &[&str]) -> (Scenario, Value) {
    let hosts = ["crm.example", "other.example", "slow.example"];
    (Scenario::small().trusting(&hosts), request_told(id, "erasure", urls))
}

/// What each host was posted, in order: the last word of the type, and the status in the body.
fn posted(scenario: &Scenario) -> Vec<String> {
    let each = scenario.callbacks.posted().into_iter().map(|posted| {
        let body: Value = serde_json::from_slice(&posted.body).unwrap();
        assert!(body["status_callback_url"].as_str().unwrap().contains(&posted.host));
        let name = posted.headers["ce-type"].split('.').nth(3).unwrap().to_owned();
        let (id, status) = (&posted.headers["ce-sequence"][9..], &body["request_status"]);
        format!("{} {id} {name} {}", posted.host, status.as_str().unwrap())
    });
    each.collect()
}

fn count(scenario: &Scenario, result: &str) -> u64 {
    let metrics = scenario.metrics.lock().unwrap().concat();
    let name = format!("dsrd_callbacks_total{{result=\"{result}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |n| n.parse().unwrap())
}

#[test]
fn each_event_of_a_request_is_posted_to_its_urls_in_order() {
    let url = format!("https://crm.example/hook?k={CONTENT}");
    let (scenario, message) = called_back("r-1", &[&url]);
    let scenario = scenario.sent(message);
    simulate(async || {
        scenario.live().await;
        for (place, bytes) in scenario.everything_written().await {
            // The ledger has to keep the URL, and the token in it is one of the canaries.
            if !place.contains("ledger.db") {
                assert_eq!(found(&bytes), Vec::<String>::new(), "in {place}");
            }
        }
    });
    insta::assert_debug_snapshot!(posted(&scenario), @r#"
    [
        "crm.example 1 accepted pending",
        "crm.example 2 progressed in_progress",
        "crm.example 3 progressed in_progress",
        "crm.example 4 progressed in_progress",
        "crm.example 5 progressed in_progress",
        "crm.example 6 completed completed",
    ]
    "#);
    assert_eq!(count(&scenario, "delivered"), 6);
}

#[test]
fn a_refusal_is_tried_again_under_the_same_id_and_goes_nowhere_else() {
    let (scenario, message) =
        called_back("r-1", &["https://crm.example/", "https://other.example/"]);
    let refused = Answer::Refused { status: 503, retry_after_ms: Some(30_000) };
    scenario.callbacks.set_mood("crm.example", Mood::Answers(refused, 2));
    let scenario = scenario.sent(message);
    simulate(async || scenario.live().await);
    let told = posted(&scenario);
    let of = |host: &str| -> Vec<_> {
        let mut told: Vec<_> = told.iter().filter_map(|line| line.strip_prefix(host)).collect();
        told.sort_unstable();
        told
    };
    assert_eq!(of("crm.example"), of("other.example"));
    assert_eq!((count(&scenario, "delivered"), count(&scenario, "retried")), (12, 2));
    let logs = scenario.logs.text();
    assert!(logs.contains("the host answered 503"), "{logs}");
}

#[test]
fn a_host_that_wants_no_more_or_never_answers_well_is_given_up() {
    let (mut scenario, message) =
        called_back("r-1", &["https://crm.example/", "https://other.example/"]);
    scenario.keeping.callback_give_up_after_ms = 5_000;
    let refused = Answer::Refused { status: 302, retry_after_ms: None };
    scenario.callbacks.set_mood("crm.example", Mood::Answers(Answer::Gone, u32::MAX));
    scenario.callbacks.set_mood("other.example", Mood::Answers(refused, u32::MAX));
    let scenario = scenario.sent(message);
    simulate(async || scenario.live().await);
    assert_eq!(posted(&scenario), Vec::<String>::new());
    assert_eq!(count(&scenario, "given_up"), 12);
    assert!(count(&scenario, "retried") >= 6 * 3, "{}", count(&scenario, "retried"));
}

#[test]
fn a_silent_host_holds_up_nobody() {
    let (mut scenario, message) =
        called_back("r-1", &["https://slow.example/", "https://crm.example/"]);
    scenario.callbacks.set_mood("slow.example", Mood::Silent);
    scenario.left_owed = 6;
    let scenario = scenario.sent(message);
    let ended = simulate(async || {
        scenario.live().await;
        ending(&scenario).await
    });
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!((posted(&scenario).len(), count(&scenario, "delivered")), (6, 6));
}

#[test]
fn a_request_sent_twice_is_answered_twice() {
    let (scenario, message) = called_back("r-1", &["https://crm.example/"]);
    let again = message.to_string();
    let scenario = scenario.sent(message);
    simulate(async || {
        scenario.live().await;
        scenario.inbox.push(again, correspondence());
        scenario.live().await;
    });
    let ids: Vec<String> =
        scenario.callbacks.posted().iter().map(|posted| posted.headers["ce-id"].clone()).collect();
    assert_eq!((ids.len(), &ids[5]), (7, &ids[6]), "the last event, again");
}

#[test]
fn a_url_of_a_stranger_is_refused() {
    let (scenario, message) = called_back("r-1", &["https://evil.example/hushhush"]);
    let scenario = scenario.sent(message);
    let ended = simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        ending(&scenario).await
    });
    assert!(ended.contains("/status_callback_urls/0 callback_not_allowed"), "{ended}");
    assert!(scenario.callbacks.posted().is_empty(), "a refusal is not called back");
}

fn open(hosts: &[&str], networks: &[&str]) -> HttpCallbacks {
    let hosts = hosts.iter().map(|host| CallbackHost::parse(host).unwrap()).collect();
    let networks = networks.iter().map(|network| Network::parse(network).unwrap());
    let rule = CallbackRule { hosts, private_networks: networks.collect() };
    let timeout = Duration::from_millis(500);
    let opened = HttpCallbacks::open(&rule, timeout);
    opened.map_err(|failure| failure.chain()).unwrap()
}

fn letter() -> Letter {
    let headers = vec![("ce-id".to_owned(), "e-1".to_owned())];
    Letter { headers, body: "{\"a\": 1}".into() }
}

async fn post(callbacks: &HttpCallbacks, url: &str) -> Result<Answer, Failure> {
    callbacks.post(&CallbackUrl::parse(url).unwrap(), &letter()).await
}

#[tokio::test]
async fn answers_are_understood_and_redirects_not_followed() {
    let trap = Receiver::start(&["200 OK"]);
    let redirect: &'static str =
        format!("307 Over There\r\nLocation: http://127.0.0.1:{}/", trap.port).leak();
    let refused = |status, retry_after_ms| Answer::Refused { status, retry_after_ms };
    let table = [
        ("200 OK", Answer::Taken),
        ("202 Accepted", Answer::Taken),
        ("410 Gone", Answer::Gone),
        (redirect, refused(307, None)),
        ("404 Not Found", refused(404, None)),
        ("503 Busy\r\nRetry-After: 7", refused(503, Some(7_000))),
        ("429 Slow\r\nRetry-After: Fri, 31 Dec 2027 23:59:59 GMT", refused(429, None)),
    ];
    for (status, expected) in table {
        let receiver = Receiver::start(&[status]);
        let host = format!("127.0.0.1:{}", receiver.port);
        let callbacks = open(&[&host], &["127.0.0.0/8"]);
        let answer = post(&callbacks, &format!("http://{host}/hook?k=t0ken")).await;
        assert_eq!(answer.map_err(|failure| failure.chain()).unwrap(), expected, "{status}");
        let [posted] = &receiver.posted()[..] else { panic!("{status}: not once") };
        assert_eq!(posted.head[0], "POST /hook?k=t0ken HTTP/1.1");
        assert_eq!((posted.header("ce-id"), &posted.body[..]), (Some("e-1"), &b"{\"a\": 1}"[..]));
    }
    assert!(trap.posted().is_empty(), "a redirect was followed");
}

#[tokio::test]
async fn addresses_that_are_not_admitted_are_not_connected_to() {
    let receiver = Receiver::start(&["200 OK"]);
    let port = receiver.port;
    let (literal, name) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
    let (listed, elsewhere) = ([literal.as_str(), &name], "10.0.0.0/8");
    let table: [(&[&str], &[&str], String, &str); 6] = [
        (&[], &["127.0.0.0/8"], format!("http://{literal}/t0ken"), "turned off"),
        (&["crm.example"], &["127.0.0.0/8"], format!("http://{literal}/t0ken"), "not among"),
        (&listed, &[elsewhere], format!("http://{literal}/t0ken"), "not among"),
        (&listed, &[elsewhere], format!("http://{name}/t0ken"), "may not go to"),
        // The name is public by its looks; what it resolves to is not.
        (&listed, &[], format!("https://{name}/t0ken"), "may not go to"),
        (&listed, &[], format!("http://{name}/t0ken"), "https://"),
    ];
    for (hosts, networks, url, reason) in table {
        let failure = post(&open(hosts, networks), &url).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NeedsPerson, "{url}: {}", failure.chain());
        assert!(failure.chain().contains(reason), "{url}: {}", failure.chain());
        assert!(!failure.chain().contains("t0ken"), "{url}: {}", failure.chain());
    }
    assert!(receiver.posted().is_empty());
    let networks = ["127.0.0.0/8", "::1/128"];
    post(&open(&listed, &networks), &format!("http://{name}/t0ken")).await.ok().unwrap();
    assert_eq!(receiver.posted().len(), 1);
}

#[tokio::test]
async fn a_host_that_is_slow_or_away_fails_in_time_and_is_not_quoted() {
    let slow = Receiver::start(&[""]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (port, reason) in [(slow.port, "no answer in time"), (closed, "no connection")] {
        let host = format!("127.0.0.1:{port}");
        let callbacks = open(&[&host], &["127.0.0.0/8"]);
        let started = Instant::now();
        let failure = post(&callbacks, &format!("http://{host}/t0ken")).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(20), "{reason}");
        assert_eq!(failure.kind, FailureKind::Transient);
        let chain = failure.chain();
        assert!(chain.contains(reason) && !chain.contains("t0ken"), "{chain}");
    }
}

/// The program itself: a server that fails at first gets every event all the same, each under one
/// id.
#[test]
fn a_daemon_calls_back() {
    let receiver = Receiver::start(&["500 Oh", "302 Away\r\nLocation: /trap", "200 OK"]);
    let home = Home::new();
    let host = format!("127.0.0.1:{}", receiver.port);
    let settings = format!(
        "[callbacks]\nhosts = [\"{host}\"]\nprivate_networks = [\"127.0.0.0/8\"]\n\
         [limits]\nretry_delay_ms_min = 10\n"
    );
    let settings = home.write("dsrd.toml", &settings);
    let settings = ["--config", settings.to_str().unwrap()];
    home.put("notes.txt", "ask ann@contoso.com");
    let path = home.request("r-1", "erasure", &[("email", "ann@contoso.com")]);
    let mut message = crate::support::program::json_in(&path);
    message["status_callback_urls"] = json!([format!("http://{host}/hook?k=t0ken")]);
    std::fs::write(&path, message.to_string()).unwrap();
    let daemon = home.serve_with(&settings);
    home.done(&[&["submit", path.to_str().unwrap()], &settings[..]].concat());
    home.wait_for_event("r-1", "completed");
    wait_for("every event", || receiver.posted().len() >= home.events().len() + 2);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("t0ken") && log.contains(&host), "{log}");

    let mut ids: Vec<String> =
        receiver.posted().iter().map(|p| p.header("ce-id").unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    let mut announced: Vec<String> =
        home.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    announced.sort();
    assert_eq!(ids, announced);
    let key = home.done(&[&["config", "--public-key"], &settings[..]].concat());
    let key = PublicKey::from_pem(&key).unwrap();
    for posted in receiver.posted() {
        let signature = Detached::parse(posted.header("dsrd-signature").unwrap()).unwrap();
        assert_eq!(signature.verify(&posted.body, &key), Ok(()));
        assert!(signature.verify(b"{}", &key).is_err());
        assert_eq!(posted.head[0], "POST /hook?k=t0ken HTTP/1.1");
        assert_eq!(posted.header("content-type"), Some("application/json"));
        let body: Value = serde_json::from_slice(&posted.body).unwrap();
        assert_eq!(body["subject_request_id"], "r-1");
    }
}
