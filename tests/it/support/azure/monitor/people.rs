//! What two people left in Azure Monitor: rows of the sample workspace and of its component, and in
//! the same Log Analytics workspace rows of resources that are none of its business.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::support::azure::monitor::spot::Owner;
use crate::support::azure::monitor::store::Store;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::seed::{GROUP, HANAKO, JIRO, SUBSCRIPTION, person, sample_id};

/// The Log Analytics workspace that many resources share.
pub fn logs_id() -> WorkspaceId {
    id("examplela01")
}

/// The component of the sample workspace.
pub fn insights_id() -> WorkspaceId {
    id("exampleai01")
}

/// A component of somebody else's, in the same Log Analytics workspace.
pub fn other_insights_id() -> WorkspaceId {
    id("anotherai01")
}

/// A component that holds its rows itself.
pub fn classic_id() -> WorkspaceId {
    id("classicai01")
}

/// As rows name the sample workspace, its component, and what is none of its business.
pub fn own_resource() -> String {
    sample_id().path().to_lowercase()
}

pub fn own_insights() -> String {
    Owner::Component.path(&insights_id()).to_lowercase()
}

pub fn other_resource() -> String {
    let other = WorkspaceId { name: "another-workspace".to_owned(), ..sample_id() };
    other.path().to_lowercase()
}

fn id(name: &str) -> WorkspaceId {
    let (subscription, group) = (SUBSCRIPTION.to_owned(), GROUP.to_owned());
    WorkspaceId { subscription, group, name: name.to_owned() }
}

/// Puts it all there.
pub fn fill(store: &mut Store, now: Timestamp) {
    store.add_workspace(&logs_id(), now);
    store.add_component(&insights_id(), Some(&logs_id()), now);
    store.add_component(&other_insights_id(), Some(&logs_id()), now);
    store.add_component(&classic_id(), None, now);
    store.add_setting(&sample_id().path(), "to-logs", &logs_id());
    let rows = [of_the_workspace(), of_components()].concat();
    for (hours, values) in (1..).zip(rows) {
        let table = values["Type"].as_str().unwrap_or_default();
        store.add_row(&logs_id(), table, &values, now - SignedDuration::from_hours(hours));
    }
    let trace = json!({"message": format!("scored for {HANAKO}"), "user_Id": HANAKO,
        "customDimensions": {"caller": HANAKO}});
    store.add_item(&classic_id(), "traces", &trace, now - SignedDuration::from_hours(1));
    let event = json!({"name": "signed in", "user_AuthenticatedId": JIRO});
    store.add_item(&classic_id(), "customEvents", &event, now - SignedDuration::from_hours(2));
}

/// The newest first, an hour between each of them.
fn of_the_workspace() -> Vec<Json> {
    let own = own_resource();
    let id = person(HANAKO)["userObjectId"].clone();
    let message = format!("no such file: /home/hanako/{HANAKO}.csv\nretry");
    let rows = json!([
        {"Type": "AmlRunStatusChangedEvent", "_ResourceId": own, "Identity": HANAKO,
            "Status": "Completed", "RunId": "quiet_river_0a1b2c3d4e"},
        {"Type": "AmlRunStatusChangedEvent", "_ResourceId": own, "Identity": HANAKO,
            "Status": "Running", "RunId": "busy_cloud_1b2c3d4e5f"},
        {"Type": "AmlRunStatusChangedEvent", "_ResourceId": own, "Identity": JIRO,
            "Status": "Completed", "RunId": "calm_stone_2c3d4e5f60"},
        {"Type": "AmlRunStatusChangedEvent", "_ResourceId": other_resource(), "Identity": HANAKO,
            "Status": "Completed", "RunId": "foreign_run"},
        {"Type": "AmlComputeClusterEvent", "_ResourceId": own, "CreatedBy": id,
            "ClusterName": "cpu-cluster", "NodeCount": 2},
        {"Type": "AmlComputeJobEvent", "_ResourceId": own, "JobId": "quiet_river_0a1b2c3d4e",
            "ExperimentName": "churn", "JobName": "retrain", "JobErrorMessage": message},
        {"Type": "AmlComputeInstanceEvent", "_ResourceId": own, "Identity": JIRO,
            "AmlComputeInstanceName": "jiro-ci"},
        {"Type": "AzureActivity", "_ResourceId": own, "Caller": HANAKO,
            "CallerIpAddress": "192.0.2.7", "OperationNameValue": "MICROSOFT.MACHINELEARNING\
            SERVICES/WORKSPACES/WRITE"},
        {"Type": "ContainerLogV2", "_ResourceId": own, "LogMessage": format!("hello {HANAKO}"),
            "Computer": "aks-1"},
    ]);
    rows.as_array().cloned().unwrap_or_default()
}

fn of_components() -> Vec<Json> {
    let own = own_insights();
    let other = Owner::Component.path(&other_insights_id()).to_lowercase();
    let rows = json!([
        {"Type": "AppRequests", "_ResourceId": own, "UserId": HANAKO, "Name": "POST /score",
            "Success": true, "DurationMs": 12.5, "ClientIP": "192.0.2.0"},
        {"Type": "AppTraces", "_ResourceId": own, "Message": format!("scored for {HANAKO}"),
            "SeverityLevel": 1, "Properties": {"caller": HANAKO, "batch": "7"}},
        {"Type": "AppTraces", "_ResourceId": own, "Message": "scored", "SeverityLevel": 1,
            "Properties": {"caller": JIRO, "batch": "8"}},
        {"Type": "AppTraces", "_ResourceId": other, "Message": format!("billed {HANAKO}"),
            "SeverityLevel": 1},
    ]);
    rows.as_array().cloned().unwrap_or_default()
}
