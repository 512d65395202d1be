//! What a workspace depends on: found in any case and place, held against all who may use it too,
//! planned to go or to stay with a reason, and gone in the end.

use dsrd::domain::asked::thing::{Thing, ThingKind};
use dsrd::domain::dependents::dependent::{
    Dependent, Dependents, Fate, RECOVERABLE_DAYS, RECOVERABLE_UNTIL, parent, waits_for,
};
use dsrd::domain::item::Item;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Followed, Source, Things, Walked};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::resources::world::World;
use crate::support::azure::dependents::sample::{self, ACCOUNT, CONTAINERS, VAULT, id};
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::spot::Part as Monitored;
use crate::support::azure::operations::Effect;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, WORKSPACE, sample_id, workspace_document};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::{Phase, State, Switches};

const REGISTRY: &str = "examplecr01";
pub const LOGS: &str = "examplela02";
pub const COMPONENT: &str = "exampleai02";
const RULE: &str = "Failure Anomalies - exampleai02";

/// The workspace with all that it depends on, as a request names it.
pub fn thing(permanently: bool) -> Thing {
    let (kind, name) = (ThingKind::Workspace, WORKSPACE.to_owned());
    Thing { kind, name, output: None, with_dependents: true, permanently }
}

fn of_type(part: Part, name: &str) -> String {
    id(part.type_name(), name)
}

fn workspace(name: &str) -> WorkspaceId {
    WorkspaceId {
        subscription: SUBSCRIPTION.to_owned(),
        group: GROUP.to_owned(),
        name: name.to_owned(),
    }
}

/// A property of a workspace.
fn set(state: &mut State, id: &WorkspaceId, property: &str, value: Value) {
    let workspace = state.live(id).unwrap();
    workspace.document["properties"][property] = value;
}

/// The sample workspace with all that one can depend on, made for it alone.
pub fn fill(simulator: &Simulator) {
    let mut state = simulator.state();
    sample::fill(&mut state.dependents);
    let registry = of_type(Part::Registry, REGISTRY);
    let properties = json!({"creationDate": "2025-12-01T08:00:00Z"});
    state.dependents.add(Part::Registry, &registry, &json!({"properties": properties}));
    let component = component(COMPONENT);
    telemetry(&mut state, COMPONENT, LOGS);
    let scope = [component.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")];
    let rule = json!({"properties": {"scope": scope, "state": "Enabled"}});
    state.dependents.add(Part::Rule, &of_type(Part::Rule, RULE), &rule);
    let own = sample_id();
    set(&mut state, &own, "containerRegistry", registry.into());
    set(&mut state, &own, "applicationInsights", component.into());
}

/// A component that keeps its rows in a Log Analytics workspace.
fn telemetry(state: &mut State, component: &str, logs: &str) {
    let (now, logs) = (state.now, workspace(logs));
    if !state.monitor.workspaces.contains_key(&logs.key()) {
        state.monitor.add_workspace(&logs, now);
    }
    state.monitor.add_component(&workspace(component), Some(&logs), now);
}

fn component(name: &str) -> String {
    id("Microsoft.Insights/components", name)
}

/// Another workspace, of another group, that depends on nothing of the first.
fn add_other(state: &mut State, name: &str) -> WorkspaceId {
    let id = workspace(name);
    let mut document = workspace_document(&id);
    for property in ["storageAccount", "keyVault", "applicationInsights"] {
        document["properties"][property] = Value::Null;
    }
    state.add_workspace(&id, document);
    id
}

/// The sample workspace with all of it.
pub async fn world() -> World {
    let world = World::new(Switches::default()).await;
    fill(&world.simulator);
    world
}

/// What it depends on now.
pub async fn found(world: &World, permanently: bool) -> Dependents {
    world.source.dependents(&thing(permanently)).await.unwrap()
}

/// What was found, by the last parts of the names: `-` goes, `reason` stays.
fn told(found: &Dependents) -> Vec<String> {
    let line = |Dependent { item, fate }: &Dependent| {
        let fate = match fate {
            Fate::Goes(_) => "goes",
            Fate::Stays(stay) => &stay.reason,
            Fate::Unread(word) => word,
        };
        let (word, _) = item.name.split_once('/').unwrap();
        let (_, name) = item.name.rsplit_once('/').unwrap();
        format!("{word} {name}: {fate}")
    };
    let mut told: Vec<String> = found.each.iter().map(line).collect();
    told.sort();
    told
}

fn fate<'a>(found: &'a Dependents, word: &str) -> &'a Fate {
    let is_it = |each: &&Dependent| each.item.name.starts_with(&format!("{word}/"));
    &found.each.iter().find(is_it).unwrap_or_else(|| panic!("no {word}")).fate
}

/// The first of that sort.
pub fn item(found: &Dependents, word: &str) -> Item {
    let is_it = |each: &&Dependent| each.item.name.starts_with(&format!("{word}/"));
    found.each.iter().find(is_it).unwrap_or_else(|| panic!("no {word}")).item.clone()
}

/// Carries the plan out in its order; the last word about each.
async fn carried_out(world: &World, found: &Dependents) -> Vec<(String, String)> {
    let goes = found.each.iter().filter(|each| matches!(each.fate, Fate::Goes(_)));
    let mut items: Vec<&Item> = goes.map(|each| &each.item).collect();
    items.sort_by_key(|item| waits_for(&item.name));
    let mut ends = Vec::new();
    for item in items {
        let words = world.erased(item, 6).await;
        ends.push((item.name.clone(), words.last().unwrap().clone()));
    }
    ends
}

/// Deletes all of them.
pub async fn all_go(world: &World) {
    let found = found(world, true).await;
    let ends = carried_out(world, &found).await;
    assert!(
        ends.len() == found.each.len() && ends.iter().all(|(_, end)| end == "Done"),
        "{ends:?}"
    );
    for each in &found.each {
        let until = world.source.recoverable_until(&each.item, Timestamp::UNIX_EPOCH).await;
        assert_eq!(until.unwrap(), None, "{}", each.item.name);
    }
}

/// Somebody deleted the vault before, and it is looked for anew.
pub async fn a_vault_is_missed(world: &World) {
    let vault = item(&found(world, true).await, "key_vault");
    world.source.erase(&vault).await.unwrap();
    found(world, true).await;
}

#[tokio::test]
async fn all_is_found_and_goes_children_first() {
    for is_odd in [false, true] {
        let world = world().await;
        world.simulator.state().switches.odd_case = is_odd;
        let found = found(&world, true).await;
        assert!(found.own.is_none());
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&found).join("\n"), @r"
            alert_rule failure anomalies - exampleai02: goes
            application_insights exampleai02: goes
            container_registry examplecr01: goes
            file_share code-391ff5ac-6576-460f-ba4d-7e03433c68b6: goes
            key_vault examplekv01: goes
            log_analytics examplela02: goes
            storage_account examplews01: goes
            storage_container azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014: goes
            storage_container azureml: goes
            ");
        }
        let container = item(&found, "storage_container");
        assert_eq!(parent(&container), Some(item(&found, "storage_account").name.as_str()));
        assert_eq!(container.properties[RECOVERABLE_DAYS], "7");
        let ends = carried_out(&world, &found).await;
        assert!(ends.iter().all(|(_, end)| end == "Done"), "{ends:?}");
        assert_nothing_left(&world.simulator.state());
        // Whoever lost all answers asks again, and so does who looks for what is left.
        for each in &found.each {
            let words = world.erased(&each.item, 4).await;
            assert!(
                matches!(words.last().unwrap().as_str(), "Done" | "AlreadyAbsent"),
                "{words:?}"
            );
            assert!(world.source.remains(&each.item.name).await.unwrap().is_empty());
        }
    }
}

fn assert_nothing_left(state: &State) {
    assert!(!state.monitor.components.contains_key(&workspace(COMPONENT).key()));
    assert!(!state.monitor.workspaces.contains_key(&workspace(LOGS).key()));
    let left: Vec<&String> = state.dependents.all.keys().collect();
    assert!(left.is_empty() && state.dependents.deleted_vaults.is_empty(), "{left:?}");
}

/// Softly: nothing is purged, and it is told until when each can be had back.
#[tokio::test]
async fn what_is_to_be_had_back_is() {
    let world = world().await;
    let found = found(&world, false).await;
    for (word, days) in [
        ("storage_account", Some("14")),
        ("key_vault", Some("90")),
        ("log_analytics", Some("14")),
        ("storage_container", Some("7")),
        ("file_share", None),
        ("application_insights", None),
    ] {
        let item = item(&found, word);
        assert_eq!(item.properties.get(RECOVERABLE_DAYS).map(String::as_str), days, "{word}");
    }
    carried_out(&world, &found).await;
    assert_eq!(world.simulator.state().dependents.deleted_vaults.len(), 1);
    let requests = world.simulator.requests();
    assert!(!requests.iter().any(|request| request.query.contains("force=true")));
    // A vault that was deleted before tells its own time.
    let again = self::found(&world, false).await;
    let vault = item(&again, "key_vault");
    assert!(vault.etag.is_empty() && vault.properties.contains_key(RECOVERABLE_UNTIL));
    assert_eq!(world.source.erase(&vault).await.unwrap(), Erased::AlreadyAbsent);
    // And is purged by who wants nothing left.
    let again = self::found(&world, true).await;
    assert_eq!(world.erased(&item(&again, "key_vault"), 5).await.last().unwrap(), "Done");
    assert!(world.simulator.state().dependents.deleted_vaults.is_empty());
}

/// What is done to a workspace, or around it.
type Change = fn(&mut State);

/// Every way in which somebody else may use something, and what stays for it.
const USES: [(&str, Change, &[&str]); 14] = [
    (
        "a vault for a key",
        |state| {
            let other = add_other(state, "ann-ws");
            let id = of_type(Part::Vault, VAULT).to_uppercase();
            let vault = json!({"keyVaultProperties": {"keyVaultArmId": id}});
            set(state, &other, "encryption", vault);
        },
        &["key_vault"],
    ),
    (
        "a vault by its address",
        |state| {
            let other = add_other(state, "ann-ws");
            let address = format!("https://{VAULT}.vault.azure.net/keys/k/1");
            let vault = json!({"keyVaultProperties": {"keyIdentifier": address}});
            set(state, &other, "encryption", vault);
        },
        &["key_vault"],
    ),
    (
        "an account of a hub",
        |state| {
            let other = add_other(state, "ann-ws");
            let accounts = json!({"additionalWorkspaceStorageAccounts":
                [of_type(Part::Account, ACCOUNT)]});
            set(state, &other, "workspaceHubConfig", accounts);
        },
        &["storage_account", "storage_container", "file_share"],
    ),
    (
        "something in an account",
        |state| {
            let other = add_other(state, "ann-ws");
            let id = format!("{}/blobServices/default", of_type(Part::Account, ACCOUNT));
            set(state, &other, "sharedPrivateLinkResources", json!([{"id": id}]));
        },
        &["storage_account", "storage_container", "file_share"],
    ),
    (
        "an account",
        |state| {
            let other = add_other(state, "ann-ws");
            let id = of_type(Part::Account, ACCOUNT).to_uppercase();
            set(state, &other, "storageAccount", id.into());
        },
        &["storage_account", "storage_container", "file_share"],
    ),
    (
        "an account by a datastore",
        |state| {
            let other = add_other(state, "ann-ws");
            let store = json!({"properties": {"datastoreType": "AzureBlob",
                "accountName": "ExampleWS01", "containerName": "x"}});
            let now = state.now;
            let other = state.live(&other).unwrap();
            other.put(Kind::Datastore, &["lent"], &store, "ann", now);
        },
        &["storage_account", "storage_container", "file_share"],
    ),
    (
        "a vault",
        |state| {
            let other = add_other(state, "ann-ws");
            set(state, &other, "keyVault", of_type(Part::Vault, VAULT).into());
        },
        &["key_vault"],
    ),
    (
        "a registry",
        |state| {
            let other = add_other(state, "ann-ws");
            set(state, &other, "containerRegistry", of_type(Part::Registry, REGISTRY).into());
        },
        &["container_registry"],
    ),
    (
        "a component",
        |state| {
            let other = add_other(state, "ann-ws");
            let id = component(COMPONENT).to_lowercase();
            set(state, &other, "applicationInsights", id.into());
        },
        &["application_insights"],
    ),
    ("logs", |state| telemetry(state, "ann-ai", LOGS), &["log_analytics"]),
    (
        "a rule",
        |state| {
            let rule = state.dependents.get(&of_type(Part::Rule, RULE)).unwrap();
            let ids = [COMPONENT, "ann-ai"].map(component);
            rule.properties().insert("scope".to_owned(), json!(ids));
        },
        &["alert_rule"],
    ),
    (
        "a lock on an account",
        |state| state.dependents.lock(&of_type(Part::Account, ACCOUNT), "ReadOnly"),
        &["storage_account", "storage_container", "file_share"],
    ),
    (
        "a lock in an account",
        |state| {
            let container = CONTAINERS[0];
            let id = of_type(Part::Account, ACCOUNT);
            let id = format!("{id}/blobServices/default/containers/{container}");
            state.dependents.lock(&id, "CanNotDelete");
        },
        &["storage_account"],
    ),
    ("nobody", |_| {}, &[]),
];

#[tokio::test]
async fn what_another_uses_stays() {
    for (case, change, stay) in USES {
        let world = world().await;
        let before = found(&world, true).await;
        change(&mut world.simulator.state());
        let found = found(&world, true).await;
        for word in [
            "storage_account",
            "storage_container",
            "file_share",
            "key_vault",
            "container_registry",
            "application_insights",
            "alert_rule",
            "log_analytics",
        ] {
            match fate(&found, word) {
                Fate::Stays(stays) => {
                    assert!(stay.contains(&word) || word == "storage_container", "{case}: {word}");
                    assert!(!stays.reason.contains("ann"), "{case}");
                    assert!(!stays.why.contains(SUBSCRIPTION), "{case}: {}", stays.why);
                }
                fate => assert!(!stay.contains(&word), "{case}: {word} {fate:?}"),
            }
        }
        // The same is found right before each goes, whatever was planned.
        for word in stay.iter().filter(|word| **word != "alert_rule") {
            let deletes = deletes(&world.simulator);
            let erased = world.source.erase(&item(&before, word)).await.unwrap();
            let Erased::Blocked(barrier) = &erased else { panic!("{case}: {word} {erased:?}") };
            assert_eq!(barrier.block, Block::Lock);
            assert_eq!(self::deletes(&world.simulator), deletes, "{case}: {word}");
        }
    }
}

/// How many times something was deleted.
pub fn deletes(simulator: &Simulator) -> usize {
    simulator.requests().iter().filter(|request| request.method == "DELETE").count()
}

/// There is another workspace, which depends on nothing of the first.
pub fn add_neighbour(simulator: &Simulator) {
    add_other(&mut simulator.state(), "ann-ws");
}

/// Another workspace depends on the vault.
pub fn share_vault(simulator: &Simulator) {
    let mut state = simulator.state();
    let other = add_other(&mut state, "ann-ws");
    set(&mut state, &other, "keyVault", of_type(Part::Vault, VAULT).into());
}

/// A datastore of another workspace leads into the account.
pub fn lend_account(simulator: &Simulator) {
    let mut state = simulator.state();
    let other = add_other(&mut state, "ann-ws");
    let store = json!({"properties": {"datastoreType": "AzureBlob",
        "accountName": ACCOUNT, "containerName": "x"}});
    let now = state.now;
    state.live(&other).unwrap().put(Kind::Datastore, &["lent"], &store, "ann", now);
}

/// All of these sorts.
pub fn all_of(found: &Dependents, words: &[&str]) -> Vec<Item> {
    let is_it =
        |item: &&Item| item.name.split('/').next().is_some_and(|word| words.contains(&word));
    found.each.iter().map(|each| &each.item).filter(is_it).cloned().collect()
}

/// Whoever may not see who uses something leaves it.
#[tokio::test]
async fn nothing_goes_on_silence() {
    let all = [
        "storage_account",
        "key_vault",
        "container_registry",
        "application_insights",
        "log_analytics",
    ];
    for (denied, stay) in [
        ((Verb::List, Kind::Workspace), &all[..]),
        ((Verb::List, Kind::Dependent(Part::Lock)), &all[..]),
        ((Verb::List, Kind::Telemetry(Monitored::Component)), &["log_analytics"][..]),
        ((Verb::List, Kind::Datastore), &["storage_account"][..]),
        ((Verb::List, Kind::Dependent(Part::Container)), &["storage_account"][..]),
        ((Verb::Get, Kind::Dependent(Part::Vault)), &["key_vault"][..]),
    ] {
        let world = world().await;
        {
            let mut state = world.simulator.state();
            add_other(&mut state, "ann-ws");
            state.switches.denied.insert(denied);
        }
        let found = found(&world, true).await;
        for word in all {
            let stays = match fate(&found, word) {
                Fate::Stays(stay) => stay.reason == "nobody can say that it is not shared",
                _ => false,
            };
            assert_eq!(stays, stay.contains(&word), "{denied:?}: {word}");
        }
    }
}

/// Lists leave out what we may not read: with rights in the workspace alone it looks alone.
#[tokio::test]
async fn a_list_of_what_we_may_read_is_no_whole_list() {
    let role = |without: &str| {
        let mut role = Role::published("delete-dependents");
        role.actions.retain(|action| action != without);
        role
    };
    for (without, stay) in [
        ("Microsoft.MachineLearningServices/workspaces/read", &["key_vault", "container_registry"]),
        ("Microsoft.Authorization/locks/read", &["key_vault", "container_registry"]),
        ("Microsoft.MachineLearningServices/workspaces/datastores/read", &["storage_account"; 2]),
        ("Microsoft.Authorization/permissions/read", &["key_vault", "storage_account"]),
        ("", &["key_vault"; 2]),
    ] {
        let world = world().await;
        share_vault(&world.simulator);
        {
            let switches = &mut world.simulator.state().switches;
            switches.roles = Some(vec![role(without)]);
            switches.narrow = Some((sample_id(), vec![Role::published("find")]));
        }
        let found = found(&world, true).await;
        for word in stay {
            assert!(matches!(fate(&found, word), Fate::Stays(_)), "{without}: {word}");
        }
    }
}

/// Weeks lie between a plan and its approval.
#[tokio::test]
async fn what_the_workspace_names_no_more_stays() {
    let rows: [(&str, Change); 4] = [
        ("made anew", |state| {
            let id = "eeeeeeee-0000-4000-8000-0000000000ff";
            set(state, &sample_id(), "workspaceId", id.into());
        }),
        ("another vault", |state| {
            set(state, &sample_id(), "keyVault", of_type(Part::Vault, "other").into());
        }),
        ("a project", |state| {
            let ids = [workspace("project").path()];
            set(state, &sample_id(), "associatedWorkspaces", json!(ids));
        }),
        ("gone", |state| state.workspaces.clear()),
    ];
    for (case, change) in rows {
        for is_deleted in [false, true] {
            let world = world().await;
            let vault = item(&found(&world, true).await, "key_vault");
            if is_deleted {
                let mut state = world.simulator.state();
                let now = state.now;
                let id = of_type(Part::Vault, VAULT).to_lowercase();
                let names = vec![id];
                let kind = Kind::Dependent(Part::Vault);
                state.dependents.carry_out(&Effect::Delete { kind, names }, now);
            }
            change(&mut world.simulator.state());
            let erased = world.source.erase(&vault).await.unwrap();
            assert!(matches!(erased, Erased::Blocked(_)), "{case}: {erased:?}");
            let state = world.simulator.state();
            assert_eq!(state.dependents.deleted_vaults.len(), usize::from(is_deleted), "{case}");
        }
    }
    // Whatever else is changed of it, it is the same.
    let world = world().await;
    let vault = item(&found(&world, true).await, "key_vault");
    let one = world.source.look_up(&thing(true), None).await.unwrap().remove(0).item;
    set(&mut world.simulator.state(), &sample_id(), "description", "other".into());
    assert_eq!(world.erased(&vault, 6).await.last().unwrap(), "Done");
    assert_eq!(world.erased(&one, 6).await.last().unwrap(), "Done");
    let world = self::world().await;
    let id = "eeeeeeee-0000-4000-8000-0000000000ff";
    set(&mut world.simulator.state(), &sample_id(), "workspaceId", id.into());
    assert_eq!(world.source.erase(&one).await.unwrap(), Erased::Changed);
}

/// A lock on the workspace, or above it, keeps everything; so do projects of a hub, and of a
/// project all is its hub's.
#[tokio::test]
async fn what_keeps_the_workspace_keeps_all() {
    let rows: [(&str, Change, bool); 5] = [
        ("a lock", |state| state.dependents.lock(&sample_id().path(), "CanNotDelete"), true),
        (
            "a lock above",
            |state| {
                let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}");
                state.dependents.lock(
                    &group.to_uppercase().replace("SUBSCRIPTIONS", "subscriptions"),
                    "CanNotDelete",
                );
            },
            true,
        ),
        (
            "a project of it",
            |state| {
                let other = add_other(state, "project");
                set(state, &other, "hubResourceId", sample_id().path().to_lowercase().into());
            },
            true,
        ),
        (
            "a project that is told",
            |state| {
                let ids = [workspace("project").path()];
                set(state, &sample_id(), "associatedWorkspaces", json!(ids));
            },
            true,
        ),
        (
            "its hub",
            |state| {
                let hub = add_other(state, "hub");
                set(state, &sample_id(), "hubResourceId", hub.path().into());
            },
            false,
        ),
    ];
    for (case, change, keeps_it) in rows {
        let world = world().await;
        change(&mut world.simulator.state());
        let found = found(&world, true).await;
        assert_eq!(found.own.is_some(), keeps_it, "{case}");
        assert!(found.each.len() > 5);
        for each in &found.each {
            assert!(matches!(each.fate, Fate::Stays(_)), "{case}: {}", each.item.name);
        }
    }
}

/// What is not there is told, and what nobody can say.
#[tokio::test]
async fn what_is_gone_is_no_word_that_there_was_none() {
    let world = world().await;
    {
        let mut state = world.simulator.state();
        set(&mut state, &sample_id(), "containerRegistry", Value::Null);
        state.dependents.all.remove(&of_type(Part::Vault, VAULT).to_lowercase());
        state.monitor.components.remove(&workspace(COMPONENT).key());
        set(&mut state, &sample_id(), "storageAccount", "examplews01".into());
    }
    let found = found(&world, true).await;
    insta::assert_snapshot!(told(&found).join("\n"), @r"
    alert_rule failure anomalies - exampleai02: goes
    application_insights exampleai02: goes
    dependents log_analytics: component_gone
    dependents storage_account: id_not_understood
    key_vault examplekv01: goes
    ");
    for word in ["key_vault", "application_insights"] {
        let item = item(&found, word);
        assert!(item.etag.is_empty());
        assert_eq!(world.source.erase(&item).await.unwrap(), Erased::AlreadyAbsent, "{word}");
    }
    // Made since then under the same name, by somebody else.
    let vault = of_type(Part::Vault, VAULT);
    world.simulator.state().dependents.add(Part::Vault, &vault, &json!({"properties": {}}));
    let made = world.source.erase(&item(&found, "key_vault")).await.unwrap();
    assert_eq!(made, Erased::Changed);
    for is_stuck in [true, false] {
        match is_stuck {
            true => {
                world.simulator.state().live(&sample_id()).unwrap().phase = Phase::Deadlocked;
            }
            false => world.simulator.state().workspaces.clear(),
        }
        let gone = self::found(&world, true).await;
        assert_eq!(told(&gone), ["dependents all: workspace_gone"]);
    }
}

/// What a container is held by is told, and it stays with its account.
#[tokio::test]
async fn what_is_held_stays_and_says_by_what() {
    for (field, value, block) in [
        ("hasLegalHold", json!(true), Block::LegalHold),
        ("hasImmutabilityPolicy", json!(true), Block::Immutable),
        ("leaseStatus", json!("Locked"), Block::Lease),
    ] {
        let world = world().await;
        let id = of_type(Part::Account, ACCOUNT);
        let id = format!("{id}/blobServices/default/containers/{}", CONTAINERS[0]);
        {
            let mut state = world.simulator.state();
            let container = state.dependents.get(&id).unwrap();
            container.properties().insert(field.to_owned(), value);
        }
        let found = found(&world, true).await;
        let held = found.each.iter().find(|each| each.item.name.ends_with("/azureml")).unwrap();
        assert!(matches!(&held.fate, Fate::Goes(hint) if !hint.is_empty()));
        let erased = world.source.erase(&held.item).await.unwrap();
        let Erased::Blocked(barrier) = erased else { panic!("{erased:?}") };
        assert_eq!(barrier.block, block);
        assert!(barrier.detail().contains(": "), "{}", barrier.detail());
    }
}

/// A vault that is protected is gone, and can be had back; one that is deleted too lately waits.
#[tokio::test]
async fn vaults_are_purged_when_they_can_be() {
    let world = world().await;
    world.simulator.state().dependents.switches.too_early = SignedDuration::from_mins(2);
    let vault = item(&found(&world, true).await, "key_vault");
    let Erased::Begun(ticket) = world.source.erase(&vault).await.unwrap() else { panic!() };
    let look = world.source.follow(&vault, &ticket.handle).await.unwrap();
    assert!(matches!(look, Followed::Running { .. }), "{look:?}");
    // Killed before the ticket was kept, it goes on where it was.
    assert!(matches!(world.source.erase(&vault).await.unwrap(), Erased::Begun(_)));
    world.simulator.advance(SignedDuration::from_mins(3));
    let mut look = world.source.follow(&vault, &ticket.handle).await.unwrap();
    while let Followed::Running { handle, .. } = look {
        let handle = handle.unwrap_or_else(|| ticket.handle.clone());
        look = world.source.follow(&vault, &handle).await.unwrap();
    }
    assert_eq!(look, Followed::Done);
    assert!(world.simulator.state().dependents.deleted_vaults.is_empty());

    let world = self::world().await;
    {
        let mut state = world.simulator.state();
        let vault = state.dependents.get(&of_type(Part::Vault, VAULT)).unwrap();
        vault.properties().insert("enablePurgeProtection".to_owned(), json!(true));
    }
    let found = found(&world, true).await;
    let vault = item(&found, "key_vault");
    assert_eq!(vault.properties[RECOVERABLE_DAYS], "90");
    assert_eq!(world.source.erase(&vault).await.unwrap(), Erased::Done);
    assert_eq!(world.simulator.state().dependents.deleted_vaults.len(), 1);
}

/// Who protects a vault after the plan was made keeps it from going for good, and a purge that its
/// service knows nothing of is asked for again.
#[tokio::test]
async fn no_vault_is_gone_for_good_that_can_be_had_back() {
    let world = world().await;
    let vault = item(&found(&world, true).await, "key_vault");
    {
        let mut state = world.simulator.state();
        let vault = state.dependents.get(&of_type(Part::Vault, VAULT)).unwrap();
        vault.properties().insert("enablePurgeProtection".to_owned(), json!(true));
    }
    let erased = world.source.erase(&vault).await.unwrap();
    assert_eq!(erased, Erased::Blocked(Barrier::new(Block::Immutable, "PurgeProtected")));

    let world = self::world().await;
    let vault = item(&found(&world, true).await, "key_vault");
    assert!(matches!(world.source.erase(&vault).await.unwrap(), Erased::Begun(_)));
    // Nobody knows of this purge: the vault itself is looked for, more than once.
    let handle = json!({"by": "cancelled"}).to_string();
    let look = world.source.follow(&vault, &handle).await.unwrap();
    assert!(matches!(look, Followed::Running { .. }), "{look:?}");
}

/// What is in an account made anew is another's, and so is what was put into it since.
#[tokio::test]
async fn what_is_in_an_account_is_known_by_it() {
    let id = of_type(Part::Account, ACCOUNT);
    let world = world().await;
    let found = found(&world, true).await;
    {
        let mut state = world.simulator.state();
        let account = state.dependents.get(&id).unwrap();
        account.properties().insert("creationTime".to_owned(), "2026-02-01T00:00:00Z".into());
    }
    for word in ["storage_container", "file_share"] {
        let erased = world.source.erase(&item(&found, word)).await.unwrap();
        assert_eq!(erased, Erased::Changed, "{word}");
    }
    let world = self::world().await;
    let found = self::found(&world, true).await;
    {
        let mut state = world.simulator.state();
        let id = format!("{id}/blobServices/default/containers/made-since");
        state.dependents.add(Part::Container, &id, &json!({"properties": {}}));
    }
    let ends = carried_out(&world, &found).await;
    let (_, end) = ends.iter().find(|(name, _)| name.starts_with("storage_account/")).unwrap();
    assert!(end.starts_with("Blocked"), "{end}");
    assert!(world.simulator.state().dependents.get(&id).is_some());
}

/// One under the same name that was made since is another's.
#[tokio::test]
async fn only_what_was_seen_goes() {
    let world = world().await;
    let found = found(&world, true).await;
    for (part, name, word) in [
        (Part::Account, ACCOUNT, "storage_account"),
        (Part::Registry, REGISTRY, "container_registry"),
    ] {
        let made = json!({"properties": {"creationTime": "2026-02-01T00:00:00Z",
            "creationDate": "2026-02-01T00:00:00Z"}});
        world.simulator.state().dependents.add(part, &of_type(part, name), &made);
        let erased = world.source.erase(&item(&found, word)).await.unwrap();
        assert_eq!(erased, Erased::Changed, "{word}");
        assert!(world.simulator.state().dependents.get(&of_type(part, name)).is_some());
    }
}

/// What is in an account goes before it.
fn empty(world: &World, word: &str) {
    if word == "storage_account" {
        let is_in = |part| matches!(part, Part::Container | Part::Share);
        world.simulator.state().dependents.all.retain(|_, resource| !is_in(resource.part));
    }
}

/// Whatever goes wrong on the way, the next try finds the end.
#[tokio::test]
async fn lost_answers_and_refusals_are_survived() {
    for (kind, word) in [
        (Kind::Dependent(Part::Container), "storage_container"),
        (Kind::Dependent(Part::Account), "storage_account"),
        (Kind::Dependent(Part::Vault), "key_vault"),
        (Kind::Dependent(Part::Registry), "container_registry"),
        (Kind::Telemetry(Monitored::Component), "application_insights"),
        (Kind::Telemetry(Monitored::Workspace), "log_analytics"),
    ] {
        let world = world().await;
        let item = item(&found(&world, true).await, word);
        empty(&world, word);
        world.simulator.plan_all(Verb::Delete, kind, Some(Fault::LostAnswer));
        let _lost = world.source.erase(&item).await;
        world.simulator.plan_all(Verb::Delete, kind, None);
        let words = world.erased(&item, 6).await;
        let last = words.last().unwrap();
        assert!(last == "Done" || last == "AlreadyAbsent", "{word}: {words:?}");
        // Its right is taken away meanwhile.
        let world = self::world().await;
        empty(&world, word);
        world.simulator.state().switches.denied.insert((Verb::Delete, kind));
        let erased = world.source.erase(&item).await.unwrap();
        let denied = Barrier::new(Block::Lock, "AuthorizationFailed");
        assert_eq!(erased, Erased::Blocked(denied), "{word}");
    }
}
