//! Who and what there is at the start: one workspace of the usual size, in which two people work.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::support::azure::dependents::store::Store;
use crate::support::azure::entry::Rates;
use crate::support::azure::faults::Faults;
use crate::support::azure::graph::Graph;
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor;
use crate::support::azure::operations::Operations;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::state::{State, Switches, Workspace};

pub const TENANT: &str = "99999999-8888-7777-6666-555555555555";
pub const SUBSCRIPTION: &str = "00000000-1111-2222-3333-444444444444";
pub const GROUP: &str = "test-rg";
pub const WORKSPACE: &str = "my-aml-workspace";
/// The person who asks, and one who does not.
pub const HANAKO: &str = "hanako.example@contoso.example";
pub const JIRO: &str = "jiro.example@contoso.example";

/// What a simulator starts with.
pub struct Seed {
    /// Without TLS; else over TLS, with an authority of its own.
    pub is_plain: bool,
    /// Whether the sample workspace is there, with what two people left in it; else nothing but its
    /// resource group.
    pub has_sample: bool,
    /// The time at the start.
    pub now: Timestamp,
    pub switches: Switches,
}

impl Default for Seed {
    fn default() -> Self {
        let now = Timestamp::from_second(1_767_225_600).unwrap();
        Self { is_plain: false, has_sample: true, now, switches: Switches::default() }
    }
}

impl Seed {
    /// Without a workspace.
    pub fn empty() -> Self {
        Self { has_sample: false, ..Self::default() }
    }

    /// The state that it stands for.
    pub fn grow(self, base_url: &str) -> State {
        let mut state = State {
            now: self.now,
            base_url: base_url.to_owned(),
            tenant: TENANT.to_owned(),
            groups: [(SUBSCRIPTION.to_owned(), GROUP.to_owned())].into(),
            workspaces: [].into(),
            monitor: monitor::store::Store::default(),
            operations: Operations::default(),
            faults: Faults::default(),
            rates: Rates::default(),
            switches: self.switches,
            dependents: Store::default(),
            graph: Graph::default(),
        };
        if self.has_sample {
            let workspace = sample(self.now);
            state.workspaces.insert(workspace.id.key(), workspace);
            monitor::people::fill(&mut state.monitor, self.now);
        }
        state
    }
}

/// The address of the sample workspace.
pub fn sample_id() -> WorkspaceId {
    WorkspaceId {
        subscription: SUBSCRIPTION.to_owned(),
        group: GROUP.to_owned(),
        name: WORKSPACE.to_owned(),
    }
}

/// The document of a workspace. One dependent's provider is written as it was met in the field, and
/// the registry is made when it is first needed.
pub fn workspace_document(id: &WorkspaceId) -> Map<String, Value> {
    let WorkspaceId { subscription, group, .. } = id;
    let group = format!("/subscriptions/{subscription}/resourceGroups/{group}/providers");
    let document = json!({
        "location": "westeurope",
        "kind": "Default",
        "tags": {},
        "sku": {"name": "Basic", "tier": "Basic"},
        "identity": {"type": "SystemAssigned", "tenantId": TENANT,
            "principalId": "88888888-0000-4000-8000-000000000088"},
        "properties": {
            "friendlyName": id.name,
            "description": "",
            "workspaceId": "eeeeeeee-0000-4000-8000-000000000014",
            "storageAccount": format!("{group}/Microsoft.Storage/storageAccounts/examplews01"),
            "keyVault": format!("{group}/Microsoft.Keyvault/vaults/examplekv01"),
            "applicationInsights": format!("{group}/Microsoft.insights/components/exampleai01"),
            "containerRegistry": null,
            "hbiWorkspace": false,
            "publicNetworkAccess": "Enabled",
            "v1LegacyMode": false,
        },
        "systemData": {"createdAt": "2025-12-01T08:00:00.0000000Z", "createdBy": JIRO,
            "createdByType": "User"},
    });
    document.as_object().cloned().unwrap_or_default()
}

/// A person as run history writes one down.
pub fn person(upn: &str) -> Value {
    let number = if upn == HANAKO { 1 } else { 2 };
    json!({
        "userObjectId": format!("11111111-2222-3333-4444-00000000000{number}"),
        "userPuId": format!("100320011234567{number}"),
        "userIdp": null,
        "userAltSecId": null,
        "userIss": format!("https://sts.windows.net/{TENANT}/"),
        "userTenantId": TENANT,
        "userName": upn.split('@').next(),
        "upn": upn,
    })
}

fn sample(now: Timestamp) -> Workspace {
    let id = sample_id();
    let document = workspace_document(&id);
    let mut workspace = Workspace::new(id, document);
    runs(&mut workspace, now);
    assets(&mut workspace, now);
    computes(&mut workspace, now);
    endpoints(&mut workspace, now);
    rest(&mut workspace, now);
    workspace
}

fn runs(workspace: &mut Workspace, now: Timestamp) {
    let emails = json!({"notificationSetting": {"emailOn": ["JobFailed"], "emails": [HANAKO]}});
    let job = emails.as_object().cloned().unwrap_or_default();
    let none = Map::new();
    let hanako = json!({
        "createdBy": person(HANAKO),
        "userId": person(HANAKO)["userObjectId"],
        "description": format!("retrain for ticket 881, ask {HANAKO}"),
        "tags": {"mlflow.user": "hanako", "owner": HANAKO},
        "properties": {"azureml.git.branch": "users/hanako/retrain",
            "ContentSnapshotId": "cccccccc-0000-4000-8000-000000000003"},
    });
    workspace.add_run("quiet_river_0a1b2c3d4e", "churn", &hanako, &job, now);
    let running = json!({"createdBy": person(HANAKO), "status": "Running", "endTimeUtc": null});
    workspace.add_run("busy_cloud_1b2c3d4e5f", "churn", &running, &none, now);
    let shared = json!({"createdBy": person(JIRO), "tags": {"reviewer": HANAKO, "team": "churn"}});
    workspace.add_run("calm_stone_2c3d4e5f60", "churn", &shared, &none, now);
    let archived = json!({"createdBy": person(JIRO), "hidden": true});
    workspace.add_run("old_leaf_3d4e5f6071", "churn-2024", &archived, &none, now);
    let pipeline = json!({"jobType": "Pipeline", "command": null, "environmentId": null,
        "inputs": {}, "outputs": {}, "jobs": {}});
    let pipeline = pipeline.as_object().cloned().unwrap_or_default();
    let parent = json!({"createdBy": person(HANAKO), "runType": "azureml.PipelineRun"});
    workspace.add_run("pipe_4e5f607182", "churn", &parent, &pipeline, now);
    let child = json!({"createdBy": person(HANAKO), "parentRunId": "pipe_4e5f607182",
        "rootRunId": "pipe_4e5f607182", "runType": "azureml.StepRun"});
    workspace.add_run("step_5f60718293", "churn", &child, &none, now);
    // Its id begins like another's.
    let other = json!({"createdBy": person(JIRO)});
    workspace.add_run("quiet_river_0a1b2c3d4e_1", "churn", &other, &none, now);
    for path in ["user_logs/std_log.txt", "outputs/model.pkl", "system_logs/lifecycler/x.log"] {
        workspace.add_artifact("quiet_river_0a1b2c3d4e", path, now);
    }
    workspace.add_artifact("quiet_river_0a1b2c3d4e_1", "user_logs/std_log.txt", now);
    workspace.add_experiment("empty", now);
    workspace.add_snapshot("cccccccc-0000-4000-8000-000000000003", &["train.py", "notes.md"]);
    workspace.add_output("pipe_4e5f607182", "scores", "workspaceblobstore", "azureml/pipe/scores");
    workspace.metrics.insert("quiet_river_0a1b2c3d4e".to_owned(), json!({"accuracy": [0.9]}));
}

fn assets(workspace: &mut Workspace, now: Timestamp) {
    let store = format!("azureml:/{}/datastores/workspaceblobstore/paths", workspace.id.path());
    let model = json!({"properties": {
        "modelUri": "azureml://datastores/workspaceartifactstore/paths/LocalUpload/m/model.pkl",
        "modelType": "custom_model", "flavors": {}, "jobName": "quiet_river_0a1b2c3d4e",
        "description": "the churn model", "tags": {"owner": HANAKO}, "properties": {},
        "isAnonymous": false, "isArchived": false,
    }});
    workspace.put(Kind::ModelVersion, &["churn-model", "1"], &model, HANAKO, now);
    workspace.put(Kind::ModelVersion, &["churn-model", "2"], &model, JIRO, now);
    let data = json!({"properties": {
        "dataType": "uri_folder", "dataUri": format!("{store}/customers/"),
        "description": null, "tags": {}, "properties": {}, "isAnonymous": false,
        "isArchived": false,
    }});
    workspace.put(Kind::DataVersion, &["customers", "1"], &data, HANAKO, now);
    let container = json!({"properties": {"dataType": "uri_folder", "description": null,
        "tags": {}, "properties": {}, "isArchived": false}});
    workspace.put(Kind::Data, &["customers"], &container, HANAKO, now);
    let environment = json!({"properties": {
        "image": "mcr.microsoft.com/azureml/base", "environmentType": "UserCreated",
        "osType": "Linux", "tags": {}, "properties": {}, "isAnonymous": false, "isArchived": false,
    }});
    workspace.put(Kind::EnvironmentVersion, &["env", "1"], &environment, JIRO, now);
    let component = json!({"properties": {
        "componentSpec": {"name": "train", "version": "1", "type": "command",
            "$schema": "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json",
            "command": "python train.py", "environment": "azureml:env:1", "is_deterministic": true},
        "tags": {}, "properties": {}, "isAnonymous": false, "isArchived": false,
    }});
    workspace.put(Kind::ComponentVersion, &["train", "1"], &component, JIRO, now);
    let code = json!({"properties": {"codeUri": "https://examplews01.blob.core.windows.net/c/1",
        "tags": {}, "properties": {}, "isAnonymous": false, "isArchived": false}});
    workspace.put(Kind::CodeVersion, &["source", "1"], &code, HANAKO, now);
}

fn computes(workspace: &mut Workspace, now: Timestamp) {
    let hanako = person(HANAKO);
    let instance = json!({
        "vmSize": "STANDARD_DS3_V2",
        "state": "Stopped",
        "createdBy": {"userName": HANAKO, "userId": hanako["userObjectId"], "userOrgId": TENANT},
        "personalComputeInstanceSettings": {"assignedUser":
            {"objectId": hanako["userObjectId"], "tenantId": TENANT}},
        "sshSettings": {"adminUserName": "azureuser", "sshPublicAccess": "Disabled"},
        "applications": [],
        "errors": null,
        "subnet": null,
    });
    let cluster = json!({
        "vmSize": "STANDARD_DS3_V2",
        "vmPriority": "Dedicated",
        "osType": "Linux",
        "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4,
            "nodeIdleTimeBeforeScaleDown": "PT120S"},
        "allocationState": "Steady",
        "errors": null,
        "subnet": null,
    });
    let attached = json!({"namespace": "default", "defaultInstanceType": "small"});
    let computes = [
        ("hanako-ci", "ComputeInstance", instance, HANAKO),
        ("cpu-cluster", "AmlCompute", cluster, JIRO),
        ("attached-k8s", "Kubernetes", attached, JIRO),
    ];
    for (name, type_of, inner, by) in computes {
        let created = "2025-12-01T08:00:00.0000000+00:00";
        let body = json!({"tags": {}, "properties": {
            "computeType": type_of,
            "computeLocation": "westeurope",
            "provisioningState": "Succeeded",
            "provisioningErrors": null,
            "description": null,
            "createdOn": created,
            "modifiedOn": created,
            "resourceId": null,
            "isAttachedCompute": type_of == "Kubernetes",
            "disableLocalAuth": true,
            "properties": inner,
        }});
        workspace.put(Kind::Compute, &[name], &body, by, now);
    }
}

fn endpoints(workspace: &mut Workspace, now: Timestamp) {
    let endpoint = json!({"kind": "Managed", "location": "westeurope", "tags": {"owner": HANAKO},
        "identity": {"type": "SystemAssigned"},
        "properties": {"authMode": "Key", "provisioningState": "Succeeded", "traffic": {"blue": 100},
            "description": "scores churn", "properties": {}, "publicNetworkAccess": "Enabled",
            "scoringUri": "https://churn.westeurope.inference.ml.azure.com/score"}});
    workspace.put(Kind::OnlineEndpoint, &["churn-endpoint"], &endpoint, HANAKO, now);
    let deployment = json!({"location": "westeurope", "tags": {},
        "sku": {"name": "Default", "capacity": 1},
        "properties": {"endpointComputeType": "Managed", "provisioningState": "Succeeded",
            "instanceType": "Standard_DS3_v2", "model": "azureml:churn-model:1", "properties": {},
            "environmentVariables": {"OWNER": HANAKO}, "scaleSettings": {"scaleType": "Default"}}});
    workspace.put(Kind::OnlineDeployment, &["churn-endpoint", "blue"], &deployment, HANAKO, now);
    let batch = json!({"location": "westeurope", "tags": {}, "properties": {"authMode": "AADToken",
        "provisioningState": "Succeeded", "properties": {}, "defaults": {"deploymentName": "one"}}});
    workspace.put(Kind::BatchEndpoint, &["churn-batch"], &batch, JIRO, now);
    let deployment = json!({"location": "westeurope", "tags": {}, "properties": {
        "provisioningState": "Succeeded", "properties": {}, "miniBatchSize": 10,
        "outputAction": "AppendRow", "errorThreshold": -1}});
    workspace.put(Kind::BatchDeployment, &["churn-batch", "one"], &deployment, JIRO, now);
}

fn rest(workspace: &mut Workspace, now: Timestamp) {
    let schedule = json!({"properties": {
        "displayName": "nightly", "isEnabled": true, "provisioningState": "Succeeded", "tags": {},
        "properties": {}, "trigger": {"triggerType": "Cron", "expression": "0 3 * * *",
            "timeZone": "UTC", "startTime": "2025-12-01T00:00:00"},
        "action": {"actionType": "CreateJob", "jobDefinition": {"jobType": "Command",
            "command": "python train.py", "environmentId": "azureml:env:1",
            "notificationSetting": {"emails": [HANAKO]}}},
    }});
    workspace.put(Kind::Schedule, &["nightly"], &schedule, HANAKO, now);
    let store = json!({"properties": {
        "datastoreType": "AzureBlob", "accountName": "examplews01", "protocol": "https",
        "containerName": "azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014",
        "endpoint": "core.windows.net", "isDefault": true, "tags": {}, "properties": {},
        "description": null, "credentials": {"credentialsType": "None"},
        "serviceDataAccessAuthIdentity": "None",
    }});
    workspace.put(Kind::Datastore, &["workspaceblobstore"], &store, JIRO, now);
    let connection = json!({"properties": {
        "authType": "AAD", "category": "AzureBlob", "target": "https://examplews01.example",
        "metadata": {"AccountName": "examplews01", "ContainerName": "shared", "owner": HANAKO}, "isSharedToAll": true, "sharedUserList": []}});
    workspace.put(Kind::Connection, &["shared-blobs"], &connection, HANAKO, now);
    workspace.add_dataset("customers-v1", "workspaceblobstore", "customers/", &person(HANAKO));
    let service = json!({
        "id": "churn-aci", "name": "churn-aci", "computeType": "ACI", "state": "Healthy",
        "createdTime": "2025-12-01T08:00:00Z", "updatedTime": "2025-12-01T08:00:00Z",
        "kvTags": {}, "properties": {}, "description": "", "modelIds": ["churn-model:2"],
        "createdBy": person(HANAKO), "deploymentType": "HttpRealtimeEndpoint",
        "appInsightsEnabled": true, "authEnabled": false, "cname": null, "location": "westeurope",
        "containerResourceRequirements": {"cpu": 0.1, "memoryInGB": 0.5}, "publicIp": "10.0.0.1",
        "scoringUri": "http://churn-aci.example/score", "sslCertificate": null,
        "sslEnabled": false, "sslKey": null,
    });
    let service = service.as_object().cloned().unwrap_or_default();
    workspace.web_services.insert("churn-aci".to_owned(), service);
}
