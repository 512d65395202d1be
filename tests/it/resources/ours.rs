//! What of ours lies in what a workspace depends on: archives, and what rules keep. It stays with
//! its account, whatever else goes, and whatever was planned before the settings said so.

use std::sync::Arc;

use dsrd::config::build;
use dsrd::config::reading::layers;
use dsrd::config::settings::Settings;
use dsrd::domain::asked::thing::Thing;
use dsrd::domain::dependents::dependent::is_one;
use dsrd::domain::dependents::ours::Ours;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::domain::policy::action::Action;
use dsrd::domain::policy::rules::Policy;
use dsrd::domain::request::{Asked, Options, Request, RequestId, RequestKind};
use dsrd::ports::sources::{Erased, Followed, Source, Walked};
use dsrd::stages::plan::things::looked_up;
use jiff::Timestamp;
use serde_json::json;

use crate::resources::dependents::{COMPONENT, LOGS, deletes, fill, found, item, thing, world};
use crate::resources::lives::prepared;
use crate::resources::world::NAME;
use crate::support::azure::dependents::sample::id;
use crate::support::azure::seed::{WORKSPACE, sample_id};
use crate::support::program::Ran;

/// What the sample workspace depends on, but for what holds nothing of ours.
const PLACES: [(&str, &str); 6] = [
    ("account", "storage_account/"),
    ("azureml", "/examplews01/azureml"),
    ("store", "/azureml-blobstore-"),
    ("share", "file_share/"),
    ("component", "application_insights/"),
    ("logs", "log_analytics/"),
];

const ARCHIVES: &str = "archives and certificates are kept there";
const PART: &str = "a part of it stays";
const LAW: &str = "tax law";

/// Settings of the workspace with these parts.
fn settings(parts: &str) -> Settings {
    let text =
        format!("[[workspaces]]\nname = \"{NAME}\"\nid = \"{}\"\n{parts}", sample_id().path());
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    build::settings(&layers::read(Some(file.path()), []).unwrap()).unwrap()
}

fn exports(url: &str) -> String {
    format!("[exports]\nurl = \"{url}\"\n")
}

fn source(name: &str, container: &str) -> String {
    format!(
        "[[sources]]\nname = \"{name}\"\n\
         url = \"https://ExampleWS01.blob.core.windows.net/{container}\"\n"
    )
}

fn telemetry(type_name: &str, name: &str) -> String {
    format!("[[telemetry]]\nname = \"rows\"\nid = \"{}\"\n", id(type_name, name))
}

fn rule(of: &str, action: &str) -> String {
    format!("[[policy]]\n{of}action = \"{action}\"\nreason = \"{LAW}\"\n")
}

/// A place, and why it stays.
type Stays = (&'static str, &'static str);

/// Settings, and what stays for them: the rest goes.
fn table() -> Vec<(&'static str, String, Vec<Stays>)> {
    let host = "https://examplews01.blob.core.windows.net";
    let keep = |of: &str| rule(of, "keep");
    let (own, all) = (vec![("account", ARCHIVES), ("azureml", ARCHIVES)], "");
    let kept = vec![("account", PART), ("azureml", LAW)];
    let of_history = "source = \"history\"\n";
    vec![
        ("archives", exports(&format!("{host}/azureml")), own.clone()),
        ("archives by a signature", exports(&format!("{host}/azureml?sv=1&sig=x")), own.clone()),
        (
            "archives in another case, by way of a private link",
            exports("https://EXAMPLEWS01.privatelink.blob.core.windows.net/AzureML/"),
            own.clone(),
        ),
        (
            "archives under a name of one's own",
            exports("https://archives.contoso.com/azureml"),
            vec![("account", PART), ("azureml", ARCHIVES)],
        ),
        (
            "archives that were never written",
            exports(&format!("{host}/dsr-exports")),
            vec![("account", ARCHIVES)],
        ),
        (
            "archives of another account",
            exports("https://examplews02.blob.core.windows.net/azureml"),
            vec![],
        ),
        ("archives in a folder", exports("dir:azureml"), vec![]),
        ("a source without rules", source("history", "azureml"), vec![]),
        ("a rule of a source", source("history", "azureml") + &keep(of_history), kept.clone()),
        (
            "a rule of some names",
            source("history", "azureml") + &keep("source = \"hist*\"\npath = \"invoices/**\"\n"),
            kept.clone(),
        ),
        (
            "a rule for what others share",
            source("history", "azureml")
                + &rule("source = \"history\"\nshared = \"keep\"\n", "delete"),
            kept.clone(),
        ),
        (
            "a rule behind one that fits less",
            source("history", "azureml")
                + &rule("path = \"logs/**\"\n", "delete")
                + &keep(of_history),
            kept,
        ),
        (
            "a rule behind one for everything",
            source("history", "azureml") + &rule(all, "delete") + &keep(of_history),
            vec![],
        ),
        (
            "a rule of another source",
            source("history", "azureml")
                + &source("store", "azureml-blobstore-*")
                + &keep("source = \"store\"\n"),
            vec![("account", PART), ("store", LAW)],
        ),
        (
            "a rule for everything",
            source("history", "*") + &keep(all),
            vec![
                ("account", PART),
                ("azureml", LAW),
                ("store", LAW),
                ("share", LAW),
                ("component", LAW),
                ("logs", LAW),
            ],
        ),
        (
            "a rule of a store of telemetry",
            telemetry("Microsoft.OperationalInsights/workspaces", &LOGS.to_uppercase())
                + &keep("source = \"rows\"\n"),
            vec![("logs", LAW)],
        ),
        (
            "a rule of a component",
            telemetry("microsoft.insights/Components", COMPONENT) + &keep("source = \"rows\"\n"),
            vec![("component", LAW), ("logs", PART)],
        ),
        (
            "a rule of the workspace's telemetry",
            keep("source = \"*-telemetry\"\npath = \"AppTraces/**\"\n"),
            vec![("component", LAW), ("logs", LAW)],
        ),
    ]
}

fn request() -> Request {
    Request {
        id: RequestId::new("r-1").unwrap(),
        kind: RequestKind::DeleteThing,
        regulation: "gdpr".into(),
        submitted: Timestamp::UNIX_EPOCH,
        asked: Asked::Thing(Thing { ..thing(true) }),
        callbacks: Vec::new(),
        options: Options::default(),
    }
}

#[tokio::test]
async fn what_holds_something_of_ours_stays() {
    for (case, parts, stay) in table() {
        let mut world = world().await;
        let before = found(&world, true).await;
        let settings = settings(&parts);
        world.source.ours = settings.ours();
        // Approved before the settings said so: nothing is so much as asked to go.
        for (word, name) in PLACES.iter().filter(|(word, _)| stay.contains(&(word, LAW))) {
            let is_it = |item: &str| item.contains(name);
            let one = before.each.iter().find(|each| is_it(&each.item.name)).unwrap();
            let erased = world.source.erase(&one.item).await.unwrap();
            let barrier = Barrier::new(Block::Lock, "HoldsWhatIsKept");
            assert_eq!(erased, Erased::Blocked(barrier), "{case}: {word}");
        }
        assert_eq!(deletes(&world.simulator), 0, "{case}");
        let policy = Policy { rules: settings.mandate.policy.rules.clone(), ..Policy::default() };
        let sources: [Arc<dyn Source>; 1] = [Arc::new(world.source)];
        let planned = looked_up(&sources, &policy, &request()).await.unwrap();
        let planned: Vec<_> = planned.iter().filter(|one| is_one(&one.finding.item.name)).collect();
        assert_eq!(planned.len(), 9, "{case}");
        for (word, name) in PLACES {
            let one = planned.iter().find(|one| one.finding.item.name.contains(name)).unwrap();
            let expected = stay.iter().find(|(stays, _)| *stays == word);
            let expected = expected.map(|(_, reason)| Action::Keep((*reason).to_owned()));
            let expected = expected.unwrap_or(Action::Delete);
            assert_eq!(one.action, expected, "{case}: {word}");
            if matches!(&one.action, Action::Keep(reason) if reason == LAW) {
                assert!(one.why.starts_with("rule "), "{case}: {}", one.why);
            }
        }
    }
}

/// What waits for its turn at a service is looked at again when that comes.
#[tokio::test]
async fn what_has_become_ours_meanwhile_loses_its_turn() {
    let mut world = world().await;
    let container = item(&found(&world, true).await, "storage_container");
    let turn = json!({"by": "turn", "detach": false}).to_string();
    world.source.ours = settings(&(source("all", "*") + &rule("", "keep"))).ours();
    let barrier = Barrier::new(Block::Lock, "HoldsWhatIsKept");
    let followed = world.source.follow(&container, &turn).await.unwrap();
    assert_eq!(followed, Followed::Blocked(barrier));
    assert_eq!(deletes(&world.simulator), 0);
    world.source.ours = Ours::default();
    assert_eq!(world.source.follow(&container, &turn).await.unwrap(), Followed::Done);
    // What is gone holds nothing.
    world.source.ours = settings(&(source("all", "*") + &rule("", "keep"))).ours();
    assert_eq!(world.source.erase(&container).await.unwrap(), Erased::AlreadyAbsent);
}

/// The program itself, as people ask it before they approve.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_what_is_ours() {
    let parts = source("history", "azureml")
        + "credential = \"developer_tools\"\n"
        + &rule("source = \"history\"\npath = \"invoices/**\"\n", "keep");
    let (home, simulator) = prepared(&parts).await;
    fill(&simulator);
    let message = json!({
        "resource_request_id": "r-1", "resource_request_type": "delete",
        "resource": { "type": "workspace", "name": WORKSPACE },
        "delete_dependent_resources": true,
    });
    let file = home.write("request.json", &message.to_string());
    let mut command = home.command(&["--config", "dsrd.toml", "preview", file.to_str().unwrap()]);
    command
        .env("SSL_CERT_FILE", home.path("ca.pem"))
        .env("AZURE_AUTHORITY_HOST", &simulator.base_url);
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap()));
    let ran = ran.await.unwrap();
    assert!(ran.out.contains("rule 1 may keep what history has there: tax law"), "{}", ran.out);
    assert!(ran.out.contains("a part of it stays: storage_container/"), "{}", ran.out);
    assert_eq!(deletes(&simulator), 0);
}
