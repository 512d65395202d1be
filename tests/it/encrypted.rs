//! Archives that are encrypted to those they are for: by the program itself, opened by the age
//! program, which shares nothing with ours, and gone when their time is over.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use dsrd::adapters::memory::exports::{MemoryExports, SIGNATURE};
use dsrd::domain::failure::Failure;
use dsrd::domain::request::RequestId;

use crate::support::program::{Home, json_in, wait_for};
use crate::support::simulation::scenario::{Scenario, control, correspondence, simulate};
use crate::support::simulation::scenario::{request, request_with};
use crate::support::simulation::story::{RECIPIENT, ending};

const PASSPHRASE: &str = "correct horse battery staple";

#[test]
fn recipients_open_an_archive_with_age_and_check_it_with_dsrd() {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    // Larger than a chunk of age, and does not pack.
    home.put("b.csv", random_rows("ann@contoso.com"));
    let (key, other) = (age_key(&home, "ann.key"), age_key(&home, "other.key"));
    let recipients = json!([recipient(&key), recipient(&age_key(&home, "dpo.key"))]);
    let archive = exported(&home, &recipients);

    for key in ["ann.key", "dpo.key"] {
        let opened = home.path("opened.zip");
        let (key, out) = (home.path(key), opened.to_str().unwrap());
        run("age", &["--decrypt", "-i", key.to_str().unwrap(), "-o", out, path(&archive)]);
        let zip = ZipArchive::new(fs::File::open(&opened).unwrap()).unwrap();
        let names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert!(names.iter().any(|name| name.ends_with("/b.csv")), "{names:?}");
        assert!(home.done(&["verify", "archive", out]).contains("request r-1, 2 files"));
        let told = home.done(&["verify", "archive", path(&archive), "--identity", path(&key)]);
        assert!(told.contains("request r-1, 2 files"), "{told}");
    }

    let ran = home.run(&["verify", "archive", path(&archive)]);
    assert_eq!(ran.code, 1, "it may hold: we could not look");
    assert!(ran.err.contains("is encrypted: give its key by --identity FILE"), "{}", ran.err);
    let ran = home.run(&["verify", "archive", path(&archive), "--identity", path(&other)]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("not for the key that was given"), "{}", ran.err);
    let ran = home.run(&["verify", "archive", path(&archive), "--identity", path(&archive)]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let ran = home.run(&["verify", "archive", "no.zip"]);
    assert_eq!(ran.code, 1, "{}", ran.err);

    let mut bytes = fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&archive, bytes).unwrap();
    let ran = home.run(&["verify", "archive", path(&archive), "--identity", path(&key)]);
    assert_eq!(ran.code, 4, "{}", ran.err);
}

#[test]
fn a_passphrase_opens_an_archive_with_age_and_dsrd_and_is_written_nowhere() {
    let home = Home::new();
    home.put("a.txt", "ann@contoso.com was here");
    let archive = exported(&home, &json!([{ "passphrase": PASSPHRASE }]));

    let (script, out) = (foreign("age_passphrase.py"), home.path("opened.zip"));
    let mut opening = Command::new("python3")
        .args([path(&script), path(&archive), path(&out)])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    opening.stdin.take().unwrap().write_all(PASSPHRASE.as_bytes()).unwrap();
    assert!(opening.wait().unwrap().success(), "apt-get install age");
    assert!(home.done(&["verify", "archive", path(&out)]).contains("request r-1, 1 files"));

    let file = home.write("passphrase", &format!("{PASSPHRASE}\n"));
    let told = home.done(&["verify", "archive", path(&archive), "--passphrase-file", path(&file)]);
    assert!(told.contains("request r-1, 1 files"), "{told}");
    let wrong = home.write("wrong", "correct horse battery stable\n");
    let ran = home.run(&["verify", "archive", path(&archive), "--passphrase-file", path(&wrong)]);
    assert_eq!(ran.code, 1, "{}", ran.err);

    for file in [file, wrong, home.path("r-1.json")] {
        fs::remove_file(file).unwrap();
    }
    let found = Command::new("grep").args(["-r", PASSPHRASE, path(&home.path(""))]).output();
    let found = String::from_utf8(found.unwrap().stdout).unwrap();
    assert_eq!(found, "");
}

/// Once the request rests, what it was read back by is gone with its key.
#[test]
fn at_rest_only_the_recipients_can_open_it() {
    let options = json!({ "encrypt_to": [RECIPIENT] });
    let scenario = Scenario::small().sent(request_with("r-1", "access", options));
    simulate(async || {
        scenario.live().await;
        let ended = ending(&scenario).await;
        assert!(ended.contains("r-1 (access) is completed"), "{ended}");
        assert!(ended.contains("r-1.zip.age holds data/"), "{ended}");
        let sealed = scenario.ledger().await.sealed(&RequestId::new("r-1").unwrap()).await;
        assert!(sealed.unwrap().is_none());
    });
    let data = last_data(&scenario);
    let stored = scenario.exports.get("r-1.zip.age").unwrap();
    assert_eq!(data["archive_sha256"], hex::encode(Sha256::digest(&stored)));
    assert_eq!(data["results_url"], "memory:r-1.zip.age");
}

/// A damaged one is noticed by its digest, whoever can read it.
#[test]
fn an_encrypted_archive_that_was_damaged_is_written_again() {
    let options = json!({ "encrypt_to": [RECIPIENT] });
    let scenario = Scenario::small().sent(request_with("r-1", "access", options));
    let (exports, once) = (std::sync::Arc::clone(&scenario.exports), std::sync::Once::new());
    scenario.wire.on("acted", move || {
        once.call_once(|| {
            let mut bytes = exports.get("r-1.zip.age").unwrap().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            exports.overwrite("r-1.zip.age", bytes);
        });
    });
    simulate(async || {
        scenario.live().await;
        let ended = ending(&scenario).await;
        assert!(ended.contains("left_over -> acting"), "{ended}");
        assert!(ended.contains("r-1 (access) is completed"), "{ended}");
    });
}

#[test]
fn an_archive_is_removed_when_its_time_is_over_and_the_event_says_when() {
    let mut scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.keeping.archive_life_ms = 60_000;
    simulate(async || scenario.live().await);
    let data = last_data(&scenario);
    assert_eq!(scenario.exports.names(), ["r-1.zip"], "not before");
    let expires: jiff::Timestamp = data["results_expire_time"].as_str().unwrap().parse().unwrap();
    let mut later = scenario;
    later.until_expired = true;
    simulate(async || {
        later.live().await;
        later.assert_silent().await;
        let ledger = later.ledger().await;
        assert!(ledger.kept(&RequestId::new("r-1").unwrap()).await.unwrap().is_none());
    });
    assert!(later.exports.names().is_empty());
    assert!(dsrd::ports::system::Clock::now(&*later.clock) >= expires);
    assert!(later.metrics.lock().unwrap().concat().contains("dsrd_archives_removed_total 1"));
    assert!(later.logs.text().contains("its archive was removed"));
}

#[test]
fn archives_are_kept_for_good_where_the_operator_says_so() {
    let mut scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.keeping.archive_life_ms = 0;
    simulate(async || scenario.live().await);
    assert!(last_data(&scenario)["results_expire_time"].is_null());
    scenario.clock.advance_ms(1 << 40);
    simulate(async || scenario.live().await);
    assert_eq!(scenario.exports.names(), ["r-1.zip"]);
}

/// What was half or wholly written for a request that then fails is nobody's.
#[test]
fn a_request_that_fails_leaves_no_archive() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.wire.fail("open archive", || Failure::permanent("opening an archive"));
    simulate(async || {
        scenario.live().await;
        let ended = ending(&scenario).await;
        assert!(ended.contains("r-1 (access) is failed"), "{ended}");
    });
    assert!(scenario.exports.names().is_empty());
    // And tried again it is whole.
    scenario.wire.heal();
    scenario.inbox.push(control("retry", "r-1").to_string(), correspondence());
    simulate(async || {
        scenario.live().await;
        let ended = ending(&scenario).await;
        assert!(ended.contains("r-1 (access) is completed"), "{ended}");
    });
    assert_eq!(scenario.exports.names(), ["r-1.zip"]);
}

/// The link is in the event, the same at every repetition, and in no record, log or page.
#[test]
fn a_link_is_in_the_event_and_nowhere_else() {
    let mut scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.exports = MemoryExports::new().with_links(SignedDuration::from_hours(1)).into();
    simulate(async || {
        scenario.live().await;
        scenario.inbox.push(request("r-1", "access").to_string(), correspondence());
        scenario.live().await;
        scenario.assert_silent().await;
    });
    let events = scenario.announcer.published();
    let ended: Vec<_> = events.iter().filter(|event| event.name == "completed").collect();
    assert_eq!(ended.len(), 2, "announced again");
    assert_eq!(ended[0].body, ended[1].body);
    let data = last_data(&scenario);
    let url = data["results_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("&sig={SIGNATURE}")), "{url}");
    assert!(data["results_url_expire_time"].as_str() < data["results_expire_time"].as_str());
}

fn last_data(scenario: &Scenario) -> Value {
    let events = scenario.announcer.published();
    serde_json::from_str::<Value>(&events.last().unwrap().body).unwrap()["data"].clone()
}

/// The archive of a request for access that a daemon answered.
fn exported(home: &Home, encrypt_to: &Value) -> PathBuf {
    let file = home.request("r-1", "access", &[("email", "ann@contoso.com")]);
    let mut message = json_in(&file);
    message["extensions"] = json!({ "dsrd": { "encrypt_to": encrypt_to } });
    let file = home.write("r-1.json", &message.to_string());
    let daemon = home.serve();
    home.done(&["submit", path(&file), "--wait"]);
    let event = home.wait_for_event("r-1", "completed");
    let archive = home.path("dsrd-data/exports/r-1.zip.age");
    let digest = hex::encode(Sha256::digest(fs::read(&archive).unwrap()));
    assert_eq!(event["data"]["archive_sha256"], digest);
    assert!(event["data"]["results_url"].as_str().unwrap().ends_with("/r-1.zip.age"));
    let (code, _) = daemon.end("-TERM");
    assert_eq!(code, Some(0));
    // What was taken from the queue is gone from it.
    wait_for("the queue to be empty", || {
        fs::read_dir(home.path("dsrd-data/queue/incoming")).unwrap().next().is_none()
    });
    archive
}

fn age_key(home: &Home, name: &str) -> PathBuf {
    let file = home.path(name);
    run("age-keygen", &["-o", path(&file)]);
    file
}

fn recipient(key: &Path) -> String {
    let ran = Command::new("age-keygen").args(["-y", path(key)]).output().unwrap();
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

fn run(program: &str, args: &[&str]) {
    let ran = Command::new(program).args(args).output();
    let ran = ran.unwrap_or_else(|_| panic!("{program} is missing: apt-get install age"));
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

fn random_rows(who: &str) -> String {
    let row = |n: u32| format!("{who},{}\n", hex::encode(Sha256::digest(n.to_be_bytes())));
    (0..5_000).map(row).collect()
}

fn foreign(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign").join(name)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
