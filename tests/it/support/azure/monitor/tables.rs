//! Tables, rows, and the columns that are known of tables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::support::azure::monitor::kusto::rows::Rows;
use crate::support::azure::monitor::kusto::value::{Column, Type};

/// How a table is paid for, and with that what can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Analytics,
    Basic,
    Auxiliary,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub plan: Plan,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub retention_days: i64,
    pub total_retention_days: i64,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub values: Map<String, Json>,
    /// When it came in: only then it is seen, and only what is in is purged.
    pub ingested: Timestamp,
    /// From when on it is not seen.
    pub gone: Option<Timestamp>,
    /// From when on it is seen all the same.
    pub back: Option<Timestamp>,
}

/// Columns that all tables have beside their own. Queries know those with an underscore; whether
/// lists of tables name them is a switch.
const COMMON: &str = "TenantId:string TimeGenerated:datetime SourceSystem:string Type:string";
const HIDDEN: &str = "_ResourceId:string _SubscriptionId:string _ItemId:string";
const APP: &str = "OperationName:string OperationId:string ParentId:string SessionId:string \
    UserId:string UserAuthenticatedId:string UserAccountId:string AppVersion:string \
    AppRoleName:string AppRoleInstance:string ClientType:string ClientOS:string ClientIP:string \
    ClientCity:string ClientStateOrProvince:string ClientCountryOrRegion:string \
    ClientBrowser:string ResourceGUID:string IKey:string ItemCount:int Properties:dynamic";
const AML: &str = "OperationName:string Category:string CorrelationId:string Identity:string \
    AadTenantId:string ResultType:string ResultSignature:string DurationMs:long Level:string \
    AmlWorkspaceId:string";

/// What is known of tables: the columns that personal data stands in, and some beside.
const KNOWN: &[(&str, &str, &str)] = &[
    ("AppTraces", APP, "Message:string SeverityLevel:int ReferencedItemId:string"),
    (
        "AppRequests",
        APP,
        "Id:string Name:string Url:string Success:bool ResultCode:string \
        DurationMs:real Measurements:dynamic",
    ),
    ("AppEvents", APP, "Name:string Measurements:dynamic"),
    (
        "AppExceptions",
        APP,
        "ProblemId:string ExceptionType:string OuterMessage:string \
        InnermostMessage:string Details:dynamic",
    ),
    ("AppDependencies", APP, "Id:string Name:string Target:string Data:string Success:bool"),
    ("AppPageViews", APP, "Id:string Name:string Url:string"),
    ("AppMetrics", APP, "Name:string Sum:real Min:real Max:real"),
    ("AmlRunStatusChangedEvent", AML, "RunId:string Status:string StartedAtUtc:datetime"),
    ("AmlRunEvent", AML, "RunId:string"),
    (
        "AmlComputeJobEvent",
        "",
        "OperationName:string Category:string JobId:string \
        ExperimentName:string JobName:string ClusterName:string ProvisioningState:string \
        JobErrorMessage:string ErrorDetails:string ExecutionState:string",
    ),
    (
        "AmlComputeClusterEvent",
        "",
        "OperationName:string ClusterName:string CreatedBy:string \
        ClusterType:string NodeCount:int",
    ),
    ("AmlComputeInstanceEvent", AML, "AmlComputeInstanceName:string"),
    ("AmlModelsEvent", AML, "AmlModelName:string"),
    ("AmlDataStoreEvent", AML, "AmlDatastoreName:string"),
    (
        "AmlOnlineEndpointConsoleLog",
        "",
        "OperationName:string Message:string PodName:string \
        DeploymentName:string",
    ),
    (
        "AzureActivity",
        "",
        "OperationNameValue:string Caller:string CallerIpAddress:string \
        Claims_d:dynamic Properties_d:dynamic ResourceGroup:string",
    ),
    ("Heartbeat", "", "Computer:string Category:string OSType:string"),
    ("ContainerLogV2", "", "Computer:string ContainerName:string LogMessage:dynamic"),
    ("Audit_CL", "", "RawData:string Who_s:string"),
];

/// Tables of a classic component, as they were called before workspaces held them.
const ITEM: &str = "timestamp:datetime operation_Name:string operation_Id:string \
    operation_ParentId:string session_Id:string user_Id:string user_AuthenticatedId:string \
    user_AccountId:string application_Version:string client_Type:string client_OS:string \
    client_IP:string client_City:string client_CountryOrRegion:string cloud_RoleName:string \
    cloud_RoleInstance:string appId:string appName:string iKey:string itemId:string \
    itemType:string itemCount:int customDimensions:dynamic";
const CLASSIC: &[(&str, &str)] = &[
    ("traces", "message:string severityLevel:int"),
    (
        "requests",
        "id:string name:string url:string success:string resultCode:string \
        customMeasurements:dynamic",
    ),
    ("customEvents", "name:string customMeasurements:dynamic"),
    ("exceptions", "problemId:string type:string outerMessage:string details:dynamic"),
    ("dependencies", "id:string name:string target:string data:string"),
    ("pageViews", "id:string name:string url:string"),
    ("customMetrics", "name:string value:real"),
    ("browserTimings", "name:string url:string"),
    ("availabilityResults", "id:string name:string message:string"),
    ("performanceCounters", "name:string value:real"),
];

/// Every table that a new workspace has.
pub fn of_workspace() -> Vec<Table> {
    let made = KNOWN.iter().map(|(name, shared, own)| {
        let mut columns = columns(COMMON);
        columns.extend(self::columns(shared));
        columns.extend(self::columns(own));
        columns.extend(self::columns(HIDDEN));
        let mut table = Table::new(name, columns);
        table.plan = match *name {
            "ContainerLogV2" => Plan::Basic,
            "Audit_CL" => Plan::Auxiliary,
            _ => Plan::Analytics,
        };
        table
    });
    made.collect()
}

/// Every table that a classic component has.
pub fn of_component() -> Vec<Table> {
    let made = CLASSIC.iter().map(|(name, own)| {
        let mut all = columns(ITEM);
        all.extend(columns(own));
        Table::new(name, all)
    });
    made.collect()
}

/// The tables of a component as queries for it call them, with the rows that a workspace holds of
/// that resource.
pub fn classic(held: &BTreeMap<String, Table>, resource: &str) -> BTreeMap<String, Table> {
    let made = of_component().into_iter().map(|mut table| {
        let workspace_table = match table.name.as_str() {
            "customEvents" => "appevents".to_owned(),
            "customMetrics" => "appmetrics".to_owned(),
            name => format!("app{}", name.to_lowercase()),
        };
        for row in held.get(&workspace_table).map_or(&[][..], |it| &it.rows) {
            let id = row.values.get("_ResourceId").and_then(Json::as_str).unwrap_or_default();
            if id.eq_ignore_ascii_case(resource) {
                let values = table.columns.iter().filter_map(|column| {
                    let value = row.values.get(&workspace_column(&column.name))?;
                    Some((column.name.clone(), value.clone()))
                });
                table.rows.push(Row { values: values.collect(), ..row.clone() });
            }
        }
        (table.name.to_lowercase(), table)
    });
    made.collect()
}

/// What a workspace calls the column of a component: mostly the same words without underscores.
fn workspace_column(name: &str) -> String {
    match name {
        "timestamp" => "TimeGenerated".to_owned(),
        "customDimensions" => "Properties".to_owned(),
        "customMeasurements" => "Measurements".to_owned(),
        "application_Version" => "AppVersion".to_owned(),
        "cloud_RoleName" => "AppRoleName".to_owned(),
        "cloud_RoleInstance" => "AppRoleInstance".to_owned(),
        "operation_ParentId" => "ParentId".to_owned(),
        name => {
            let words = name.split('_').map(|word| {
                let mut letters = word.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                first.into_iter().chain(letters).collect::<String>()
            });
            words.collect()
        }
    }
}

/// Columns from `name:type` words.
pub fn columns(text: &str) -> Vec<Column> {
    let words = text.split_whitespace().filter_map(|word| word.split_once(':'));
    words
        .map(|(name, kind)| Column { name: name.to_owned(), kind: Type::named(kind).unwrap() })
        .collect()
}

impl Table {
    pub fn new(name: &str, columns: Vec<Column>) -> Self {
        Self {
            name: name.to_owned(),
            plan: Plan::Analytics,
            columns,
            rows: Vec::new(),
            retention_days: 30,
            total_retention_days: 30,
        }
    }

    /// Adds a row that comes in at a time; what it does not say is empty.
    pub fn add(&mut self, values: &Json, ingested: Timestamp) {
        let values = values.as_object().cloned().unwrap_or_default();
        for name in values.keys() {
            let is_known = self.columns.iter().any(|column| column.name == *name);
            assert!(is_known, "{} has no column {name}", self.name);
        }
        self.rows.push(Row { values, ingested, gone: None, back: None });
    }

    /// What a query sees of it.
    pub fn seen(&self, now: Timestamp) -> Rows {
        let seen = self.rows.iter().filter(|row| row.is_seen(now));
        let rows = seen.map(|row| {
            let values = self.columns.iter().map(|column| {
                let held = row.values.get(&column.name).unwrap_or(&Json::Null);
                column.kind.take(held)
            });
            values.collect()
        });
        Rows { columns: self.columns.clone(), rows: rows.collect() }
    }

    /// As the control plane tells of it.
    pub fn document(&self, id: &str, names_hidden: bool) -> Json {
        let is_custom = self.name.ends_with("_CL");
        let told = self.columns.iter().filter(|it| names_hidden || !it.name.starts_with('_'));
        let (common, own): (Vec<_>, Vec<_>) =
            told.partition(|it| !is_custom || COMMON.contains(&it.name));
        let list =
            |columns: Vec<&Column>| -> Vec<Json> { columns.into_iter().map(told_column).collect() };
        let (plan, kind, subtype) = match self.plan {
            Plan::Analytics => ("Analytics", "Any", "DataCollectionRuleBased"),
            Plan::Basic => ("Basic", "Any", "DataCollectionRuleBased"),
            Plan::Auxiliary => ("Auxiliary", "Any", "DataCollectionRuleBased"),
        };
        json!({
            "id": format!("{id}/tables/{}", self.name),
            "name": self.name,
            "properties": {
                "totalRetentionInDays": self.total_retention_days,
                "archiveRetentionInDays": self.total_retention_days - self.retention_days,
                "plan": plan,
                "retentionInDaysAsDefault": true,
                "totalRetentionInDaysAsDefault": true,
                "retentionInDays": self.retention_days,
                "provisioningState": "Succeeded",
                "schema": {
                    "name": self.name,
                    "tableType": if is_custom { "CustomLog" } else { "Microsoft" },
                    "tableSubType": if is_custom { subtype } else { kind },
                    "displayName": self.name,
                    "description": null,
                    "categories": null,
                    "labels": null,
                    "source": null,
                    "solutions": ["LogManagement"],
                    "columns": list(own),
                    "standardColumns": list(common),
                },
            },
        })
    }
}

fn told_column(column: &Column) -> Json {
    // Lists of tables write these differently from answers to queries.
    let word = match column.name.as_str() {
        "TenantId" => "guid",
        _ if column.kind == Type::DateTime => "dateTime",
        _ => column.kind.word(),
    };
    json!({
        "name": column.name,
        "type": word,
        "displayName": column.name,
        "dataTypeHint": null,
        "description": null,
        "isDefaultDisplay": true,
        "isHidden": false,
    })
}

impl Row {
    pub fn is_seen(&self, now: Timestamp) -> bool {
        let is_gone = self.gone.is_some_and(|gone| now >= gone);
        let is_back = self.back.is_some_and(|back| now >= back);
        self.ingested <= now && (!is_gone || is_back)
    }
}
