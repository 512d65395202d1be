//! Whole lives: the program itself over TLS, signing in as an application, before a workspace.

use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::resources::world::NAME;
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, RetryAfter, Shape};
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{HANAKO, JIRO, Seed, TENANT, WORKSPACE, person, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Phase;
use crate::support::program::{Daemon, Home, wait_for};
use crate::things::about;

/// What must stand in no log line: people, names of resources, and what a polling URL is made of.
const CANARIES: [&str; 15] = [
    "hanako",
    "jiro",
    "churn",
    "quiet_river",
    "customers",
    "experimentids",
    "history/v1.0",
    "modelmanagement/v1.0",
    "operationsStatus",
    "operationsResults",
    "odidp",
    "dcid.",
    "deleteMetrics",
    "forceToPurge",
    CLIENT_SECRET,
];

pub struct Life {
    pub home: Home,
    pub simulator: Simulator,
    daemon: Daemon,
}

impl Life {
    /// A daemon with the sample workspace for its only source that holds something.
    pub async fn begin(rules: &str) -> Self {
        let (home, simulator) = prepared(rules).await;
        Self::over(home, simulator)
    }

    /// The same over what was prepared.
    pub fn over(home: Home, simulator: Simulator) -> Self {
        let daemon = started(&home, &simulator);
        Self { home, simulator, daemon }
    }

    /// Kills the daemon, and starts another one.
    pub fn restart(&mut self) {
        self.daemon.kill();
        self.daemon = started(&self.home, &self.simulator);
    }

    /// Drops a message into the queue.
    pub fn send(&self, id: &str, message: &Value) {
        let incoming = self.home.path("dsrd-data/queue/incoming");
        let draft = self.home.write("draft.json", &message.to_string());
        fs::rename(draft, incoming.join(format!("{id}.json"))).unwrap();
    }

    /// Waits for how a request ends.
    pub async fn ended(&self, id: &str) -> Value {
        self.event(id, &["completed", "partially_completed", "failed", "held", "rejected"]).await
    }

    /// Waits until it is so in the workspace.
    pub async fn simulated(&self, is_so: impl Fn(&Simulator) -> bool) {
        for _ in 0..1200 {
            if is_so(&self.simulator) {
                return;
            }
            self.simulator.advance(SignedDuration::from_millis(50));
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("waited in vain:\n{}", self.daemon.log());
    }

    /// Waits for the first event of these names about a request.
    pub async fn event(&self, id: &str, names: &[&str]) -> Value {
        let ends: Vec<String> =
            names.iter().map(|word| format!("io.dsrd.request.{word}.v1")).collect();
        for _ in 0..1200 {
            let event = self.home.events().into_iter().find(|event| {
                event["subject"] == id && ends.iter().any(|end| event["type"] == end.as_str())
            });
            if let Some(event) = event {
                return event;
            }
            self.simulator.advance(SignedDuration::from_millis(50));
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("waited in vain for the end of {id}:\n{}", self.daemon.log());
    }

    /// Ends the daemon, and insists that it told nobody anything.
    pub fn end(self) -> Simulator {
        let (code, log) = self.daemon.end("-TERM");
        assert_eq!(code, Some(0), "{log}");
        let told = log.to_lowercase();
        let events: Vec<String> = self.home.events().iter().map(Value::to_string).collect();
        let ledger: Vec<PathBuf> = ["ledger.db", "ledger.db-wal"]
            .map(|name| self.home.path("dsrd-data").join(name))
            .into();
        for canary in CANARIES {
            let canary = canary.to_lowercase();
            assert!(!told.contains(&canary), "{canary} in the log");
            assert!(!events.concat().to_lowercase().contains(&canary), "{canary} in an event");
            for path in &ledger {
                let bytes = fs::read(path).unwrap_or_default();
                let is_there = memchr::memmem::find(&bytes, canary.as_bytes()).is_some();
                assert!(!is_there, "{canary} in the ledger");
            }
        }
        self.simulator
    }
}

/// Settings with the sample workspace, whose deletions take some seconds.
pub async fn prepared(rules: &str) -> (Home, Simulator) {
    let simulator = Simulator::start(Seed::default()).await;
    // Whoever looked for the end under an older link would not find it, and begin anew.
    let quick = Course {
        shape: Shape::Both,
        retry_after: RetryAfter::Seconds(1),
        polls: 2,
        lasts: SignedDuration::from_secs(3),
        ..Course::default()
    };
    {
        let mut state = simulator.state();
        state.switches.roles = Some(Role::all_published());
        state.operations.newest_link_only = true;
        let kinds = [
            Kind::Compute,
            Kind::OnlineEndpoint,
            Kind::OnlineDeployment,
            Kind::Job,
            Kind::Experiment,
            Kind::WebService,
            Kind::Workspace,
        ];
        for kind in kinds {
            state.switches.courses.insert(kind, quick.clone());
        }
        for part in [Part::Registry, Part::DeletedVault] {
            let soon = Course { retry_after: RetryAfter::Seconds(1), ..part.course() };
            state.switches.courses.insert(Kind::Dependent(part), soon);
        }
    }
    let home = Home::new();
    home.write("ca.pem", &simulator.ca_pem);
    home.write("secret", CLIENT_SECRET);
    let id = sample_id().path();
    let settings = format!(
        "[[workspaces]]\nname = \"{NAME}\"\nid = \"{id}\"\nendpoint = \"{}\"\n\
         telemetry = false\n\
         credential = \"client_secret\"\ntenant_id = \"{TENANT}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret_file = \"secret\"\n{rules}",
        simulator.base_url
    );
    home.write("dsrd.toml", &settings);
    (home, simulator)
}

/// What the program has to be told of the simulator beside its settings.
fn variables(home: &Home, simulator: &Simulator) -> [(&'static str, String); 3] {
    [
        ("SSL_CERT_FILE", home.path("ca.pem").display().to_string()),
        ("AZURE_AUTHORITY_HOST", simulator.base_url.clone()),
        ("DSRD_LOG", "trace".to_owned()),
    ]
}

fn started(home: &Home, simulator: &Simulator) -> Daemon {
    let variables = variables(home, simulator);
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let daemon = home.start(&["--config", "dsrd.toml"], &variables);
    wait_for("the daemon to serve", || daemon.log().contains("serving"));
    daemon
}

/// How many times something was deleted.
fn deletes(simulator: &Simulator) -> usize {
    let requests = simulator.requests().into_iter();
    requests.filter(|request| request.method == "DELETE").count()
}

fn left(simulator: &Simulator, kind: Kind) -> Vec<String> {
    simulator.state().live(&sample_id()).unwrap().names(kind)
}

/// The erasure of who asks.
pub fn erasure(id: &str) -> Value {
    let identity = |kind: &str, value: &Value| json!({ "identity_type": kind, "identity_format": "raw", "identity_value": value });
    json!({
        "regulation": "gdpr", "api_version": "2.0", "subject_request_id": id,
        "subject_request_type": "erasure", "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            identity("email", &HANAKO.into()),
            identity("object_id", &person(HANAKO)["userObjectId"]),
        ],
    })
}

/// What is hers alone goes; what others work with is kept, and said to be.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_with_the_instance_that_is_assigned_to_her() {
    let rules = format!(
        "[[policy]]\nsource = \"{NAME}\"\npath = \"compute/**\"\naction = \"delete\"\n\
         reason = \"an instance is one person's\"\n\
         [[policy]]\nsource = \"{NAME}\"\naction = \"keep\"\nreason = \"others work with it\"\n"
    );
    let life = Life::begin(&rules).await;
    life.send("r-1", &erasure("r-1"));
    let end = life.ended("r-1").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"]["erased"], 1, "{end:#}");
    assert!(end["data"]["counts"]["outcomes"]["kept"].as_u64().unwrap() > 3, "{end:#}");
    let simulator = life.end();
    assert_eq!(deletes(&simulator), 1);
    assert_eq!(left(&simulator, Kind::Compute), ["attached-k8s", "cpu-cluster"]);
    assert_eq!(left(&simulator, Kind::OnlineEndpoint), ["churn-endpoint"]);
    assert_eq!(left(&simulator, Kind::ModelVersion).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_requests_name_goes_or_is_put_aside() {
    let life = Life::begin("").await;
    let endpoint = about("r-1", "delete", "online_endpoint", "churn-endpoint");
    life.send("r-1", &endpoint);
    let end = life.ended("r-1").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"], json!({ "erased": 2 }), "{end:#}");
    let id = format!("{}/models/churn-model/versions/1", sample_id().path());
    life.send("r-2", &about("r-2", "archive", "model", &id));
    let end = life.ended("r-2").await;
    assert_eq!(end["data"]["counts"]["outcomes"], json!({ "archived": 1 }), "{end:#}");
    life.send("r-3", &about("r-3", "unregister", "compute", "attached-k8s"));
    let end = life.ended("r-3").await;
    assert_eq!(end["data"]["counts"]["outcomes"], json!({ "unregistered": 1 }), "{end:#}");
    let simulator = life.end();
    assert_eq!(deletes(&simulator), 3, "a deployment, its endpoint, a compute");
    assert!(left(&simulator, Kind::OnlineEndpoint).is_empty());
    assert!(left(&simulator, Kind::OnlineDeployment).is_empty());
    assert_eq!(left(&simulator, Kind::BatchDeployment), ["churn-batch/one"]);
    assert_eq!(left(&simulator, Kind::ModelVersion).len(), 2, "archived is not gone");
    assert_eq!(left(&simulator, Kind::Compute), ["cpu-cluster", "hanako-ci"]);
}

/// Before the service's answer was heard, and before anything of it was kept.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_meanwhile_goes_on() {
    let mut life = Life::begin("").await;
    life.simulator.plan(Verb::Delete, Kind::Compute, Fault::LostAnswer);
    life.send("r-1", &about("r-1", "delete", "compute", "hanako-ci"));
    wait_for("the deletion to begin", || deletes(&life.simulator) > 0);
    life.restart();
    let end = life.ended("r-1").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"], json!({ "erased": 1 }), "{end:#}");
    let simulator = life.end();
    assert_eq!(left(&simulator, Kind::Compute), ["attached-k8s", "cpu-cluster"]);
}

/// What is missing is named, with what it is for and who grants it.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_which_rights_are_missing() {
    let (home, simulator) = prepared("").await;
    let check = async |args: &[&str]| {
        let args = [&["--config", "dsrd.toml", "check"], args].concat();
        let mut command = home.command(&args);
        command.envs(variables(&home, &simulator)).env("DSRD_LOG", "error");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text, String::from_utf8(output.stderr).unwrap())
    };
    let (code, told, errors) = check(&[]).await;
    assert_eq!(code, Some(0), "{told}{errors}");
    for part in ["ledger", "queue", "exports", "source workspace"] {
        assert!(told.contains(&format!("{part:<24} ok")), "{part} in\n{told}");
    }
    simulator.state().switches.roles = Some(vec![Role::published("find")]);
    let (code, told, _) = check(&[]).await;
    assert_eq!(code, Some(1), "{told}");
    let jobs = "  may not Microsoft.MachineLearningServices/workspaces/jobs/delete, to erase; \
                deploy/roles/erase.json grants it";
    let workspace = "  may not Microsoft.MachineLearningServices/workspaces/delete, only to delete \
                     the workspace itself; deploy/roles/delete-workspace.json grants it";
    assert!(told.contains(&format!("{:<24} lacks rights", "source workspace")), "{told}");
    assert!(told.contains(jobs) && told.contains(workspace), "{told}");
    assert!(!told.contains("jobs/read"), "{told}");
    // Whoever need not delete a workspace lacks nothing.
    let roles = ["find", "erase"].map(Role::published);
    simulator.state().switches.roles = Some(roles.into());
    let (code, told, _) = check(&["--json"]).await;
    assert_eq!(code, Some(0), "{told}");
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    assert_eq!((&last["part"], &last["ok"]), (&"source workspace".into(), &true.into()));
    assert_eq!(last["lacks"][0]["needed"], false, "{told}");
    // Who may do everything is one assignment with a star.
    simulator.state().switches.roles = None;
    assert!(check(&[]).await.1.contains("source workspace         ok\n"));
    simulator.state().switches.roles = Some(Vec::new());
    let (code, told, _) = check(&[]).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("answered 403 AuthorizationFailed"), "{told}");
    for canary in CANARIES {
        assert!(!told.to_lowercase().contains(&canary.to_lowercase()), "{canary} in\n{told}");
    }
}

/// What the workspace's own services keep, by requests that name it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_data_plane_keeps_goes_or_is_put_aside() {
    let life = Life::begin("").await;
    let done = async |id: &str, verb: &str, sort: &str, name: &str, outcomes: Value| {
        life.send(id, &about(id, verb, sort, name));
        let end = life.ended(id).await;
        assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
        assert_eq!(end["data"]["counts"]["outcomes"], outcomes, "{name} {end:#}");
    };
    done("r-1", "delete", "web_service", "churn-aci", json!({ "erased": 1 })).await;
    // Both data sets of the name, that of today with its version.
    {
        let mut state = life.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        workspace.add_dataset("customers", "workspaceblobstore", "customers/", &person(HANAKO));
    }
    done("r-2", "unregister", "dataset", "customers", json!({ "unregistered": 3 })).await;
    done("r-3", "archive", "experiment", "churn", json!({ "archived": 1 })).await;
    // Its run goes first: the job, and the history that goes with it.
    {
        let mut state = life.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        let none = serde_json::Map::new();
        workspace.add_run("churn_single", "churn-last", &json!({}), &none, now);
    }
    life.send("r-4", &about("r-4", "delete", "experiment", "churn-last"));
    let end = life.ended("r-4").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    let counts = &end["data"]["counts"]["outcomes"];
    let of = |word: &str| counts[word].as_u64().unwrap_or_default();
    assert_eq!(of("erased") + of("already_absent"), 3, "{end:#}");
    let simulator = life.end();
    let mut state = simulator.state();
    let workspace = state.live(&sample_id()).unwrap();
    assert!(workspace.web_services.is_empty());
    let datasets: Vec<&Value> = workspace.datasets.values().map(|it| &it["name"]).collect();
    assert_eq!(datasets, ["customers-v1"]);
    assert!(workspace.names(Kind::DataVersion).is_empty());
    assert!(workspace.run("churn_single").is_none());
    let names: Vec<(&str, bool)> = workspace
        .experiments
        .values()
        .map(|experiment| (experiment.name.as_str(), experiment.archived.is_some()))
        .collect();
    assert!(names.contains(&("churn", true)) && !names.iter().any(|it| it.0 == "churn-last"));
    assert_eq!(workspace.run_ids().len(), 7, "others' runs stay");
}

/// An id of another workspace is nothing that was looked for and not found.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_another_workspace_is_not_gone() {
    let life = Life::begin("").await;
    let id = sample_id().path().replace("0000-1111", "0000-1112");
    life.send("r-1", &about("r-1", "delete", "model", &format!("{id}/models/churn-model")));
    let end = life.ended("r-1").await;
    assert_ne!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    life.send("r-2", &about("r-2", "delete", "model", "churn-model/1"));
    let end = life.ended("r-2").await;
    assert_ne!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    let simulator = life.end();
    assert_eq!(deletes(&simulator), 0);
}

/// Cancelled first, and killed in between; with all that services keep of it, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_is_cancelled_and_goes_whole() {
    const RUN: &str = "quiet_river_0a1b2c3d4e";
    let mut life = Life::begin("").await;
    {
        let mut state = life.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        workspace.run_mut(RUN).unwrap().say("status", "Running".into());
    }
    let (shape, retry_after) = (Shape::Location, RetryAfter::Seconds(1));
    let lasts = SignedDuration::from_secs(2);
    let course = Course { shape, retry_after, lasts, ..Course::default() };
    life.simulator.plan(Verb::Act, Kind::Job, Fault::Goes(course));
    life.send("r-1", &about("r-1", "delete", "run", RUN));
    let cancels = |life: &Life| {
        let requests = life.simulator.requests().into_iter();
        requests.filter(|request| request.path.ends_with("/cancel")).count()
    };
    wait_for("the run to be cancelled", || cancels(&life) > 0);
    life.restart();
    let end = life.ended("r-1").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    let outcomes = &end["data"]["counts"]["outcomes"];
    assert_eq!(outcomes, &json!({ "erased": 5 }), "its history went with it, by our hand");
    assert_eq!(cancels(&life), 1);
    let simulator = life.end();
    let mut state = simulator.state();
    let workspace = state.live(&sample_id()).unwrap();
    assert!(workspace.run(RUN).is_none() && workspace.snapshots.is_empty());
    assert!(!workspace.metrics.contains_key(RUN));
    let containers: Vec<_> = workspace.artifacts.keys().map(|key| key.1.as_str()).collect();
    assert_eq!(containers, [format!("dcid.{RUN}_1")], "another's is left");
    assert!(workspace.run(&format!("{RUN}_1")).is_some());
}

/// Always held; told how long it can be had back; and over although nobody answers there any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_goes_once_somebody_approved_it() {
    let mut life = Life::begin("").await;
    let mut message = about("r-1", "delete", "workspace", WORKSPACE);
    message["permanently"] = false.into();
    life.send("r-1", &message);
    let held = life.ended("r-1").await;
    assert_eq!(held["type"], "io.dsrd.request.held.v1", "{held:#}");
    assert_eq!(deletes(&life.simulator), 0);
    let approve = json!({
        "control": "approve", "subject_request_id": "r-1", "actor": "op", "reason": "moved away",
    });
    life.simulator.plan(Verb::Delete, Kind::Workspace, Fault::LostAnswer);
    life.send("c-1", &approve);
    wait_for("the deletion to begin", || deletes(&life.simulator) > 0);
    life.restart();
    let end = life.event("r-1", &["completed", "partially_completed", "failed"]).await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"], json!({ "erased": 1 }), "{end:#}");
    let horizon = |field: &str| -> jiff::Timestamp {
        end["data"]["horizon"][field].as_str().unwrap().parse().unwrap()
    };
    let kept = horizon("unrecoverable_after").duration_since(horizon("logically_erased_at"));
    assert_eq!(kept.as_hours(), 14 * 24);
    let simulator = life.end();
    let state = simulator.state();
    let phase = state.workspaces[&sample_id().key()].phase;
    assert!(matches!(phase, Phase::SoftDeleted(_)), "{phase:?}");
}

/// She is taken out of what the service lets be changed of runs that stay; what it does not is
/// told.
#[tokio::test(flavor = "multi_thread")]
async fn records_of_runs_that_stay_are_scrubbed_and_what_is_fixed_is_told() {
    let rules = format!(
        "[[policy]]\nsource = \"{NAME}\"\npath = \"run/**\"\naction = \"redact\"\n\
         otherwise = \"leave\"\nreason = \"runs are the team's\"\n\
         [[policy]]\nsource = \"{NAME}\"\naction = \"keep\"\nreason = \"others work with it\"\n"
    );
    let life = Life::begin(&rules).await;
    let message = json!({
        "regulation": "gdpr", "api_version": "2.0", "subject_request_id": "r-1",
        "subject_request_type": "erasure", "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [{ "identity_type": "email", "identity_value": HANAKO }],
    });
    life.send("r-1", &message);
    let end = life.ended("r-1").await;
    assert_eq!(end["type"], "io.dsrd.request.partially_completed.v1", "{end:#}");
    assert!(end["data"]["counts"]["outcomes"]["redacted"].as_u64() >= Some(1), "{end:#}");
    assert!(end["data"]["refusals"].to_string().contains("immutable: FixedByTheService"));
    let simulator = life.end();
    assert_eq!(deletes(&simulator), 0);
    let mut state = simulator.state();
    let workspace = state.live(&sample_id()).unwrap();
    let said = |run: &str| Value::from(workspace.run(run).unwrap().document());
    let shared = said("calm_stone_2c3d4e5f60");
    assert_eq!(shared["tags"], json!({ "reviewer": "[erased]", "team": "churn" }));
    assert_eq!(shared["createdBy"], person(JIRO));
    let own = said("quiet_river_0a1b2c3d4e");
    assert_eq!(own["createdBy"], person(HANAKO));
    assert_eq!(own["description"], "retrain for ticket 881, ask [erased]");
    assert_eq!(own["tags"]["owner"], "[erased]");
}
