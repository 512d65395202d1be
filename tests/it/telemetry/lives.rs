//! A whole life of telemetry: asked for over `RabbitMQ`, done by the program itself over TLS, and
//! judged by Microsoft's clients before and after.

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::azure_simulator::clients;
use crate::resources::lives::erasure;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::monitor::people::{logs_id, own_insights, own_resource};
use crate::support::azure::monitor::spot::Owner;
use crate::support::azure::seed::{HANAKO, JIRO, Seed, TENANT};
use crate::support::azure::simulator::Simulator;
use crate::support::producer::Producer;
use crate::support::program::{Daemon, Home, wait_for};
use crate::support::rabbitmq::RabbitMq;
use crate::telemetry::world::NAME;

const ANSWERS: &str = "answers";

/// A Log Analytics workspace, a broker, and the program between them.
struct Office {
    home: Home,
    simulator: Simulator,
    producer: Producer,
    daemon: Daemon,
    events: Vec<Value>,
    _broker: RabbitMq,
}

impl Office {
    async fn open() -> Self {
        let (broker, simulator) = tokio::join!(RabbitMq::start(), simulator());
        let producer = Producer::connect(&broker.url()).await;
        producer.declare_requests().await;
        producer.listen(ANSWERS, "#").await;
        let home = Home::new();
        home.write("ca.pem", &simulator.ca_pem);
        home.write("secret", CLIENT_SECRET);
        let settings = format!(
            "[queue]\nurl = \"{}\"\n[limits]\npurge_gather_ms = 500\nlease_ms = 2000\n\
             [[telemetry]]\nname = \"{NAME}\"\nid = \"{}\"\nresources = [\"{}\", \"{}\"]\n\
             endpoint = \"{}\"\ncredential = \"client_secret\"\ntenant_id = \"{TENANT}\"\n\
             client_id = \"{CLIENT_ID}\"\nclient_secret_file = \"secret\"\n",
            broker.url(),
            Owner::Workspace.path(&logs_id()),
            own_resource(),
            own_insights(),
            simulator.base_url,
        );
        home.write("dsrd.toml", &settings);
        let daemon = started(&home, &simulator);
        Self { home, simulator, producer, daemon, events: Vec::new(), _broker: broker }
    }

    async fn send(&self, message: &Value) {
        self.producer.send(message.to_string().as_bytes()).await;
    }

    /// Kills the program, and starts it again.
    fn restart(&mut self) {
        self.daemon.kill();
        self.daemon = started(&self.home, &self.simulator);
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..1200 {
            for body in self.producer.drain(ANSWERS).await {
                self.events.push(serde_json::from_slice(&body).unwrap());
            }
            if is_so(self) {
                return;
            }
            self.simulator.advance(SignedDuration::from_millis(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited in vain for {what}:\n{}", self.daemon.log());
    }

    fn purges(&self) -> usize {
        self.simulator.state().monitor.purges.len()
    }

    fn end_of(&self, id: &str) -> Option<&Value> {
        let ends = ["completed", "partially_completed", "failed", "held", "rejected"]
            .map(|word| format!("io.dsrd.request.{word}.v1"));
        let is_end = |event: &&Value| {
            event["subject"] == id && ends.iter().any(|end| event["type"] == end.as_str())
        };
        self.events.iter().find(is_end)
    }

    async fn ended(&mut self, id: &str) -> Value {
        self.until(id, |office| office.end_of(id).is_some()).await;
        self.end_of(id).unwrap().clone()
    }

    /// Whom which rows name, by Microsoft's clients.
    async fn looked(&self) -> BTreeSet<String> {
        let seen = clients::run(&self.simulator, "azure_monitor.py", &["people"]).await;
        seen.lines().map(str::to_owned).collect()
    }
}

fn started(home: &Home, simulator: &Simulator) -> Daemon {
    let ca = home.path("ca.pem").display().to_string();
    let variables =
        [("SSL_CERT_FILE", ca.as_str()), ("AZURE_AUTHORITY_HOST", simulator.base_url.as_str())];
    let daemon = home.start(&["--config", "dsrd.toml"], &variables);
    wait_for("the daemon to serve", || daemon.log().contains("serving"));
    daemon
}

/// On today's date; purges take a moment, and nothing of hers is where nothing can be purged.
async fn simulator() -> Simulator {
    let simulator = Simulator::start(Seed { now: Timestamp::now(), ..Seed::default() }).await;
    {
        let mut state = simulator.state();
        state.monitor.switches.purge_lasts = Some(SignedDuration::from_millis(500));
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        tables.get_mut("containerlogv2").unwrap().rows.clear();
    }
    simulator
}

/// All lines of the rows in an archive.
fn archived(end: &Value) -> String {
    let path = end["data"]["results_url"].as_str().unwrap().strip_prefix("file://").unwrap();
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut lines = String::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        if entry.name().unwrap().ends_with(".jsonl") {
            entry.read_to_string(&mut lines).unwrap();
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_exported_and_purged_and_others_rows_are_there() {
    let mut office = Office::open().await;
    let before = office.looked().await;
    let mut export = erasure("hers");
    export["subject_request_type"] = "access".into();
    office.send(&export).await;
    let end = office.ended("hers").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    let lines = archived(&end);
    assert_eq!(lines.lines().count(), 8, "{lines}");
    assert!(lines.contains(HANAKO) && !lines.contains(JIRO), "{lines}");
    assert_eq!(office.purges(), 0);
    assert_eq!(office.looked().await, before);

    office.send(&erasure("gone")).await;
    office.until("the first purge", |office| office.purges() > 0).await;
    office.restart();
    let end = office.ended("gone").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"].to_string(), r#"{"erased":7}"#);
    // Whoever dies before it is noted that a call was made makes it again; a row that went by another
    // column needs none.
    assert!((1..=8).contains(&office.purges()), "{} purges", office.purges());
    let after = office.looked().await;
    let hers = |seen: &BTreeSet<String>| -> Vec<String> {
        seen.iter().filter(|line| line.contains(" hanako ")).cloned().collect()
    };
    let (left, of_others): (Vec<String>, Vec<String>) =
        after.iter().cloned().partition(|line| line.contains(" hanako "));
    assert_eq!(
        left,
        [
            "people AmlRunStatusChangedEvent hanako another-workspace: 1",
            "people AppTraces hanako anotherai01: 1"
        ]
    );
    assert!(hers(&before).len() > left.len());
    let all_before: Vec<String> =
        before.into_iter().filter(|line| !line.contains(" hanako ")).collect();
    assert_eq!(of_others, all_before);
    assert!(!of_others.is_empty());
    let told = [office.daemon.log(), office.events.iter().map(Value::to_string).collect()];
    assert!(!told.concat().contains("hanako"));
}
