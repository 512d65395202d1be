//! Real daemons against real parts, killed at random: one over SQLite, three over PostgreSQL.
//!
//! Where the kills fall is drawn from a seed, which is printed; `DSRD_SEED=N` draws the same again,
//! though the machine's own timing is not drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};

use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use memchr::memmem;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::azurite::Azurite;
use crate::support::contract::assert_event;
use crate::support::postgres::Postgres;
use crate::support::rabbitmq::RabbitMq;

const CONTAINER: &str = "azureml";

/// Items of each person, and of nobody.
const ITEMS: usize = 60;

const KILLS: usize = 8;

/// Longest wait for all requests to end.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn one_daemon_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = format!("sqlite:{}", folder.path().join("ledger.db").display());
    survives(folder.path(), &ledger, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_daemons_over_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start().await;
    survives(folder.path(), &server.database("ledger").await, 3).await;
}

async fn survives(folder: &Path, ledger: &str, size: usize) {
    let mut dice = Dice::new();
    let (broker, azurite) = tokio::join!(RabbitMq::start(), Azurite::start_in_memory());
    azurite.create_container(CONTAINER).await;
    let before = seed(&azurite).await;
    let door = Door::open(&broker).await;
    let fleet = Fleet { folder, ledger, broker: &broker, azurite: &azurite };
    let mut daemons: Vec<Child> = (0..size).map(|number| fleet.start(number)).collect();
    for message in messages() {
        door.send(&message).await;
    }
    let mut events = Vec::new();
    for _ in 0..KILLS {
        sleep(Duration::from_millis(dice.below(1_200))).await;
        let number = dice.below(size as u64) as usize;
        end(&mut daemons[number], "-KILL");
        daemons[number] = fleet.start(number);
        door.collect(&mut events).await;
    }
    let begun = Instant::now();
    while ends(&events).len() < ENDS.len() {
        assert!(begun.elapsed() < PATIENCE, "only these ended: {:?}", ends(&events));
        sleep(Duration::from_millis(200)).await;
        door.collect(&mut events).await;
    }
    for daemon in &mut daemons {
        end(daemon, "-TERM");
    }
    door.collect(&mut events).await;
    assert_eq!(ends(&events), ENDS.map(|(id, end)| (id.to_owned(), end.to_owned())).into());
    each_event_has_one_id(&events);
    what_is_left(&azurite, &before).await;
    archives(folder, &before);
    nobody_is_named(folder);
}

/// How each request ends.
const ENDS: [(&str, &str); 8] = [
    ("ann-gets-hers", "completed"),
    ("bob-goes", "completed"),
    ("cleo-gets-hers", "completed"),
    ("cleo-goes", "completed"),
    ("dan-tries", "completed"),
    ("eve-goes", "completed"),
    ("fay-goes", "completed"),
    ("of-no-type", "rejected"),
];

fn messages() -> Vec<Value> {
    let mut dry = request("dan-tries", "erasure", "dan");
    dry["extensions"] = json!({ "dsrd": { "dry_run": true } });
    vec![
        request("cleo-gets-hers", "access", "cleo"),
        request("bob-goes", "erasure", "bob"),
        json!({ "subject_request_id": "of-no-type" }),
        request("ann-gets-hers", "access", "ann"),
        // It waits for the export, or the export would lack what it was asked for.
        request("cleo-goes", "erasure", "cleo"),
        request("bob-goes", "erasure", "bob"),
        // Those who go are acted on at the same time.
        request("eve-goes", "erasure", "eve"),
        request("fay-goes", "erasure", "fay"),
        dry,
    ]
}

fn address(person: &str) -> String {
    format!("{person}.canary@contoso.com")
}

fn request(id: &str, kind: &str, person: &str) -> Value {
    json!({
        "regulation": "gdpr",
        "subject_request_id": id,
        "subject_request_type": kind,
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            { "identity_type": "email", "identity_value": address(person), "identity_format": "raw" }
        ],
    })
}

/// Fills the container; gives each name with whom it speaks of.
async fn seed(azurite: &Azurite) -> BTreeMap<String, &'static str> {
    let mut names = BTreeMap::new();
    for person in ["ann", "bob", "cleo", "dan", "eve", "fay", "nobody"] {
        for number in 0..ITEMS {
            let name = format!("ExperimentRun/dcid.{number}-{person}/run.json");
            let text = match person {
                "nobody" => format!("x{}.evil.org {number}", address("bob")),
                _ => json!({ "n": number, "createdBy": { "upn": address(person) } }).to_string(),
            };
            azurite.put(CONTAINER, &name, text.as_bytes(), &[]).await;
            names.insert(name, person);
        }
    }
    names
}

/// What the requests come in by and the events go out by.
struct Door {
    channel: Channel,
    /// Ends with us.
    _connection: Connection,
}

impl Door {
    async fn open(broker: &RabbitMq) -> Self {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&broker.url(), properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let (queue, exchange) = ("heard".into(), "dsr.events".into());
        let arguments = FieldTable::default;
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue, options, arguments()).await.unwrap();
        let topic = lapin::ExchangeKind::Topic;
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel.exchange_declare(exchange, topic, options, arguments()).await.unwrap();
        let (queue, exchange) = ("heard".into(), "dsr.events".into());
        let options = QueueBindOptions::default();
        channel.queue_bind(queue, exchange, "#".into(), options, arguments()).await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { channel, _connection: connection }
    }

    /// Sends until it is routed: the daemons declare the queue when they start.
    async fn send(&self, message: &Value) {
        let body = message.to_string();
        loop {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = BasicProperties::default().with_delivery_mode(2);
            let (exchange, queue) = ("".into(), "dsr.requests".into());
            let published =
                self.channel.basic_publish(exchange, queue, options, body.as_bytes(), properties);
            match published.await.unwrap().await.unwrap() {
                Confirmation::Ack(None) => return,
                _ => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Takes what was announced since the last time.
    async fn collect(&self, events: &mut Vec<Value>) {
        while let Some(got) =
            self.channel.basic_get("heard".into(), BasicGetOptions { no_ack: true }).await.unwrap()
        {
            events.push(serde_json::from_slice(&got.delivery.data).unwrap());
        }
    }
}

/// How the requests ended so far.
fn ends(events: &[Value]) -> BTreeMap<String, String> {
    let ends = ["completed", "partially_completed", "failed", "cancelled", "rejected"];
    let end = |event: &Value| {
        let name = event["type"].as_str()?.strip_prefix("io.dsrd.request.")?.strip_suffix(".v1")?;
        ends.contains(&name)
            .then(|| (event["subject"].as_str().unwrap().to_owned(), name.to_owned()))
    };
    events.iter().filter_map(end).collect()
}

/// Sequences without gaps, one id and one body for each, however often it came.
fn each_event_has_one_id(events: &[Value]) {
    let mut told: BTreeMap<(&str, u64), &Value> = BTreeMap::new();
    for event in events {
        assert_event(event);
        let sequence = event["sequence"].as_str().unwrap().parse().unwrap();
        let first = told.entry((event["subject"].as_str().unwrap(), sequence)).or_insert(event);
        assert_eq!(*first, event);
    }
    let ids: BTreeSet<_> = told.values().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), told.len());
    for (subject, _) in ENDS {
        let sequences: Vec<u64> =
            told.keys().filter(|(of, _)| *of == subject).map(|(_, sequence)| *sequence).collect();
        assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>(), "of {subject}");
    }
}

/// Everything but what was erased.
async fn what_is_left(azurite: &Azurite, before: &BTreeMap<String, &str>) {
    let left: BTreeSet<String> = azurite.names(CONTAINER).await.into_iter().collect();
    let erased = ["bob", "cleo", "eve", "fay"];
    let expected: BTreeSet<String> = before
        .iter()
        .filter(|(_, of)| !erased.contains(of))
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(left, expected);
}

fn archives(folder: &Path, before: &BTreeMap<String, &str>) {
    for (id, person) in [("ann-gets-hers", "ann"), ("cleo-gets-hers", "cleo")] {
        let archive = std::fs::File::open(folder.join(format!("exports/{id}.zip"))).unwrap();
        let mut zip = zip::ZipArchive::new(archive).unwrap();
        let manifest: Value =
            serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
        let files = manifest["files"].as_array().unwrap();
        let packed: BTreeSet<&str> = files.iter().map(|f| f["item"].as_str().unwrap()).collect();
        let theirs: BTreeSet<&str> =
            before.iter().filter(|(_, of)| **of == person).map(|(name, _)| name.as_str()).collect();
        assert_eq!(packed, theirs, "of {person}");
    }
    let exports = std::fs::read_dir(folder.join("exports")).unwrap();
    let names = exports.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| !name.contains(".certificate")).collect();
    assert_eq!(names.len(), 2, "nothing half written stays: {names:?}");
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
}

fn nobody_is_named(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                memmem::find(&bytes, b".canary").is_none(),
                "{} names somebody",
                path.display()
            );
        }
    }
}

/// What all daemons share.
struct Fleet<'a> {
    folder: &'a Path,
    ledger: &'a str,
    broker: &'a RabbitMq,
    azurite: &'a Azurite,
}

impl Fleet<'_> {
    fn start(&self, number: usize) -> Child {
        let log = self.folder.join(format!("log-{number}"));
        let lines = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let at = |part: &str| self.folder.join(part).display().to_string();
        Command::new(env!("CARGO_BIN_EXE_dsrd"))
            .args(["run", "--log-format", "json"])
            .env("DSRD__QUEUE__URL", self.broker.url())
            .env("DSRD__SOURCES__0__URL", self.azurite.container_url(CONTAINER).as_str())
            .env("DSRD__LEDGER__URL", self.ledger)
            .env("DSRD__LEDGER__MASTER_KEY_FILE", at("master.key"))
            .env("DSRD__DEPLOYMENT__SIGNING_KEY_FILE", at("signing.key"))
            .env("DSRD__EXPORTS__URL", format!("dir:{}", at("exports")))
            .env("DSRD__HTTP__LISTEN", "")
            .env("DSRD__LIMITS__LEASE_MS", "3000")
            .stderr(lines)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// A signal, and the end of the process.
fn end(daemon: &mut Child, signal: &str) {
    let id = daemon.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    daemon.wait().unwrap();
}

/// Numbers that a seed gives again.
struct Dice(u64);

impl Dice {
    #[expect(clippy::disallowed_methods, reason = "of the test, not of the program")]
    #[expect(clippy::print_stderr, reason = "shown where the test fails")]
    fn new() -> Self {
        let given = std::env::var("DSRD_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        eprintln!("DSRD_SEED={seed}");
        Self(seed)
    }

    /// splitmix64 (Steele, Lea, Flood 2014).
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
