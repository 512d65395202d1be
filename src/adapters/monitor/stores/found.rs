//! Which stores a source has: the one that was configured, or those that belong to a workspace.
//!
//! To a workspace belong the component that it names, and the Log Analytics workspaces to which its
//! diagnostic settings send, each for the rows of that component and of that workspace alone.

use std::sync::Arc;

use serde_json::Value;

use crate::adapters::azureml::names::own_name;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::API_VERSION;
use crate::adapters::monitor::query::call::Address;
use crate::adapters::monitor::query::text::Scope;
use crate::adapters::monitor::stores::store::{COMPONENTS_VERSION, LOGS_VERSION, Store, why};
use crate::adapters::monitor::wire::way::{Service, Way};
use crate::config::settings::Of;
use crate::domain::failure::Failure;

const FINDING: &str = "finding where telemetry is";

/// The version of the interface of diagnostic settings that we speak.
const SETTINGS_VERSION: &str = "2021-05-01-preview";

/// What there is.
#[derive(Default)]
pub struct Found {
    /// Stores that can be asked.
    pub stores: Vec<Store>,
    /// Names of those that cannot, with why.
    pub unread: Vec<(String, String)>,
    /// Where else its diagnostic settings send: names of sorts, and ids.
    pub elsewhere: Vec<(&'static str, String)>,
    /// The id of the component, where there is one: it may have more than its rows.
    pub component: Option<String>,
}

/// What there is, as a source keeps it.
pub struct Stores {
    /// Stores that can be asked.
    pub each: Vec<Arc<Store>>,
    /// The rest.
    pub found: Found,
}

/// Finds them.
///
/// # Errors
/// What was configured does not answer, or refuses us.
pub async fn stores(way: &Way, of: &Of) -> Result<Found, Failure> {
    let mut found = Found::default();
    match of {
        Of::Logs { id, resources } => {
            let mut store = logs(way, id).await?.map_err(|answer| answer.failure(FINDING))?;
            store.scope = Scope::of(resources.iter().cloned());
            found.stores.push(store);
        }
        Of::Component { id } => {
            let component = component(way, id).await?;
            let component = component.map_err(|answer| answer.failure(FINDING))?;
            found.component = Some(id.clone());
            found.stores.push(match component {
                Component::Classic(store) => store,
                Component::In { workspace, .. } => {
                    let logs = logs(way, &workspace).await?;
                    let mut store = logs.map_err(|answer| answer.failure(FINDING))?;
                    store.scope = Scope::of([id.clone()]);
                    store
                }
            });
        }
        Of::Workspace { id } => of_workspace(way, id, &mut found).await?,
    }
    Ok(found)
}

async fn of_workspace(way: &Way, id: &str, found: &mut Found) -> Result<(), Failure> {
    let answer = way.get(FINDING, way.url(id, "", API_VERSION)).await?;
    if answer.status != 200 {
        return Err(answer.failure(FINDING));
    }
    let (mut own, mut workspaces) = (vec![id.to_owned()], Vec::new());
    if let Some(insights) = text(&answer.body["properties"], "applicationInsights") {
        found.component = Some(insights.to_owned());
        match component(way, insights).await? {
            Ok(Component::Classic(mut store)) => {
                store.is_found = true;
                found.stores.push(store);
            }
            Ok(Component::In { workspace, component }) => {
                workspaces.push(workspace);
                own.push(component);
            }
            Err(answer) => unread(found, insights, &answer),
        }
    }
    workspaces.extend(settings(way, id, found).await?);
    workspaces.sort_by_key(|workspace| workspace.to_lowercase());
    workspaces.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    for workspace in workspaces {
        match logs(way, &workspace).await? {
            Ok(mut store) => {
                // Whichever way leads there now: what another sent there before is there still.
                store.scope = Scope::of(own.iter().cloned());
                store.is_found = true;
                found.stores.push(store);
            }
            Err(answer) => unread(found, &workspace, &answer),
        }
    }
    apart(&mut found.stores);
    Ok(())
}

/// Two of one name in one source are told apart by their groups.
fn apart(stores: &mut [Store]) {
    let names: Vec<String> = stores.iter().map(|store| store.name.to_lowercase()).collect();
    for store in stores {
        let same = names.iter().filter(|name| **name == store.name.to_lowercase()).count();
        if same > 1 {
            let group = store.id.split('/').nth(4).unwrap_or_default();
            store.name = format!("{group}.{}", store.name);
        }
    }
}

/// A component, as far as it says where its rows are.
enum Component {
    /// It has them itself.
    Classic(Store),
    /// They are in a Log Analytics workspace.
    In {
        /// Its id.
        workspace: String,
        /// The component's own.
        component: String,
    },
}

async fn component(way: &Way, id: &str) -> Result<Result<Component, Answer>, Failure> {
    let answer = way.get(FINDING, way.url(id, "", COMPONENTS_VERSION)).await?;
    if answer.status != 200 {
        return refusal(answer).map(Err);
    }
    let properties = &answer.body["properties"];
    if let Some(workspace) = text(properties, "WorkspaceResourceId") {
        let (workspace, component) = (workspace.to_owned(), id.to_owned());
        return Ok(Ok(Component::In { workspace, component }));
    }
    let app = text(properties, "AppId").filter(|app| is_guid(app));
    let Some(app) = app else { return Ok(Err(answer)) };
    let query = Address { service: Service::Apps, path: format!("apps/{app}") };
    Ok(Ok(Component::Classic(Store::new(&name(&answer, id), id, query))))
}

async fn logs(way: &Way, id: &str) -> Result<Result<Store, Answer>, Failure> {
    let answer = way.get(FINDING, way.url(id, "", LOGS_VERSION)).await?;
    if answer.status != 200 {
        return refusal(answer).map(Err);
    }
    let customer = text(&answer.body["properties"], "customerId").filter(|id| is_guid(id));
    let Some(customer) = customer else { return Ok(Err(answer)) };
    let query = Address { service: Service::Logs, path: format!("workspaces/{customer}") };
    Ok(Ok(Store::new(&name(&answer, id), id, query)))
}

/// The Log Analytics workspaces to which a workspace sends what it logs.
async fn settings(way: &Way, id: &str, found: &mut Found) -> Result<Vec<String>, Failure> {
    let path = "providers/Microsoft.Insights/diagnosticSettings";
    let answer = way.get(FINDING, way.url(id, path, SETTINGS_VERSION)).await?;
    if answer.status != 200 {
        let answer = refusal(answer)?;
        found.unread.push(("diagnosticSettings".to_owned(), why(&answer)));
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for setting in answer.body["value"].as_array().into_iter().flatten() {
        let properties = &setting["properties"];
        all.extend(text(properties, "workspaceId").map(str::to_owned));
        let sorts = [
            ("storage_account", "storageAccountId"),
            ("event_hub", "eventHubAuthorizationRuleId"),
            ("partner", "marketplacePartnerId"),
        ];
        for (sort, field) in sorts {
            found.elsewhere.extend(text(properties, field).map(|id| (sort, id.to_owned())));
        }
    }
    Ok(all)
}

/// An answer that says that we may not, or that there is nothing: a word that stays. Of what may
/// pass nothing is told.
fn refusal(answer: Answer) -> Result<Answer, Failure> {
    let is_told = matches!(answer.status, 400..500) && !matches!(answer.status, 408 | 429);
    if is_told { Ok(answer) } else { Err(answer.failure(FINDING)) }
}

fn unread(found: &mut Found, id: &str, answer: &Answer) {
    found.unread.push((own_name(id).to_owned(), why(answer)));
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value[field].as_str().filter(|text| !text.is_empty())
}

/// The name as the service writes it.
fn name(answer: &Answer, id: &str) -> String {
    text(&answer.body, "name").unwrap_or(own_name(id)).to_owned()
}

/// Whether it can stand in a path.
fn is_guid(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}
