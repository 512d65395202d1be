//! The main job as strangers meet it: the binary as a process, RabbitMQ, Azurite, and a ticketing
//! system written in another language.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::azurite::Azurite;
use crate::support::contract::assert_event;
use crate::support::rabbitmq::RabbitMq;

const CONTAINER: &str = "azureml";
const ANN: &str = "ann@contoso.com";
const ANN_ID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

/// Blobs of Ann's beyond the hand-made ones: enough for kills to fall in the middle of erasing
/// them.
const PLAIN: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn serves_a_foreign_ticketing_system_and_survives_being_killed() {
    let (broker, azurite) = tokio::join!(RabbitMq::start(), Azurite::start_in_memory());
    azurite.create_container(CONTAINER).await;
    let corpus = corpus();
    for (name, (bytes, _)) in &corpus {
        azurite.put(CONTAINER, name, bytes, &[]).await;
    }
    let of_ann: BTreeSet<&str> =
        corpus.iter().filter(|(_, (_, ann))| *ann).map(|(name, _)| name.as_str()).collect();
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(folder.path(), &broker, &azurite);

    // Bad input: every fault, the original kept, and the next message served.
    let bad = ticket(&broker, "bad", br#"{"regulation": 3, "subject_request_type": "shoe"}"#);
    let events = answers(bad).await;
    let pointers: Vec<&str> = last(&events)["data"]["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    let faulty = ["regulation", "subject_request_type", "submitted_time", "subject_identities"];
    for pointer in faulty.map(|field| format!("/{field}")) {
        assert!(pointers.contains(&pointer.as_str()), "{pointer} is not among {pointers:?}");
    }

    // Access: the archive holds her items byte for byte, and nothing else.
    let id = "5b0c1f6e-6d1a-4c39-9d2c-0000000000a1";
    let events = answers(ticket(&broker, "c-access", &request("access", id))).await;
    assert_eq!(last(&events)["type"], "io.dsrd.request.completed.v1");
    let archive = archived(&folder.path().join(format!("exports/{id}.zip")));
    assert_eq!(archive.keys().map(String::as_str).collect::<BTreeSet<_>>(), of_ann);
    for (name, bytes) in &archive {
        assert_eq!(bytes, &corpus[name].0, "{name:?} differs from what was stored");
    }

    // Erasure, killed again and again in the middle of it.
    let id = "5b0c1f6e-6d1a-4c39-9d2c-0000000000e1";
    let ticket = ticket(&broker, "c-erase", &request("erasure", id));
    let mut daemon = daemon;
    let killing = async {
        for pause_ms in [400, 700, 500, 900] {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            daemon.kill();
            daemon = Daemon::start(folder.path(), &broker, &azurite);
        }
    };
    let (events, ()) = tokio::join!(answers(ticket), killing);
    let completed = last(&events);
    assert_eq!(completed["type"], "io.dsrd.request.completed.v1", "{completed}");
    assert_eq!(completed["data"]["counts"]["outcomes"], json!({ "erased": of_ann.len() }));
    one_id_each(&events);
    let left: BTreeSet<String> = azurite.names(CONTAINER).await.into_iter().collect();
    for (name, (bytes, ann)) in &corpus {
        assert_eq!(left.contains(name), !ann, "{name:?}");
        if !ann {
            let now = azurite.get(CONTAINER, name).await.unwrap();
            assert_eq!(&now, bytes, "{name:?} was touched");
        }
    }
    daemon.end(folder.path());
}

/// What is stored, and whether it speaks of Ann.
fn corpus() -> BTreeMap<String, (Vec<u8>, bool)> {
    let mut corpus = BTreeMap::new();
    let mut put = |name: &str, bytes: &[u8], ann| {
        corpus.insert(name.to_owned(), (bytes.to_vec(), ann));
    };
    let run = |email: &str, id: &str| {
        json!({ "createdBy": { "userObjectId": id, "upn": email, "userName": "X" } }).to_string()
    };
    for number in 0..PLAIN {
        let name = format!("ExperimentRun/dcid.run{number}/run.json");
        put(&name, run(ANN, ANN_ID).as_bytes(), true);
        let name = format!("ExperimentRun/dcid.other{number}/run.json");
        let id = format!("00000000-0000-4000-8000-{number:012}");
        put(&name, run(&format!("u{number}@contoso.com"), &id).as_bytes(), false);
    }
    put("LocalUpload/a\tb.txt", format!("to {ANN}\n").as_bytes(), true);
    put("LocalUpload/a b.txt", b"nobody", false);
    put("odd/100%.txt", b"ann%40contoso.com", true);
    put("odd/q?x#y+z.txt", b"{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", true);
    put("odd/\u{1f600}/\u{5c71}.txt", ANN.as_bytes(), true);
    put("odd//two/slashes.txt", ANN.as_bytes(), true);
    put("log.gz", &gzip(format!("mail {ANN}\n").as_bytes()), true);
    put("decoy/joann.txt", b"joann@contoso.com", false);
    put("decoy/evil.txt", b"ann@contoso.com.evil.org", false);
    put("decoy/comx.txt", b"ann@contoso.comx", false);
    put("empty", b"", false);
    corpus
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn request(kind: &str, id: &str) -> Vec<u8> {
    let identity = |kind: &str, value: &str| json!({ "identity_type": kind, "identity_value": value, "identity_format": "raw" });
    json!({
        "regulation": "gdpr",
        "api_version": "2.0",
        "subject_request_id": id,
        "subject_request_type": kind,
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [identity("email", ANN), identity("object_id", ANN_ID)],
    })
    .to_string()
    .into_bytes()
}

/// The stranger, with its message sent.
fn ticket(broker: &RabbitMq, correlation: &str, body: &[u8]) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut stranger = Command::new("python3")
        .arg(root.join("it/foreign/ticketing.py"))
        .args([&broker.url(), "dsr.requests", "dsr.events", correlation])
        .env("PYTHONPATH", root.join("emulators/python"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is missing: apt-get install python3");
    stranger.stdin.take().unwrap().write_all(body).unwrap();
    stranger
}

/// What the stranger was answered.
async fn answers(stranger: Child) -> Vec<Value> {
    let output = tokio::task::spawn_blocking(|| stranger.wait_with_output()).await.unwrap();
    let output = output.unwrap();
    assert!(output.status.success(), "the stranger gave up; is pika there? run tests/run once");
    let lines = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> =
        lines.lines().skip(1).map(|l| serde_json::from_str(l).unwrap()).collect();
    for answer in &events {
        assert_event(&answer["event"]);
        assert_eq!(answer["message_id"], answer["event"]["id"]);
        assert_eq!(answer["content_type"], "application/cloudevents+json; charset=UTF-8");
        assert_eq!(answer["correlation_id"], answer["event"]["correlationid"]);
        let kind = answer["event"]["type"].as_str().unwrap().strip_prefix("io.dsrd.").unwrap();
        if answer["via"] == "exchange" {
            assert_eq!(answer["routing_key"], kind);
        }
    }
    events
}

fn last(events: &[Value]) -> &Value {
    &events.iter().rev().find(|answer| answer["via"] == "reply").unwrap()["event"]
}

/// However often an event came, it came under one id.
fn one_id_each(events: &[Value]) {
    let mut ids = BTreeMap::new();
    for answer in events {
        let event = &answer["event"];
        let key = (event["subject"].to_string(), event["sequence"].to_string());
        let id = event["id"].to_string();
        assert_eq!(ids.entry(key).or_insert_with(|| id.clone()), &id);
    }
}

/// Item name to bytes, by the archive's own manifest.
fn archived(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let manifest: Value = serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
    let mut files = BTreeMap::new();
    for file in manifest["files"].as_array().unwrap() {
        let mut bytes = Vec::new();
        let mut entry = zip.by_name(file["path"].as_str().unwrap()).unwrap();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(file["item"].as_str().unwrap().to_owned(), bytes);
    }
    files
}

/// The daemon as a process.
struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    fn start(folder: &Path, broker: &RabbitMq, azurite: &Azurite) -> Self {
        let log = folder.join("log");
        let lines = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let at = |part: &str| folder.join(part).display().to_string();
        let process = Command::new(env!("CARGO_BIN_EXE_dsrd"))
            .args(["run", "--log-format", "json"])
            .env("DSRD__QUEUE__URL", broker.url())
            .env("DSRD__SOURCES__0__URL", azurite.container_url(CONTAINER).as_str())
            .env("DSRD__LEDGER__URL", format!("sqlite:{}", at("ledger.db")))
            .env("DSRD__LEDGER__MASTER_KEY_FILE", at("master.key"))
            .env("DSRD__DEPLOYMENT__SIGNING_KEY_FILE", at("signing.key"))
            .env("DSRD__EXPORTS__URL", format!("dir:{}", at("exports")))
            .env("DSRD__HTTP__LISTEN", "")
            .stderr(lines)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, log }
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM; it drains and says goodbye, and its log never named anybody.
    fn end(mut self, folder: &Path) {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(self.process.wait().unwrap().success());
        let log = std::fs::read_to_string(&self.log).unwrap();
        for line in log.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
        assert!(log.contains("\"stopped\""));
        for told in ["\"accepted\"", "\"verified: completed\""] {
            let of_a_trace = |line: &str| {
                line.contains(told)
                    && line.contains("\"trace.id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"")
            };
            assert!(log.lines().any(of_a_trace), "{told} names no trace");
        }
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                for canary in [ANN, ANN_ID, "contoso"] {
                    let found = memchr::memmem::find(&bytes, canary.as_bytes());
                    assert!(found.is_none(), "{path:?} names the subject");
                }
            }
        }
    }
}
