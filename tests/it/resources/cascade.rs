//! A workspace with all that depends on it, asked for over `RabbitMQ`, deleted by the program
//! itself over TLS, which dies on the way, and judged by Microsoft's clients afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::azure_simulator::clients;
use crate::resources::dependents::{add_neighbour, deletes, fill};
use crate::resources::world::NAME;
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, RetryAfter};
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{Seed, TENANT, WORKSPACE, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;
use crate::support::producer::Producer;
use crate::support::program::{Daemon, Home, wait_for};
use crate::support::rabbitmq::RabbitMq;

const ANSWERS: &str = "answers";

/// How often it is looked before something was waited for in vain.
const LOOKS: usize = 3000;

/// A broker, a workspace, and the program between them.
struct Hall {
    home: Home,
    simulator: Simulator,
    producer: Producer,
    daemon: Daemon,
    events: Vec<Value>,
    _broker: RabbitMq,
}

impl Hall {
    async fn open() -> Self {
        let (broker, simulator) = tokio::join!(RabbitMq::start(), simulator());
        let producer = Producer::connect(&broker.url()).await;
        producer.declare_requests().await;
        producer.listen(ANSWERS, "#").await;
        let home = Home::new();
        home.write("ca.pem", &simulator.ca_pem);
        home.write("secret", CLIENT_SECRET);
        let settings = format!(
            "[queue]\nurl = \"{}\"\n[[workspaces]]\nname = \"{NAME}\"\nid = \"{}\"\n\
             telemetry = false\nendpoint = \"{}\"\ncredential = \"client_secret\"\n\
             tenant_id = \"{TENANT}\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret_file = \"secret\"\n",
            broker.url(),
            sample_id().path(),
            simulator.base_url,
        );
        home.write("dsrd.toml", &settings);
        let daemon = started(&home, &simulator);
        Self { home, simulator, producer, daemon, events: Vec::new(), _broker: broker }
    }

    async fn send(&self, message: &Value) {
        self.producer.send(message.to_string().as_bytes()).await;
    }

    /// Waits for the first event of one of these names.
    async fn event(&mut self, names: &[&str]) -> Value {
        let names: Vec<String> =
            names.iter().map(|word| format!("io.dsrd.request.{word}.v1")).collect();
        for _ in 0..LOOKS {
            for body in self.producer.drain(ANSWERS).await {
                self.events.push(serde_json::from_slice(&body).unwrap());
            }
            let is_it = |event: &&Value| names.iter().any(|name| event["type"] == name.as_str());
            if let Some(event) = self.events.iter().find(is_it) {
                return event.clone();
            }
            self.wait_a_little().await;
        }
        panic!("waited in vain for {names:?}:\n{}", self.daemon.log());
    }

    /// Waits until so many things were deleted.
    async fn deleted(&self, count: usize) {
        for _ in 0..LOOKS {
            if deletes(&self.simulator) >= count {
                return;
            }
            self.wait_a_little().await;
        }
        panic!("waited in vain for {count} deletions:\n{}", self.daemon.log());
    }

    async fn wait_a_little(&self) {
        self.simulator.advance(SignedDuration::from_millis(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
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

/// On today's date, with the rights of the published roles, beside a workspace of others.
async fn simulator() -> Simulator {
    let (retry_after, lasts) = (RetryAfter::Seconds(1), SignedDuration::from_secs(1));
    let soon = Course { retry_after, polls: 1, lasts, ..Kind::Workspace.course() };
    let mut courses = BTreeMap::from([(Kind::Workspace, soon)]);
    for part in [Part::Registry, Part::DeletedVault] {
        courses.insert(Kind::Dependent(part), Course { retry_after, ..part.course() });
    }
    let switches = Switches {
        page_items: 3,
        courses,
        roles: Some(Role::all_published()),
        ..Switches::default()
    };
    let seed = Seed { now: Timestamp::now(), switches, ..Seed::default() };
    let simulator = Simulator::start(seed).await;
    fill(&simulator);
    add_neighbour(&simulator);
    simulator
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_with_all_that_depends_on_it_is_gone_for_microsofts_clients() {
    let mut hall = Hall::open().await;
    hall.send(&json!({
        "resource_request_id": "r-1", "resource_request_type": "delete",
        "resource": { "type": "workspace", "name": WORKSPACE },
        "delete_dependent_resources": true,
    }))
    .await;
    hall.event(&["held", "failed", "rejected"]).await;
    assert_eq!(deletes(&hall.simulator), 0);
    let approval = json!({
        "control": "approve", "subject_request_id": "r-1", "actor": "dpo", "reason": "closed",
    });
    hall.send(&approval).await;
    hall.deleted(4).await;
    hall.daemon.kill();
    hall.daemon = started(&hall.home, &hall.simulator);
    let end = hall.event(&["completed", "partially_completed", "failed"]).await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    // With the workspace itself.
    assert_eq!(end["data"]["counts"]["outcomes"], json!({"erased": 10}), "{end:#}");
    let until = end["data"]["horizon"]["unrecoverable_after"].as_str().unwrap();
    let until: Timestamp = until.parse().unwrap();
    let erased = end["data"]["horizon"]["logically_erased_at"].as_str().unwrap();
    let days = until.duration_since(erased.parse().unwrap()).as_hours() / 24;
    assert_eq!(days, 14, "the account's: {end:#}");
    // Who judges may see more than the program.
    hall.simulator.state().switches.roles = None;
    assert!(!hall.simulator.state().workspaces.contains_key(&sample_id().key()));
    let left = clients::run(&hall.simulator, "azure_dependents.py", &["look"]).await;
    insta::assert_snapshot!(left, @r#"
    look accounts: []
    look containers: []
    look deleted accounts: ["examplews01"]
    look deleted vaults: []
    look registries: []
    look shares: []
    look vaults: []
    "#);
    let logs = clients::run(&hall.simulator, "azure_monitor.py", &["look"]).await;
    let lists: Vec<&str> = logs
        .lines()
        .filter(|line| {
            ["look components:", "look deleted:", "look workspaces:"]
                .iter()
                .any(|list| line.starts_with(list))
        })
        .collect();
    insta::assert_snapshot!(lists.join("\n"), @r#"
    look components: ["anotherai01","classicai01","exampleai01"]
    look deleted: []
    look workspaces: ["examplela01"]
    "#);
}
