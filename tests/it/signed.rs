//! Who may ask: the deployment's key, and what becomes of messages that nobody vouches for.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use dsrd::domain::failure::Failure;
use dsrd::domain::policy::guard::Guard;
use dsrd::evidence::signature::{SEED_BYTES, SigningKey};
use dsrd::ports::messages::inbox::Label;
use dsrd::ports::system::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::program::{Home, Ran, wait_for};
use crate::support::rabbitmq::RabbitMq;
use crate::support::simulation::scenario::{Scenario, control, correspondence, request, simulate};
use crate::support::simulation::story::{check, story};

#[test]
fn the_public_key_is_that_of_the_file_which_is_made_once() {
    let home = Home::new();
    let shown = home.done(&["config", "--public-key"]);
    let file = home.path("dsrd-data/signing.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (id, pem) = shown.split_once('\n').unwrap();
    let id = id.strip_prefix("Key id: ").unwrap();
    assert_eq!((id.len(), pem), (43, public_of(&file).as_str()));
    assert_eq!(home.done(&["config", "--public-key"]), shown);

    let private = fs::read_to_string(&file).unwrap();
    let secret = private.lines().nth(1).unwrap();
    let all = home.done(&["config"]);
    assert!(!shown.contains(secret) && !all.contains(secret), "only its place is shown: {all}");
    assert!(all.contains("dsrd-data/signing.key"), "{all}");
}

#[test]
fn trusted_keys_that_are_none_are_refused_and_not_quoted() {
    let home = Home::new();
    home.done(&["config", "--public-key"]);
    let private = fs::read_to_string(home.path("dsrd-data/signing.key")).unwrap();
    let secret = private.lines().nth(1).unwrap();
    let table = [
        (private.as_str(), "queue.trusted_keys.ticketing is no public key as PEM"),
        ("missing.pem", "queue.trusted_keys.ticketing cannot be read"),
        ("dsrd-data/signing.key", "queue.trusted_keys.ticketing is no public key as PEM"),
    ];
    for (value, expected) in table {
        let mut config = home.command(&["config"]);
        let config = config.env("DSRD__QUEUE__TRUSTED_KEYS__TICKETING", value);
        let ran = Ran::of(config.output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains(expected) && !ran.err.contains(secret), "{}", ran.err);
    }
    // What looks like one and is none is met at the start.
    let text = "-----BEGIN PUBLIC KEY-----\n5ecret\n-----END PUBLIC KEY-----";
    let mut run = home.command(&["run"]);
    let ran = Ran::of(run.env("DSRD__QUEUE__TRUSTED_KEYS__TICKETING", text).output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("taking [queue] trusted_keys.ticketing"), "{}", ran.err);
    assert!(!ran.err.contains("5ecret"), "{}", ran.err);
}

#[test]
fn a_key_that_is_none_is_refused_and_not_quoted() {
    let home = Home::new();
    home.write("dsrd-data/signing.key", "-----BEGIN PRIVATE KEY-----\n5ecret\n");
    let ran = home.run(&["config", "--public-key"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("openssl genpkey -algorithm ed25519"), "{}", ran.err);
    assert!(!ran.err.contains("5ecret"), "{}", ran.err);
}

#[test]
fn only_what_a_trusted_key_signed_is_heard() {
    let scenario = trusting();
    let now = scenario.clock.now();
    let (good, other) = (request("r-1", "access"), request("r-1", "erasure"));
    send(&scenario, &good, Some(producer().sign(bytes(&good).as_slice(), now)));
    // Nobody vouches for these: what they are about is not looked at.
    send(&scenario, &good, None);
    send(&scenario, &other, None);
    send(&scenario, &control("cancel", "r-1"), None);
    send(&scenario, &json!("nonsense"), None);
    let sent_signed = |id: &str, key: &SigningKey, at: Timestamp| {
        let message = request(id, "access");
        send(&scenario, &message, Some(key.sign(&bytes(&message), at)));
    };
    sent_signed("r-2", &SigningKey::from_seed(&[9; SEED_BYTES]), now);
    sent_signed("r-3", &producer(), now - SignedDuration::from_hours(2));
    sent_signed("r-4", &producer(), now + SignedDuration::from_hours(2));
    send(&scenario, &request("r-5", "access"), Some(producer().sign(&bytes(&good), now)));
    // A body that was refused above, and now has another fault.
    send(&scenario, &good, Some("h..s".to_owned()));

    let (ended, reasons, refusals) = simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        let letters = scenario.inbox.dead_letters();
        let reasons: Vec<String> = letters.into_iter().map(|letter| letter.reason).collect();
        (story(&scenario).await, reasons, refusals(&scenario))
    });
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
    assert!(!ended.contains("was published 2 times"), "nobody is told of r-1: {ended}");
    assert!(["r-2", "r-3", "r-4", "r-5"].iter().all(|id| !ended.contains(id)), "{ended}");
    let mut expected = vec![
        "signature_early",
        "signature_expired",
        "signature_key_unknown",
        "signature_malformed",
        "signature_missing",
        "signature_missing",
        "signature_missing",
        "signature_missing",
        "signature_wrong",
    ];
    let mut reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, expected);
    // Each is answered with that one fault, under an id that says nothing of what it claimed.
    let mut codes = Vec::new();
    for event in &refusals {
        let faults = event["data"]["refusals"].as_array().unwrap();
        assert_eq!((faults.len(), faults[0]["pointer"].as_str()), (1, Some("")), "{event}");
        assert!(event["subject"].as_str().unwrap().starts_with("rejected-"), "{event}");
        codes.push(faults[0]["code"].as_str().unwrap());
    }
    codes.sort_unstable();
    expected.retain(|code| *code != "signature_missing");
    codes.retain(|code| *code != "signature_missing");
    assert_eq!(codes, expected);
}

#[test]
fn a_decision_that_was_caught_does_not_decide_again() {
    let scenario = trusting();
    send_signed(&scenario, &request("r-1", "access"));
    scenario.wire.fail("create", || Failure::needs_person("writing an archive: no permission"));
    let (inbox, clock) = (Arc::clone(&scenario.inbox), Arc::clone(&scenario.clock));
    let caught = Mutex::new(None);
    scenario.wire.on("failed", move || {
        let body = bytes(&control("retry", "r-1"));
        let mut caught = caught.lock().unwrap();
        let signature = caught.get_or_insert_with(|| producer().sign(&body, clock.now()));
        inbox.push_labelled(body, correspondence(), signed(signature.clone()));
    });
    let ended = check(scenario);
    assert!(ended.contains("r-1 (access) is failed"), "{ended}");
    assert_eq!(ended.matches(" retried -> ").count(), 1, "{ended}");
    assert_eq!(ended.matches(" failed -> ").count(), 2, "{ended}");
}

#[test]
fn a_decision_that_was_signed_before_there_was_anything_to_decide_is_stale() {
    let mut scenario = trusting();
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    send_signed(&scenario, &request("r-1", "erasure"));
    for (word, age) in [("held", SignedDuration::from_mins(6)), ("rejected", SignedDuration::ZERO)]
    {
        let (inbox, clock) = (Arc::clone(&scenario.inbox), Arc::clone(&scenario.clock));
        scenario.wire.on(word, move || {
            let body = bytes(&control("approve", "r-1"));
            let signature = producer().sign(&body, clock.now() - age);
            inbox.push_labelled(body, correspondence(), signed(signature));
        });
    }
    let ended = check(scenario);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(ended.contains("dead letter of 82 bytes: signature_stale"), "{ended}");
}

#[test]
fn where_no_keys_are_named_signatures_are_not_looked_at() {
    let scenario = Scenario::small();
    send(&scenario, &request("r-1", "access"), Some("nonsense".to_owned()));
    let ended = check(scenario);
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
}

#[test]
fn a_folder_hears_what_is_signed_as_the_readme_says_and_what_we_submit() {
    let home = Home::new();
    home.put("run.json", "ann@contoso.com");
    trust_a_producer(&home, "");
    let ann = [("email", "ann@contoso.com")];
    let own = home.request("r-own", "access", &ann);
    let own = own.to_str().unwrap();
    let early = home.run(&["--config", "dsrd.toml", "submit", own]);
    assert_eq!(early.code, 1, "the key is the daemon's to make");
    assert!(early.err.contains("there is no key in dsrd-data/signing.key"), "{}", early.err);

    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let drop = |id: &str, signature: Option<String>| {
        let path = home.request(id, "access", &ann);
        let incoming = home.path("dsrd-data/queue/incoming");
        if let Some(signature) = signature {
            fs::write(incoming.join(format!("{id}.json.jws")), signature).unwrap();
        }
        fs::copy(path, incoming.join(format!("{id}.json"))).unwrap();
    };
    home.request("r-signed", "access", &ann);
    let signature = signed_as_the_readme_says(&home, "r-signed.json");
    drop("r-unsigned", None);
    drop("r-other", Some(signature.clone()));
    drop("r-signed", Some(signature));
    home.wait_for_event("r-signed", "completed");
    home.done(&["--config", "dsrd.toml", "submit", own]);
    home.wait_for_event("r-own", "completed");
    let reason = |id: &str| {
        let path = home.path(&format!("dsrd-data/queue/rejected/{id}.json.reason.txt"));
        wait_for(id, || path.exists());
        fs::read_to_string(path).unwrap()
    };
    assert_eq!(reason("r-unsigned"), "signature_missing\n");
    assert_eq!(reason("r-other"), "signature_wrong\n");
    assert!(home.path("dsrd-data/queue/rejected/r-other.json.jws").exists());
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0));
    let private = fs::read_to_string(home.path("dsrd-data/signing.key")).unwrap();
    for secret in ["contoso", private.lines().nth(1).unwrap()] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_hears_a_foreign_signer() {
    let broker = RabbitMq::start().await;
    let home = Home::new();
    home.put("run.json", "ann@contoso.com");
    trust_a_producer(&home, &format!("url = \"{}\"\n", broker.url()));
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let ann = [("email", "ann@contoso.com")];
    let ask = |id: &str, signature: &[String]| {
        let body = fs::read(home.request(id, "access", &ann)).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut stranger = Command::new("python3")
            .arg(root.join("it/foreign/ticketing.py"))
            .args([&broker.url(), "dsr.requests", "dsr.events", id])
            .args(signature)
            .env("PYTHONPATH", root.join("emulators/python"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is missing: apt-get install python3");
        stranger.stdin.take().unwrap().write_all(&body).unwrap();
        let output = stranger.wait_with_output().unwrap();
        assert!(output.status.success(), "is pika there? run tests/run once");
        String::from_utf8(output.stdout).unwrap()
    };
    let answers = ask("r-unsigned", &[]);
    assert!(answers.contains("\"code\": \"signature_missing\""), "{answers}");
    home.request("r-signed", "access", &ann);
    let answers = ask("r-signed", &[signed_as_the_readme_says(&home, "r-signed.json")]);
    assert!(answers.contains("io.dsrd.request.completed.v1"), "{answers}");

    let own = home.request("r-own", "access", &ann);
    let submit = ["--config", "dsrd.toml", "submit", own.to_str().unwrap(), "--wait"];
    let ran = Ran::of(home.command(&submit).output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(!daemon.end("-TERM").1.contains("contoso"));
}

/// A producer with a key.
fn producer() -> SigningKey {
    SigningKey::from_seed(&[7; SEED_BYTES])
}

/// A world that hears that producer.
fn trusting() -> Scenario {
    let mut scenario = Scenario::small();
    scenario.trusted_keys.insert(producer().id().to_owned(), producer().public_pem());
    scenario
}

fn bytes(message: &Value) -> Vec<u8> {
    message.to_string().into_bytes()
}

fn signed(signature: String) -> Label {
    Label { signature: Some(signature), ..Label::default() }
}

fn send(scenario: &Scenario, message: &Value, signature: Option<String>) {
    let label = signature.map_or_else(Label::default, signed);
    scenario.inbox.push_labelled(bytes(message), correspondence(), label);
}

fn send_signed(scenario: &Scenario, message: &Value) {
    send(scenario, message, Some(producer().sign(&bytes(message), scenario.clock.now())));
}

/// Each rejected event.
fn refusals(scenario: &Scenario) -> Vec<Value> {
    let events = scenario.announcer.published().into_iter();
    let rejected = events.filter(|event| event.name == "rejected");
    rejected.map(|event| serde_json::from_str(&event.body).unwrap()).collect()
}

/// Settings that hear a producer whose key a foreign program makes.
fn trust_a_producer(home: &Home, queue: &str) {
    let at = |name: &str| home.path(name).display().to_string();
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &at("ticketing.key")]);
    openssl(&["pkey", "-pubout", "-in", &at("ticketing.key"), "-out", &at("ticketing.pem")]);
    let keys = format!("trusted_keys = {{ ticketing = \"{}\" }}\n", at("ticketing.pem"));
    home.write("dsrd.toml", &format!("[queue]\n{queue}{keys}"));
}

/// Runs the recipe of `deploy/README.md`, word for word, on a file in `home`.
fn signed_as_the_readme_says(home: &Home, name: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let recipe = blocks.into_iter().find(|block| block.contains("pkeyutl")).unwrap();
    fs::copy(home.path(name), home.path("request.json")).unwrap();
    let ran =
        Command::new("sh").args(["-euc", recipe]).current_dir(home.path("")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    fs::read_to_string(home.path("request.json.jws")).unwrap()
}

/// As somebody else's program sees it.
fn public_of(private: &Path) -> String {
    openssl(&["pkey", "-pubout", "-in", private.to_str().unwrap()])
}

fn openssl(args: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(args)
        .output()
        .expect("openssl is missing: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
