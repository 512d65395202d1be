//! Whole lives of the program over a file server and a Data Lake server of our own: killed amid
//! redactions, with names that no request can say, with folders of users, and with canaries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dsrd::adapters::azure::drafts;
use serde_json::{Value, json};

use crate::source_on_file_server::FAULTS;
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::faults::Fault;
use crate::support::blob_server::server::BlobServer;
use crate::support::collector::Collector;
use crate::support::file_server::listing::HALF;
use crate::support::file_server::operation::Operation as OfFiles;
use crate::support::file_server::server::FileServer;
use crate::support::lake_server::operation::Operation as OfLake;
use crate::support::lake_server::server::LakeServer;
use crate::support::ports::free_port;
use crate::support::program::{Daemon, Home, wait_for};
use crate::support::simulation::leaks::{CONTENT, CUSTOMER, EMAIL, NAME, OBJECT_ID, found};

const SHARE: &str = "code-391ff5ac";
const LAKE: &str = "data";
/// What lets us in everywhere.
const KEY: &str = crate::support::file_server::entry::KEY;
/// What nobody has in another's hands for long, and is tried again soon.
const QUICK: &str =
    "[limits]\nlease_ms = 1000\nretry_delay_ms_min = 50\nretry_delay_ms_max = 500\n";

/// A program that has both for sources, as `notebooks` and `lake`.
struct World {
    home: Home,
    files: FileServer,
    lake: LakeServer,
}

fn source(name: &str, url: &str, service: &str) -> String {
    format!(
        "[[sources]]\nname = \"{name}\"\nurl = \"{url}\"\nservice = \"{service}\"\n\
         credential = \"account_key\"\naccount_key = \"{KEY}\"\n"
    )
}

impl World {
    async fn new(more: &str) -> Self {
        let (files, lake) = tokio::join!(FileServer::start(), LakeServer::start());
        files.create_share(SHARE);
        lake.create(LAKE);
        let home = Home::new();
        let settings = [
            QUICK,
            &source("notebooks", &format!("{}/{SHARE}", files.endpoint()), "files"),
            &source("lake", &format!("{}/{LAKE}", lake.endpoint()), "lake"),
            more,
        ];
        home.write("dsrd.toml", &settings.concat());
        Self { home, files, lake }
    }

    /// Into both.
    fn put(&self, path: &str, text: &str) {
        self.files.put(SHARE, path, text.as_bytes());
        self.lake.put(LAKE, path, text.as_bytes());
    }

    fn start(&self, settings: &[(&str, &str)]) -> Daemon {
        self.home.start(&["--config", "dsrd.toml"], settings)
    }

    fn send(&self, id: &str, kind: &str, identities: &[(&str, &str)]) {
        send(&self.home, id, kind, identities);
    }

    /// What is under each path of both.
    fn held(&self) -> [BTreeMap<String, Vec<u8>>; 2] {
        let of_files = self.files.names(SHARE).into_iter();
        let of_lake = self.lake.names(LAKE).into_iter();
        [
            of_files.map(|it| (it.clone(), self.files.get(SHARE, &it).unwrap())).collect(),
            of_lake.map(|it| (it.clone(), self.lake.get(LAKE, &it).unwrap())).collect(),
        ]
    }
}

fn send(home: &Home, id: &str, kind: &str, identities: &[(&str, &str)]) {
    let draft = home.request(id, kind, identities);
    let incoming = home.path("dsrd-data/queue/incoming");
    wait_for("the queue", || incoming.exists());
    std::fs::rename(draft, incoming.join(format!("{id}.json"))).unwrap();
}

/// The last event of a request, which ends it.
fn ended(home: &Home, id: &str) -> Option<Value> {
    let is_end = |event: &Value| {
        let kind = event["type"].as_str().unwrap_or_default();
        let ends = ["completed", "partially_completed", "failed"];
        ends.iter().any(|end| kind == format!("io.dsrd.request.{end}.v1"))
    };
    home.events().into_iter().find(|event| event["subject"] == id && is_end(event))
}

fn end_of(home: &Home, id: &str) -> Value {
    wait_for(&format!("the end of {id}"), || ended(home, id).is_some());
    ended(home, id).unwrap()
}

/// How many requests of a kind there were.
type Count = Box<dyn Fn(&World) -> u64>;

/// Whoever is killed leaves the old bytes or the new ones, and whoever is started then comes to the
/// same end: nothing of others is lost, and neither a draft nor a lease is left.
#[tokio::test(flavor = "multi_thread")]
async fn killed_amid_redactions_it_comes_to_the_same_end() {
    let rule = "[[policy]]\npath = \"teams/**\"\naction = \"redact\"\n";
    let world = Arc::new(World::new(rule).await);
    for number in 0..6 {
        let text = format!("{number}: ask ann@contoso.com, and bob@contoso.com");
        world.put(&format!("teams/{number}.txt"), &text);
    }
    world.put("teams/bob.txt", "of bob@contoso.com");
    world.put("people/ann.txt", "of ann@contoso.com");
    world.files.slow_down(Duration::from_millis(15));
    world.lake.slow_down(Duration::from_millis(15));
    let counts: Vec<(&str, Count)> = vec![
        ("a draft of a share", Box::new(|it| it.files.requests_of(OfFiles::FileCreate))),
        ("a draft of a file system", Box::new(|it| it.lake.requests_of(OfLake::PathCreate))),
        ("bytes in a share", Box::new(|it| it.files.requests_of(OfFiles::FileUploadRange))),
        ("bytes in a file system", Box::new(|it| it.lake.requests_of(OfLake::PathFlushData))),
        ("a lease", Box::new(|it| it.files.requests_of(OfFiles::FileLease))),
        ("a rename in a file system", Box::new(|it| it.lake.requests_of(OfLake::PathRename))),
        ("a rename in a share", Box::new(|it| it.files.requests_of(OfFiles::FileRename))),
    ];
    let mut is_sent = false;
    let mut killed = 0;
    for (what, count) in counts {
        let before = count(&world);
        let mut daemon = world.start(&[]);
        if !is_sent {
            world.send("r-1", "erasure", &[("email", "ann@contoso.com")]);
            is_sent = true;
        }
        wait_for(what, || count(&world) > before || ended(&world.home, "r-1").is_some());
        daemon.kill();
        killed += u64::from(count(&world) > before);
    }
    assert!(killed >= 5, "{killed} kills fell where they were to");
    let daemon = world.start(&[]);
    let event = end_of(&world.home, "r-1");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
    let outcomes = event["data"]["counts"]["outcomes"].as_object().unwrap();
    let total: u64 = outcomes.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(total, 14, "{event:#}");
    for held in world.held() {
        let names: Vec<&str> = held.keys().map(String::as_str).collect();
        let expected: Vec<String> = (0..6).map(|number| format!("teams/{number}.txt")).collect();
        assert_eq!(names[..6], expected, "{names:?}");
        assert_eq!(names[6..], ["teams/bob.txt"]);
        for (name, bytes) in &held {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains("bob@contoso.com") && !text.contains("ann@"), "{name}: {text}");
        }
    }
    let leased = |(_, file): &(String, Option<_>)| {
        let file: &Option<crate::support::file_server::tree::File> = file;
        file.as_ref().is_some_and(|file| file.lease.is_some())
    };
    assert!(!world.files.everything(SHARE).iter().any(leased), "a lease is left");
}

/// A redaction of another daemon was killed a moment ago, and its file is another by now: what it
/// left may be the last that speaks of somebody.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_daemon_left_is_no_secret_from_the_next_request() {
    let world = World::new("").await;
    world.put("teams/a.txt", "of nobody");
    world.files.put(SHARE, &drafts::beside("teams/a.txt", "0x1"), b"bob@contoso.com");
    world.lake.put(LAKE, &drafts::beside("teams/a.txt", "0x1"), b"bob@contoso.com");
    // This one cannot be removed: it is an item like others.
    let held = drafts::beside("teams/b.txt", "0x1");
    world.put(&held, "bob@contoso.com");
    world.files.open(SHARE, &held, false);
    world.lake.alter(LAKE, &held, |node| node.lease = Some("l".to_owned()));
    let daemon = world.start(&[]);
    world.send("r-1", "erasure", &[("email", "bob@contoso.com")]);
    let event = end_of(&world.home, "r-1");
    assert_eq!(event["type"], "io.dsrd.request.partially_completed.v1", "{event:#}");
    let expected = [held.as_str(), "teams/a.txt"];
    for left in world.held() {
        assert_eq!(Vec::from_iter(left.keys()), expected, "{event:#}");
    }
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

/// Names as people on mounted shares and programs make them: what can be asked for is found and
/// goes, and what cannot is told of each request, and stops nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_request_can_name_is_in_the_account() {
    let world = World::new("").await;
    let text = "of ann@contoso.com";
    let long = format!("{}last", format!("{}/", "p".repeat(200)).repeat(11));
    let said = [
        "dot.",
        " sp ace ",
        "%41%2F",
        "#1?&=+;,'",
        "\u{fffe}\u{ffff}",
        "käse 山 😀",
        "tilde~$.tmp",
    ];
    for name in said {
        world.put(&format!("teams/{name}"), text);
    }
    let half = format!("teams/ha{HALF}lf");
    let unsaid =
        [half.as_str(), "teams/notes\u{f022} ann", "teams/x\\y", "teams/why\u{f025}/in it"];
    for path in unsaid {
        world.files.put(SHARE, path, text.as_bytes());
    }
    world.files.put(SHARE, &long, text.as_bytes());
    for path in ["odd/../above", "odd/./here"] {
        world.lake.put(LAKE, path, text.as_bytes());
    }
    let daemon = world.start(&[]);
    world.send("r-1", "erasure", &[("email", "ann@contoso.com")]);
    let event = end_of(&world.home, "r-1");
    assert_eq!(event["type"], "io.dsrd.request.partially_completed.v1", "{event:#}");
    let counts = &event["data"]["counts"];
    assert_eq!(counts["outcomes"]["erased"], 2 * said.len(), "{counts:#}");
    let unread = counts["outcomes"]["unreadable"].as_u64().unwrap();
    assert_eq!(unread, unsaid.len() as u64 + 1 + 4, "{counts:#}");
    let [files, lake] = world.held();
    let mut left: Vec<&str> = unsaid.to_vec();
    left.push(&long);
    left.sort_unstable();
    assert_eq!(Vec::from_iter(files.keys()), left);
    assert_eq!(Vec::from_iter(lake.keys()), ["odd/../above", "odd/./here"]);
    let page = world.home.path("dsrd-data/exports/r-1.certificate.html");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("no request to the service can say"), "{page}");
    // It is told of a request about somebody else too: nobody knows whom they speak of.
    world.send("r-2", "access", &[("email", "eve@contoso.com")]);
    let event = end_of(&world.home, "r-2");
    assert_eq!(event["type"], "io.dsrd.request.partially_completed.v1", "{event:#}");
    assert_eq!(event["data"]["counts"]["outcomes"]["unreadable"], unread, "{event:#}");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

/// A person's whole folder, from the request to the certificate, in a share and in a container of
/// blobs; shown first, and held until somebody approves of so much.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_a_user_goes_whole_once_it_is_approved() {
    let blobs = BlobServer::start(Policy::default()).await;
    blobs.create_container("azureml-blobstore-1");
    let container = blobs.blob("azureml-blobstore-1").url;
    let key = crate::support::blob_server::server::KEY;
    let blobs_source = format!(
        "[[sources]]\nname = \"blobs\"\nurl = \"{container}\"\ncredential = \"account_key\"\n\
         account_key = \"{key}\"\n"
    );
    let more = format!(
        "{blobs_source}[people]\naliases = \"aliases.csv\"\n[guard]\nitems_max = 3\n\
         [[policy]]\npath = \"Users/**\"\nunit = \"user_folder\"\naction = \"delete\"\n\
         reason = \"notebooks\"\n"
    );
    let world = World::new(&more).await;
    world.home.write("aliases.csv", "alias,email\nann.b,ann@contoso.com\nbob,bob@contoso.com\n");
    let put = |path: &str, text: &str| {
        world.put(path, text);
        blobs.put("azureml-blobstore-1", path, text.as_bytes());
    };
    for path in ["train.ipynb", "data/part.csv", ".git/objects/0f/3a", ".amlignore"] {
        put(&format!("Users/ann.b/{path}"), "says nothing");
    }
    put("Users/ann.bc/train.ipynb", "somebody else's");
    put("Users/bob/review.txt", "ask ann@contoso.com or bob@contoso.com");
    put("Users/bob/own.txt", "his alone");
    let file = world.home.request("r-0", "erasure", &[("email", "ann@contoso.com")]);
    let shown =
        world.home.done(&["preview", file.to_str().unwrap(), "--json", "--config", "dsrd.toml"]);
    assert_eq!(shown.matches("Users/ann.b/train.ipynb").count(), 3, "{shown}");
    let before = world.held();

    let daemon = world.start(&[]);
    world.send("r-1", "erasure", &[("email", "ann@contoso.com")]);
    world.home.wait_for_event("r-1", "held");
    assert!(world.held() == before, "nothing goes before that");
    world.home.done(&["approve", "r-1", "--reason", "it is hers", "--config", "dsrd.toml"]);
    let event = end_of(&world.home, "r-1");
    assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
    let left = ["Users/ann.bc/train.ipynb", "Users/bob/own.txt", "Users/bob/review.txt"];
    let [files, lake] = world.held();
    let of_blobs = blobs.names("azureml-blobstore-1");
    assert_eq!(Vec::from_iter(files.keys()), left, "{event:#}");
    assert_eq!(Vec::from_iter(lake.keys()), left, "{event:#}");
    assert_eq!(of_blobs, left, "{event:#}");
    let paths = world.files.everything(SHARE).into_iter().map(|(path, _)| path);
    assert!(!paths.into_iter().any(|path| path.starts_with("Users/ann.b/")), "nor directories");
    let review = blobs.get("azureml-blobstore-1", "Users/bob/review.txt").unwrap();
    for text in [&files["Users/bob/review.txt"], &lake["Users/bob/review.txt"], &review] {
        let text = String::from_utf8_lossy(text);
        assert!(text.contains("bob@contoso.com") && !text.contains("ann@"), "{text}");
    }
    let certificate = world.home.path("dsrd-data/exports/r-1.certificate.json");
    let certificate: Value = serde_json::from_slice(&std::fs::read(certificate).unwrap()).unwrap();
    assert_eq!(certificate["counts"]["outcomes"], event["data"]["counts"]["outcomes"]);
    assert_eq!(certificate["counts"]["outcomes"]["redacted"], json!(3), "{event:#}");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

/// Puts the person everywhere in both, and lets every fourth request to them go wrong.
fn beset(world: &World) {
    let texts = [EMAIL, NAME, CUSTOMER, OBJECT_ID];
    for (number, text) in texts.into_iter().enumerate() {
        world.put(&format!("Users/{EMAIL}/{CONTENT}-{number}.txt"), text);
        world.put(&format!("teams/{NAME} {number}.txt"), &format!("{text} and bob@contoso.com"));
    }
    let owned = format!("Users/{EMAIL}/{CONTENT}-0.txt");
    world.lake.alter(LAKE, &owned, |node| node.owner = OBJECT_ID.to_owned());
    world.files.put(SHARE, &format!("teams/{NAME}\u{f022}"), EMAIL.as_bytes());
    world.files.put(SHARE, "teams/open.txt", EMAIL.as_bytes());
    world.files.open(SHARE, "teams/open.txt", false);
    world.files.snapshot(SHARE);
    // One that is late takes time and nothing else.
    let faults = FAULTS.into_iter().filter(|fault| !matches!(fault, Fault::Late(_)));
    for (number, fault) in (1..).step_by(4).zip(faults.cycle().take(60)) {
        world.files.fail(number, fault);
        world.lake.fail(number + 1, fault);
    }
}

/// Whatever befalls a daemon over both, none of its logs, numbers, spans, events and pages says
/// whom it is about, or what something is called.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_by_what_a_daemon_says() {
    let (world, collector) = (World::new("").await, Collector::start());
    beset(&world);
    let port = free_port();
    let (listen, url) = (format!("127.0.0.1:{port}"), collector.url());
    let daemon = world.start(&[
        ("DSRD__HTTP__LISTEN", &listen),
        ("DSRD__OTLP__URL", &url),
        ("DSRD__OTLP__METRICS_EVERY_MS", "1000"),
        ("DSRD_LOG", "dsrd=trace,info"),
    ]);
    wait_for("the daemon to serve", || daemon.log().contains("serving"));
    let identities = [
        ("email", EMAIL),
        ("name", NAME),
        ("object_id", OBJECT_ID),
        ("controller_customer_id", CUSTOMER),
    ];
    let mut said = Vec::new();
    for (id, kind) in [("r-1", "access"), ("r-2", "erasure")] {
        world.send(id, kind, &identities);
        let event = end_of(&world.home, id);
        assert_eq!(event["type"], "io.dsrd.request.partially_completed.v1", "{event:#}");
        for page in ["", "metrics", "readyz", &format!("requests/{id}")] {
            let answer = reqwest::get(format!("http://{listen}/{page}")).await.unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            assert!(status != 404 && text.len() > 10, "{page}: {status} {text}");
            said.push((format!("page {page}"), text.into_bytes()));
        }
        let status = world.home.done(&["status", id, "--config", "dsrd.toml"]);
        said.push((format!("status {id}"), status.into_bytes()));
    }
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(world.files.requests() > 60 && world.lake.requests() > 30, "the faults were met");
    said.push(("log".to_owned(), log.into_bytes()));
    said.push(("events".to_owned(), json!(world.home.events()).to_string().into_bytes()));
    assert!(!collector.spans().is_empty() && !collector.metrics().is_empty());
    for path in ["/v1/traces", "/v1/metrics"] {
        let posted = collector.posted(path);
        said.extend(posted.into_iter().map(|posted| (path.to_owned(), posted.body.to_vec())));
    }
    for file in std::fs::read_dir(world.home.path("dsrd-data/exports")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".zip") {
            said.push((name.clone(), std::fs::read(&path).unwrap()));
        }
        said.push(("names of exports".to_owned(), name.into_bytes()));
    }
    for (what, bytes) in said {
        assert_eq!(
            found(&bytes),
            Vec::<String>::new(),
            "{what}: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
}
