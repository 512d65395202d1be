//! Microsoft's specification of Storage, Key Vault and Container Registry as a judge: every example
//! of an operation that we serve is answered in its shape, and so is everything in the sample.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::azure_simulator::caller::Caller;
use crate::azure_simulator::openapi::{fill, invalid, judge, query};
use crate::support::azure::dependents::sample::{self, ACCOUNT, CONTAINERS, SHARE, VAULT, id};
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::dependents::store::{DeletedVault, Resource, Store};
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, Seed};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::State;

const SPECIFICATION: &str = include_str!("../../openapi/azure-dependents.json");
const REGISTRY: &str = "examplecr01";

#[tokio::test]
async fn every_example_of_what_workspaces_depend_on_is_answered_in_its_shape() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::empty() }).await;
    let caller = Caller::of(&simulator);
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, operation) in specification["operations"].as_object().unwrap() {
        for (index, example) in operation["examples"].as_array().unwrap().iter().enumerate() {
            prepare(&mut simulator.state(), name, operation, example);
            let parameters = &example["parameters"];
            let path = fill(operation["path"].as_str().unwrap(), parameters);
            let method = operation["method"].as_str().unwrap();
            let path = format!("{path}?{}", query(parameters));
            let answer = caller.ask(method, &path, &Value::Null).await;
            asked += 1;
            let mut fault = |text: String| faults.push(format!("{name} {index}: {text}"));
            judge(&specification, operation, example, &answer, &mut fault);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked >= 16, "{asked}");
}

#[tokio::test]
async fn everything_that_the_sample_workspace_depends_on_is_valid() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::default() }).await;
    {
        let mut state = simulator.state();
        let now = state.now;
        let store = &mut state.dependents;
        sample::fill(store);
        let properties = json!({"creationDate": "2025-12-01T08:00:00Z"});
        let registry = id(Part::Registry.type_name(), REGISTRY);
        let document = json!({"location": "westeurope", "sku": {"name": "Basic"},
            "properties": properties});
        store.add(Part::Registry, &registry, &document);
        let gone = id(Part::Vault.type_name(), "gone");
        let vault = store.get(&id(Part::Vault.type_name(), VAULT)).unwrap().document.clone();
        delete_vault(store, &gone, vault, now);
        store.deleted_accounts.push((id(Part::Account.type_name(), "gone"), now));
    }
    let caller = Caller::of(&simulator);
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, operation) in specification["operations"].as_object().unwrap() {
        if operation["method"] != "GET" {
            continue;
        }
        let vault = if name == "Vaults_GetDeleted" { "gone" } else { VAULT };
        let mut parameters = json!({
            "subscriptionId": SUBSCRIPTION, "resourceGroupName": GROUP, "accountName": ACCOUNT,
            "containerName": CONTAINERS[0], "shareName": SHARE, "vaultName": vault,
            "registryName": REGISTRY, "location": "westeurope", "BlobServicesName": "default",
            "FileServicesName": "default", "api-version": "2023-07-01",
        });
        let path = operation["path"].as_str().unwrap();
        let ask = |parameters: &Value| format!("{}?{}", fill(path, parameters), query(parameters));
        let answer = caller.ask("GET", &ask(&parameters), &Value::Null).await;
        asked += 1;
        let mut fault = |text: String| faults.push(format!("{name}: {text}"));
        if answer.status != 200 {
            fault(format!("{} {}", answer.status, answer.body));
            continue;
        }
        let is_empty = answer.body["value"].as_array().is_some_and(Vec::is_empty);
        if is_empty {
            fault("the list is empty".to_owned());
        }
        invalid(&specification, &operation["answers"]["200"], &answer.body, &mut fault);
        for absent in ["accountName", "vaultName", "registryName"] {
            parameters[absent] = "none".into();
        }
        let refused = caller.ask("GET", &ask(&parameters), &Value::Null).await;
        if refused.status >= 400 {
            invalid(&specification, &operation["answers"]["default"], &refused.body, &mut fault);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 14, "{asked}");
}

/// Makes the world of an example: what it answers, or what it asks to be ended.
fn prepare(state: &mut State, name: &str, operation: &Value, example: &Value) {
    let parameters = &example["parameters"];
    let now = state.now;
    let mut store = Store::default();
    let mut path = operation["path"].as_str().unwrap().to_owned();
    for (name, value) in parameters.as_object().unwrap() {
        path = path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default());
    }
    let body = &example["responses"]["200"]["body"];
    let mut bodies = body["value"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
    if body.is_null() {
        bodies = vec![json!({"id": path, "properties": {}})];
    }
    let part = match name.split_once('_').unwrap() {
        ("StorageAccounts", _) => Part::Account,
        ("BlobServices", _) => Part::BlobService,
        ("BlobContainers", _) => Part::Container,
        ("Registries", _) => Part::Registry,
        ("DeletedAccounts", _) => Part::DeletedAccount,
        ("Vaults", "ListDeleted" | "PurgeDeleted") => Part::DeletedVault,
        ("Vaults", _) => Part::Vault,
        (other, _) => panic!("{other} has no examples"),
    };
    if let Some((account, _)) = path.split_once("/blobServices") {
        store.add(Part::Account, account, &json!({"properties": {}}));
    }
    for body in bodies {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        match part {
            Part::DeletedAccount => {
                let id = text("/properties/storageAccountResourceId").unwrap();
                store.deleted_accounts.push((id, now));
            }
            Part::DeletedVault => {
                let subscription = parameters["subscriptionId"].as_str().unwrap();
                let vault = parameters["vaultName"].as_str().unwrap_or_default();
                let id = text("/properties/vaultId").unwrap_or_else(|| {
                    format!(
                        "/subscriptions/{subscription}/resourceGroups/any/providers/{}/{vault}",
                        Part::Vault.type_name()
                    )
                });
                let protection = body["properties"]["purgeProtectionEnabled"].clone();
                let document = json!({"location": "westus",
                    "properties": {"enablePurgeProtection": protection}});
                delete_vault(&mut store, &id, document.as_object().unwrap().clone(), now);
            }
            _ => {
                let id = text("/id").unwrap();
                store.add(part, &id, &own(&body));
            }
        }
    }
    let ids = store.all.keys().chain([&path]);
    for id in ids {
        let words: Vec<&str> = id.split('/').collect();
        let group = words.get(4).unwrap_or(&"any").to_lowercase();
        state.groups.insert((words[2].to_lowercase(), group));
    }
    state.dependents = store;
}

fn delete_vault(store: &mut Store, id: &str, document: Map<String, Value>, deleted: Timestamp) {
    let vault = Resource { part: Part::Vault, id: id.to_owned(), document };
    store.deleted_vaults.insert(id.to_lowercase(), DeletedVault { vault, deleted });
}

/// The document of an example without what we say ourselves.
fn own(body: &Value) -> Value {
    let mut own = body.as_object().cloned().unwrap_or_default();
    own.retain(|name, _| !matches!(name.as_str(), "id" | "name" | "type"));
    Value::Object(own)
}
