//! What there is of Azure Monitor, and its switches. Tests look into it and fill it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::kusto::text::Reading;
use crate::support::azure::monitor::purge::Purge;
use crate::support::azure::monitor::spot::{Owner, Part};
use crate::support::azure::monitor::tables::{Table, of_component, of_workspace};
use crate::support::azure::operations::Effect;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::Refusal;
use crate::support::blob_server::form::stamp;

/// How long a deleted workspace can be had back.
pub const SOFT_DELETE_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Everything.
#[derive(Default)]
pub struct Store {
    /// By key.
    pub workspaces: BTreeMap<String, LogWorkspace>,
    pub components: BTreeMap<String, Component>,
    /// Diagnostic settings, by the resource's id in lower case.
    pub settings: BTreeMap<String, Vec<Json>>,
    /// By id, which begins with `purge-`.
    pub purges: BTreeMap<String, Purge>,
    /// When queries came.
    pub asked: Vec<Timestamp>,
    pub switches: Switches,
}

/// What can be one way or another, mostly because nobody outside Microsoft knows.
pub struct Switches {
    /// How long a purge is `pending`; `None` for ever.
    pub purge_lasts: Option<SignedDuration>,
    /// When rows go once a purge is `completed`: the service promises 30 days. `None` for never.
    pub rows_vanish_after: Option<SignedDuration>,
    /// When they come back after that.
    pub rows_return_after: Option<SignedDuration>,
    /// Purges that a workspace or component takes in an hour. Documented as 50; whose budget it is
    /// is not.
    pub purges_per_hour: usize,
    /// Whether the refusal of one more says when to come again. Unknown.
    pub purge_says_retry_after: bool,
    /// Tables, in lower case, that refuse a purge, and how.
    pub purge_refused: BTreeMap<String, Refusal>,
    /// Rows and bytes of one answer.
    pub rows_max: usize,
    pub bytes_max: usize,
    /// How long a query takes, by the service's own account: longer than one waits is a 504.
    pub query_takes: SignedDuration,
    /// Queries that the service takes in half a minute: documented as 200 for each user. `None` for
    /// as many as there are.
    pub queries_max: Option<usize>,
    /// Whether a text that is empty is answered as null, as a published example has it, and others
    /// have not.
    pub empty_texts_are_null: bool,
    /// Tables whose answers are half of what they should be, with an error beside them; how often.
    pub partial: BTreeMap<String, u32>,
    /// Tables that may not be asked. What the service says is not recorded.
    pub denied_tables: BTreeSet<String>,
    /// How long until a new row is seen.
    pub ingestion_lag: SignedDuration,
    /// Whether lists of tables name columns such as `_ResourceId`. No published answer does.
    pub lists_name_hidden_columns: bool,
    pub reading: Reading,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            purge_lasts: Some(SignedDuration::from_hours(1)),
            rows_vanish_after: Some(SignedDuration::ZERO),
            rows_return_after: None,
            purges_per_hour: 50,
            purge_says_retry_after: true,
            purge_refused: BTreeMap::new(),
            rows_max: 500_000,
            bytes_max: 64_000_000,
            query_takes: SignedDuration::ZERO,
            queries_max: None,
            empty_texts_are_null: false,
            partial: BTreeMap::new(),
            denied_tables: BTreeSet::new(),
            ingestion_lag: SignedDuration::ZERO,
            lists_name_hidden_columns: false,
            reading: Reading::default(),
        }
    }
}

/// A Log Analytics workspace.
pub struct LogWorkspace {
    pub id: WorkspaceId,
    /// What queries call it by.
    pub customer_id: String,
    /// What a GET answers beside what is said here.
    pub document: Map<String, Json>,
    /// By name in lower case.
    pub tables: BTreeMap<String, Table>,
    /// Since when it is softly deleted.
    pub deleted: Option<Timestamp>,
    /// Whether nobody may ask it.
    pub refuses_queries: bool,
    pub created: Timestamp,
}

/// An Application Insights component.
pub struct Component {
    pub id: WorkspaceId,
    pub app_id: String,
    /// Id of the workspace that holds its rows; `None` where it holds them itself.
    pub workspace: Option<String>,
    pub document: Map<String, Json>,
    pub tables: BTreeMap<String, Table>,
    pub refuses_queries: bool,
    pub created: Timestamp,
}

impl Store {
    pub fn add_workspace(&mut self, id: &WorkspaceId, now: Timestamp) -> &mut LogWorkspace {
        let made = LogWorkspace::new(id.clone(), now);
        self.workspaces.entry(id.key()).insert_entry(made).into_mut()
    }

    /// Adds a component: a classic one where no workspace is named.
    pub fn add_component(
        &mut self,
        id: &WorkspaceId,
        workspace: Option<&WorkspaceId>,
        now: Timestamp,
    ) -> &mut Component {
        let workspace = workspace.map(|id| Owner::Workspace.path(id));
        let made = Component::new(id.clone(), workspace, now);
        self.components.entry(id.key()).insert_entry(made).into_mut()
    }

    /// A workspace that is there.
    pub fn workspace(&mut self, id: &WorkspaceId) -> Option<&mut LogWorkspace> {
        self.workspaces.get_mut(&id.key()).filter(|workspace| workspace.deleted.is_none())
    }

    /// Lets what a resource logs go to a workspace.
    pub fn add_setting(&mut self, resource: &str, name: &str, workspace: &WorkspaceId) {
        let resource = resource.trim_end_matches('/');
        let log = json!({"category": null, "categoryGroup": "allLogs", "enabled": true,
            "retentionPolicy": {"days": 0, "enabled": false}});
        let setting = json!({
            "id": format!("{resource}/providers/microsoft.insights/diagnosticSettings/{name}"),
            "type": "Microsoft.Insights/diagnosticSettings",
            "name": name,
            "location": null, "kind": null, "tags": null, "identity": null,
            "properties": {
                "storageAccountId": null, "serviceBusRuleId": null,
                "eventHubAuthorizationRuleId": null, "eventHubName": null,
                "workspaceId": Owner::Workspace.path(workspace),
                "logAnalyticsDestinationType": null, "logs": [log], "metrics": [],
            },
        });
        self.settings.entry(resource.to_lowercase()).or_default().push(setting);
    }

    /// Adds a row to a table of a workspace, with what all rows have.
    pub fn add_row(&mut self, id: &WorkspaceId, table: &str, values: &Json, now: Timestamp) {
        let ingested = now + self.switches.ingestion_lag;
        let workspace = self.workspace(id).unwrap();
        let mut values = values.clone();
        values["TenantId"] = workspace.customer_id.as_str().into();
        values["Type"] = table.into();
        if values.get("TimeGenerated").is_none() {
            values["TimeGenerated"] = stamp(now).into();
        }
        workspace.table(table).add(&values, ingested);
    }

    /// The same, to a classic component.
    pub fn add_item(&mut self, id: &WorkspaceId, table: &str, values: &Json, now: Timestamp) {
        let ingested = now + self.switches.ingestion_lag;
        let component = self.components.get_mut(&id.key()).unwrap();
        let mut values = values.clone();
        values["appId"] = component.app_id.as_str().into();
        if values.get("timestamp").is_none() {
            values["timestamp"] = stamp(now).into();
        }
        component.tables.get_mut(&table.to_lowercase()).unwrap().add(&values, ingested);
    }

    /// The tables of a workspace or a component that is there.
    pub fn tables(
        &mut self,
        owner: Owner,
        id: &WorkspaceId,
    ) -> Option<&mut BTreeMap<String, Table>> {
        match owner {
            Owner::Workspace => self.workspace(id).map(|workspace| &mut workspace.tables),
            Owner::Component => self.components.get_mut(&id.key()).map(|it| &mut it.tables),
        }
    }

    /// Does what is due.
    pub fn settle(&mut self, now: Timestamp) {
        self.workspaces.retain(|_, workspace| {
            workspace.deleted.is_none_or(|since| now < since + SOFT_DELETE_TIME)
        });
    }

    /// Carries out what was begun; whether it was something of this.
    pub fn carry_out(&mut self, id: &WorkspaceId, effect: &Effect, now: Timestamp) -> bool {
        let Effect::Delete { kind: Kind::Telemetry(part), names } = effect else { return false };
        let is_forced = names.iter().any(|name| name == "force");
        match (part, is_forced) {
            (Part::Workspace, false) => {
                if let Some(workspace) = self.workspace(id) {
                    workspace.deleted = Some(now);
                }
            }
            (Part::Workspace, true) => {
                self.workspaces.remove(&id.key());
            }
            (Part::Component, _) => {
                self.components.remove(&id.key());
            }
            _ => {}
        }
        true
    }
}

impl LogWorkspace {
    fn new(id: WorkspaceId, created: Timestamp) -> Self {
        let customer_id = guid("workspace", &id);
        let tables = of_workspace().into_iter().map(|table| (table.name.to_lowercase(), table));
        let document = json!({"location": "westeurope", "tags": {}, "properties": {}});
        Self {
            id,
            customer_id,
            document: document.as_object().cloned().unwrap_or_default(),
            tables: tables.collect(),
            deleted: None,
            refuses_queries: false,
            created,
        }
    }

    /// A table by its name.
    pub fn table(&mut self, name: &str) -> &mut Table {
        let known = self.tables.get_mut(&name.to_lowercase());
        known.unwrap_or_else(|| panic!("there is no table {name}"))
    }

    pub fn document(&self) -> Json {
        let mut properties = json!({
            "customerId": self.customer_id,
            "provisioningState": "Succeeded",
            "sku": {"name": "PerGB2018", "lastSkuUpdate": stamp(self.created)},
            "retentionInDays": 30,
            "features": {"legacy": 0, "searchVersion": 1,
                "enableLogAccessUsingOnlyResourcePermissions": true},
            "workspaceCapping": {"dailyQuotaGb": -1.0, "dataIngestionStatus": "RespectQuota"},
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "createdDate": stamp(self.created),
            "modifiedDate": stamp(self.created),
        });
        merged(&self.document, &mut properties, Owner::Workspace, &self.id)
    }
}

impl Component {
    fn new(id: WorkspaceId, workspace: Option<String>, created: Timestamp) -> Self {
        let app_id = guid("component", &id);
        let tables = of_component().into_iter().map(|table| (table.name.to_lowercase(), table));
        let document = json!({"location": "westeurope", "kind": "web", "etag": "\"0100\"",
            "tags": {}, "properties": {}});
        Self {
            id,
            app_id,
            workspace,
            document: document.as_object().cloned().unwrap_or_default(),
            tables: tables.collect(),
            refuses_queries: false,
            created,
        }
    }

    pub fn document(&self) -> Json {
        let key = guid("key", &self.id);
        let is_classic = self.workspace.is_none();
        let mut properties = json!({
            "ApplicationId": self.id.name,
            "AppId": self.app_id,
            "Application_Type": "web",
            "Flow_Type": "Bluefield",
            "Request_Source": "rest",
            "InstrumentationKey": key,
            "ConnectionString": format!("InstrumentationKey={key}"),
            "Name": self.id.name,
            "CreationDate": stamp(self.created),
            "TenantId": self.id.subscription,
            "HockeyAppId": "",
            "HockeyAppToken": "",
            "provisioningState": "Succeeded",
            "SamplingPercentage": 100.0,
            "RetentionInDays": 90,
            "DisableIpMasking": false,
            "IngestionMode": if is_classic { "ApplicationInsights" } else { "LogAnalytics" },
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "Ver": "v2",
        });
        if let Some(workspace) = &self.workspace {
            properties["WorkspaceResourceId"] = workspace.as_str().into();
        }
        merged(&self.document, &mut properties, Owner::Component, &self.id)
    }
}

/// A document of what is always said, and what clients said.
fn merged(said: &Map<String, Json>, always: &mut Json, owner: Owner, id: &WorkspaceId) -> Json {
    let mut whole = said.clone();
    if let (Some(always), Some(own)) =
        (always.as_object_mut(), said.get("properties").and_then(Json::as_object))
    {
        let extra = own.iter().map(|(name, value)| (name.clone(), value.clone()));
        always.extend(extra);
    }
    whole.insert("properties".to_owned(), always.clone());
    whole.insert("id".to_owned(), owner.path(id).into());
    whole.insert("name".to_owned(), id.name.as_str().into());
    whole.insert("type".to_owned(), owner.type_name().into());
    whole.into()
}

/// A guid that is the same in each run.
fn guid(what: &str, id: &WorkspaceId) -> String {
    let name = format!("{what}/{}", id.key());
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}
