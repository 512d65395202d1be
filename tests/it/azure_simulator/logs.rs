//! Workspaces of logs, components, settings; what queries are answered, and when purged rows go.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::azure_simulator::caller::{Answer, Caller};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::people::{
    classic_id, insights_id, logs_id, other_resource, own_insights, own_resource,
};
use crate::support::azure::monitor::query::{timed_out, too_many};
use crate::support::azure::monitor::spot::{Owner, Part};
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::Refusal;
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{GROUP, HANAKO, SUBSCRIPTION, Seed, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;

#[tokio::test]
async fn what_there_is_is_told() {
    let logs = Logs::start().await;
    let listed = logs.arm("GET", &all("OperationalInsights/workspaces"), &Value::Null).await;
    assert_eq!(listed.body["value"][0]["properties"]["customerId"], logs.customer_id.as_str());
    let listed = logs.arm("GET", &all("insights/components"), &Value::Null).await;
    let names: Vec<&str> = listed.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["anotherai01", "classicai01", "exampleai01"]);
    let component = logs.arm("GET", &own_insights(), &Value::Null).await.body;
    let workspace = component["properties"]["WorkspaceResourceId"].as_str().unwrap();
    assert!(workspace.eq_ignore_ascii_case(&Owner::Workspace.path(&logs_id())));
    let classic = logs.arm("GET", &Owner::Component.path(&classic_id()), &Value::Null).await.body;
    assert_eq!(classic["properties"]["IngestionMode"], "ApplicationInsights");
    let settings = format!("{}/providers/Microsoft.Insights/diagnosticSettings", own_resource());
    let settings = logs.arm("GET", &settings, &Value::Null).await.body;
    assert_eq!(settings["value"][0]["properties"]["workspaceId"], workspace);
    let rights = format!("{}/providers/Microsoft.Authorization/permissions", own_insights());
    assert_eq!(logs.arm("GET", &rights, &Value::Null).await.body["value"][0]["actions"][0], "*");
    let none = format!("{}/providers/Microsoft.Insights/diagnosticSettings", other_resource());
    assert_eq!(logs.arm("GET", &none, &Value::Null).await.body, json!({"value": []}));
    let table = format!("{workspace}/tables/AppTraces");
    let table = logs.arm("GET", &table, &Value::Null).await.body;
    let columns = table["properties"]["schema"]["standardColumns"].as_array().unwrap();
    let column = |name: &str| columns.iter().find(|it| it["name"] == name);
    assert_eq!(column("TimeGenerated").unwrap()["type"], "dateTime");
    assert_eq!(column("Properties").unwrap()["type"], "dynamic");
    assert!(column("_ResourceId").is_none());
}

#[tokio::test]
async fn a_workspace_ends_softly_comes_back_and_ends_for_good() {
    let logs = Logs::start().await;
    let path = Owner::Workspace.path(&logs_id());
    let count = "AppTraces | count";
    let none = Value::Null;
    assert_eq!(logs.arm("DELETE", &path, &none).await.status, 200);
    assert_eq!(logs.arm("GET", &path, &none).await.code(), "ResourceNotFound");
    assert_eq!(logs.query(count).await.code(), "PathNotFoundError");
    let deleted = all("OperationalInsights/deletedWorkspaces");
    assert_eq!(logs.arm("GET", &deleted, &none).await.body["value"].as_array().unwrap().len(), 1);
    let back = logs.arm("PUT", &path, &json!({"location": "westeurope"})).await;
    assert_eq!(
        (back.status, back.body["properties"]["customerId"].as_str()),
        (200, Some(logs.customer_id.as_str()))
    );
    assert_eq!(logs.cells(count).await, json!([[3]]), "its rows are there again");
    logs.arm("DELETE", &path, &none).await;
    logs.simulator.advance(SignedDuration::from_hours(14 * 24));
    assert_eq!(logs.arm("GET", &deleted, &none).await.body["value"], json!([]));
    let made = logs.arm("PUT", &path, &json!({"location": "westeurope"})).await;
    assert_eq!(made.status, 201);
    assert_eq!(logs.arm("DELETE", &format!("{path}?force=true"), &none).await.status, 200);
    assert_eq!(logs.arm("GET", &deleted, &none).await.body["value"], json!([]));
    assert_eq!(logs.arm("DELETE", &path, &none).await.status, 204);
    let insights = own_insights();
    assert_eq!(logs.arm("DELETE", &insights, &none).await.status, 200);
    assert_eq!(logs.arm("DELETE", &insights, &none).await.status, 204);
}

#[tokio::test]
async fn queries_are_answered_as_they_are_written() {
    let logs = Logs::start().await;
    let own = format!(
        "AmlRunStatusChangedEvent | where _ResourceId =~ \"{}\" and Identity == \"{HANAKO}\" \
         | order by TimeGenerated asc | project RunId, Status, TimeGenerated",
        own_resource().to_uppercase()
    );
    let answer = logs.query(&own).await;
    let expected = json!({"tables": [{
        "name": "PrimaryResult",
        "columns": [{"name": "RunId", "type": "string"}, {"name": "Status", "type": "string"},
            {"name": "TimeGenerated", "type": "datetime"}],
        "rows": [["busy_cloud_1b2c3d4e5f", "Running", "2025-12-31T22:00:00Z"],
            ["quiet_river_0a1b2c3d4e", "Completed", "2025-12-31T23:00:00Z"]],
    }]});
    assert_eq!(answer.body, expected);
    let all = format!(
        "union isfuzzy=true withsource=place (AppTraces | where tostring(Properties) contains \
         \"{HANAKO}\"), AppRequests, Nowhere \
         | summarize n=count(), oldest=min(TimeGenerated) by place"
    );
    let expected = json!([
        ["union_arg0", 1, "2025-12-31T13:00:00Z"],
        ["AppRequests", 1, "2025-12-31T14:00:00Z"]
    ]);
    assert_eq!(logs.cells(&all).await, expected);
    let classic = logs.simulator.state().monitor.components[&classic_id().key()].app_id.clone();
    let body = json!({"query": "traces | project user_Id, customDimensions.caller"});
    let answer = logs.ask(&format!("apps/{classic}/query"), &body).await;
    assert_eq!(
        answer.body["tables"][0]["columns"][1],
        json!({"name": "customDimensions_caller",
        "type": "dynamic"})
    );
    assert_eq!(answer.body["tables"][0]["rows"], json!([[HANAKO, HANAKO]]));
    let own = logs.simulator.state().monitor.components[&insights_id().key()].app_id.clone();
    let text = "requests | project user_Id, name, client_IP, timestamp";
    let answer = logs.ask(&format!("apps/{own}/query"), &json!({"query": text})).await;
    let row = json!([HANAKO, "POST /score", "192.0.2.0", "2025-12-31T14:00:00Z"]);
    assert_eq!(answer.body["tables"][0]["rows"], json!([row]), "as the workspace holds it");
    for (timespan, count) in
        [("PT3H", 3), ("P1D", 4), ("2025-12-31T20:30:00Z/PT1H", 1), ("2025-01-01/2025-06-01", 0)]
    {
        let body = json!({"query": "AmlRunStatusChangedEvent | count", "timespan": timespan});
        let answer = logs.ask(&format!("workspaces/{}/query", logs.customer_id), &body).await;
        assert_eq!(answer.body["tables"][0]["rows"], json!([[count]]), "{timespan}");
    }
    let resource = json!({"query": "AppTraces | count"});
    let answer = logs.ask(&format!("{}/query", &own_insights()[1..]), &resource).await;
    assert_eq!(answer.body["tables"][0]["rows"], json!([[2]]), "of one resource alone");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let logs = Logs::start().await;
    let cases = [
        ("AppTraces | wher a", 400, "BadArgumentError", "SyntaxError"),
        ("AppTraces | where Message == \"x", 400, "BadArgumentError", "SyntaxError"),
        ("AppTraces | where Nothing == 'x'", 400, "BadArgumentError", "SemanticError"),
        ("apptraces | count", 400, "BadArgumentError", "SemanticError"),
        ("ContainerLogV2 | count", 400, "BadArgumentError", "SemanticError"),
        ("union AppTraces, Audit_CL | count", 400, "BadArgumentError", "SemanticError"),
    ];
    for (text, status, code, inner) in cases {
        let answer = logs.query(text).await;
        assert_eq!((answer.status, answer.body["error"]["code"].as_str()), (status, Some(code)));
        assert_eq!(answer.body["error"]["innererror"]["code"], inner, "{text}");
    }
    let search = format!("workspaces/{}/search", logs.customer_id);
    let searches = [
        ("ContainerLogV2 | where tostring(LogMessage) has 'hanako' | project Computer", 200),
        ("ContainerLogV2 | summarize count()", 400),
        ("union ContainerLogV2, Audit_CL", 400),
        ("Audit_CL | extend a = tolower(Who_s)", 200),
    ];
    for (text, status) in searches {
        let answer = logs.ask(&search, &json!({"query": text})).await;
        assert_eq!(answer.status, status, "{text}: {}", answer.body);
    }
    let nowhere = logs.ask("workspaces/nowhere/query", &json!({"query": "AppTraces"})).await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "PathNotFoundError"));
    let nothing = logs.ask(&format!("workspaces/{}/query", logs.customer_id), &json!({})).await;
    assert_eq!((nothing.status, nothing.code()), (400, "BadArgumentError"));
    {
        let mut state = logs.simulator.state();
        state.monitor.switches.denied_tables.insert("AppTraces".to_owned());
    }
    assert_eq!(logs.query("AppTraces").await.code(), "InsufficientAccessError");
    assert_eq!(logs.query("AppEvents").await.status, 200);
    logs.simulator.state().monitor.workspace(&logs_id()).unwrap().refuses_queries = true;
    assert_eq!(logs.query("AppEvents").await.status, 403);
}

#[tokio::test]
async fn doors_and_rights_are_told_apart() {
    let logs = Logs::start().await;
    let query = format!("/v1/workspaces/{}/query", logs.customer_id);
    let path = format!("{}?api-version=2023-09-01", Owner::Workspace.path(&logs_id()));
    let mut caller = Caller::of(&logs.simulator);
    let cases = [
        ("https://management.azure.com", 403, 200),
        ("https://api.loganalytics.io", 200, 401),
        ("https://api.loganalytics.azure.com", 200, 401),
        ("https://ml.azure.com", 403, 401),
    ];
    for (audience, asked, managed) in cases {
        caller.token = logs.simulator.token(audience);
        let answer = caller.ask("POST", &query, &json!({"query": "AppTraces"})).await;
        assert_eq!(answer.status, asked, "{audience}");
        assert_eq!(caller.ask("GET", &path, &Value::Null).await.status, managed, "{audience}");
    }
    caller.token = String::new();
    assert_eq!(caller.ask("POST", &query, &json!({"query": "AppTraces"})).await.status, 401);
    let role = |actions: &[&str]| Role {
        actions: actions.iter().map(|it| (*it).to_owned()).collect(),
        not_actions: Vec::new(),
    };
    let provider = "Microsoft.OperationalInsights/workspaces";
    let one = [format!("{provider}/query/read"), format!("{provider}/query/AppTraces/read")];
    let one: Vec<&str> = one.iter().map(String::as_str).collect();
    logs.simulator.state().switches.roles = Some(vec![role(&one)]);
    assert_eq!(logs.query("AppTraces").await.status, 200);
    assert_eq!(logs.query("AppEvents").await.code(), "InsufficientAccessError");
    assert_eq!(logs.purge(&logs_id(), "AppTraces", &json!([])).await.code(), "AuthorizationFailed");
    logs.simulator.state().switches.roles =
        Some(vec![role(&[&format!("{provider}/purge/action")])]);
    assert_eq!(logs.purge(&logs_id(), "AppTraces", &json!([])).await.code(), "BadArgument");
}

#[tokio::test]
async fn purged_rows_go_when_they_are_said_to_go() {
    let logs = Logs::start().await;
    let filters = json!([
        {"column": "Identity", "operator": "in", "value": [HANAKO, "nobody"]},
        {"column": "_ResourceId", "operator": "==", "value": own_resource()},
    ]);
    let left = "AmlRunStatusChangedEvent | count";
    let begun = logs.purge(&logs_id(), "AmlRunStatusChangedEvent", &filters).await;
    assert_eq!(begun.status, 202);
    let link = begun.header("x-ms-status-location").to_owned();
    let id = begun.body["operationId"].as_str().unwrap();
    assert!(!link.contains(id), "the id in the body is another than the link's");
    assert_eq!(logs.caller.ask("GET", &link, &Value::Null).await.body["status"], "pending");
    assert_eq!(logs.cells(left).await, json!([[4]]));
    logs.simulator.advance(SignedDuration::from_hours(1));
    assert_eq!(logs.caller_now().ask("GET", &link, &Value::Null).await.body["status"], "completed");
    assert_eq!(logs.cells(left).await, json!([[2]]), "another's, and a foreign resource's, stay");
    // Rows that outlast the service's word, that come back, that never go, and one that comes late.
    let day = SignedDuration::from_hours(24);
    logs.simulator.state().monitor.switches.rows_vanish_after = Some(day * 20);
    logs.simulator.state().monitor.switches.rows_return_after = Some(day);
    let all = json!([{"column": "TimeGenerated", "operator": ">", "value": "2000-01-01T00:00:00"}]);
    logs.purge(&logs_id(), "AmlRunStatusChangedEvent", &all).await;
    for (days, count) in [(19, 2), (2, 0), (1, 2)] {
        logs.simulator.advance(day * days);
        assert_eq!(logs.cells(left).await, json!([[count]]), "{days}");
    }
    logs.simulator.state().monitor.switches.purge_lasts = None;
    let begun = logs.purge(&logs_id(), "AmlRunStatusChangedEvent", &all).await;
    let link = begun.header("x-ms-status-location").to_owned();
    logs.simulator.advance(day * 60);
    let look = logs.caller_now().ask("GET", &link, &Value::Null).await;
    assert_eq!(look.body["status"], "pending");
    assert_eq!(logs.cells(left).await, json!([[2]]));
    {
        let mut state = logs.simulator.state();
        let now = state.now;
        state.monitor.switches.ingestion_lag = SignedDuration::from_mins(5);
        let row = json!({"Identity": HANAKO, "_ResourceId": own_resource()});
        state.monitor.add_row(&logs_id(), "AmlRunStatusChangedEvent", &row, now);
    }
    assert_eq!(logs.cells(left).await, json!([[2]]));
    logs.simulator.advance(SignedDuration::from_mins(5));
    assert_eq!(logs.cells(left).await, json!([[3]]));
}

#[tokio::test]
async fn purges_are_taken_by_their_filters_and_not_by_every_table() {
    let logs = Logs::start().await;
    let one = |column: &str, operator: &str, value: Value| {
        let filter = json!({"column": column, "operator": operator, "value": value});
        json!([filter])
    };
    let keyed = json!([{"column": "Properties", "key": "caller", "operator": "in~",
        "value": [HANAKO.to_uppercase()]}]);
    let cases = [
        ("AppTraces", keyed, 202, 1),
        ("AppTraces", one("Message", "==", "SCORED".into()), 202, 0),
        ("AppTraces", one("Message", "=~", "SCORED".into()), 202, 1),
        ("AppTraces", one("SeverityLevel", "between", json!([1, 2])), 202, 3),
        ("AppTraces", one("SeverityLevel", "<", json!(1)), 202, 0),
        ("AppTraces", one("Message", "in", json!("scored")), 400, 0),
        ("AppTraces", one("Message", "contains", json!("scored")), 400, 0),
        ("AppTraces", one("Nothing", "==", json!("scored")), 400, 0),
        ("AppTraces", json!([]), 400, 0),
        ("Nowhere", one("Message", "==", json!("scored")), 400, 0),
        ("ContainerLogV2", one("Computer", "==", json!("aks-1")), 400, 0),
        ("Audit_CL", one("Who_s", "==", json!(HANAKO)), 400, 0),
    ];
    for (number, (table, filters, status, rows)) in cases.into_iter().enumerate() {
        logs.simulator.state().monitor.purges.clear();
        let answer = logs.purge(&logs_id(), table, &filters).await;
        assert_eq!(answer.status, status, "{number}: {}", answer.body);
        let taken = logs.simulator.state().monitor.purges.values().map(|it| it.rows).sum::<usize>();
        assert_eq!(taken, rows, "{number}");
    }
    // What a component has in a workspace does not go by its own purge.
    let traces = one("Message", "==", json!("scored"));
    let body = json!({"table": "traces", "filters": one("message", "==", json!("scored"))});
    let path = format!("{}/purge?api-version=2020-02-02", Owner::Component.path(&insights_id()));
    assert_eq!(logs.caller.ask("POST", &path, &body).await.status, 202);
    let refusal = Refusal::gateway(400, "Refused", "not this one");
    logs.simulator.state().monitor.switches.purge_refused.insert("apptraces".to_owned(), refusal);
    assert_eq!(logs.purge(&logs_id(), "AppTraces", &traces).await.code(), "Refused");
    // Fifty an hour.
    let events = one("Name", "==", json!("none"));
    logs.simulator.state().monitor.purges.clear();
    for _ in 0..50 {
        assert_eq!(logs.purge(&logs_id(), "AppEvents", &events).await.status, 202);
    }
    let refused = logs.purge(&logs_id(), "AppEvents", &events).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "3600"));
    logs.simulator.advance(SignedDuration::from_secs(3600));
    let caller = logs.caller_now();
    let path = format!("{}/purge?api-version=2023-09-01", Owner::Workspace.path(&logs_id()));
    let body = json!({"table": "AppEvents", "filters": events});
    assert_eq!(caller.ask("POST", &path, &body).await.status, 202);
}

#[tokio::test]
async fn answers_may_be_late_short_half_or_none() {
    let logs = Logs::start().await;
    let text = "AmlRunStatusChangedEvent";
    let query = Kind::Telemetry(Part::Query);
    logs.simulator.plan_nth(Verb::Act, query, 1, Fault::Refused(too_many(7)));
    logs.simulator.plan_nth(Verb::Act, query, 2, Fault::Refused(timed_out()));
    let throttled = logs.query(text).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "7"));
    assert_eq!(logs.query(text).await.status, 504);
    for fault in [Fault::Dropped, Fault::LostAnswer, Fault::HalfAnswer] {
        logs.simulator.plan(Verb::Act, query, fault);
        let path = format!("/v1/workspaces/{}/query", logs.customer_id);
        assert!(logs.queries.send("POST", &path, &json!({"query": text})).await.is_none());
    }
    logs.simulator.state().monitor.switches.query_takes = SignedDuration::from_mins(5);
    assert_eq!(logs.query(text).await.status, 504);
    logs.simulator.state().monitor.switches.query_takes = SignedDuration::ZERO;
    let whole = logs.query(text).await.body;
    assert!(whole["error"].is_null());
    let count = |body: &Value| body["tables"][0]["rows"].as_array().unwrap().len();
    assert_eq!(count(&whole), 4);
    let short = |rows: usize, bytes: usize, times: u32| {
        let mut state = logs.simulator.state();
        let switches = &mut state.monitor.switches;
        (switches.rows_max, switches.bytes_max) = (rows, bytes);
        switches.partial.insert(text.to_owned(), times);
    };
    let cases = [(3, 100_000, 0, 3), (100, 400, 0, 1), (100, 100_000, 1, 2)];
    for (rows, bytes, times, left) in cases {
        short(rows, bytes, times);
        let body = logs.query(text).await;
        assert_eq!((body.status, count(&body.body)), (200, left));
        assert_eq!(body.body["error"]["code"], "PartialError");
    }
    assert_eq!(count(&logs.query(text).await.body), 4, "half is answered so often, and not more");
    logs.simulator.state().monitor.switches.empty_texts_are_null = true;
    assert_eq!(logs.cells("AppTraces | project UserId | take 1").await, json!([[null]]));
    logs.simulator.state().monitor.switches.queries_max = Some(2);
    logs.simulator.advance(SignedDuration::from_secs(30));
    for status in [200, 200, 429] {
        assert_eq!(logs.query(text).await.status, status);
    }
    logs.simulator.advance(SignedDuration::from_secs(30));
    assert_eq!(logs.query(text).await.status, 200);
}

/// A simulator, and who asks it.
struct Logs {
    simulator: Simulator,
    customer_id: String,
    /// With a token for the control plane, and with one for queries.
    caller: Caller,
    queries: Caller,
}

impl Logs {
    async fn start() -> Self {
        let switches = Switches::default();
        let seed = Seed { is_plain: true, switches, ..Seed::default() };
        let simulator = Simulator::start(seed).await;
        let caller = Caller::of(&simulator);
        let mut queries = Caller::of(&simulator);
        queries.token = simulator.token("https://api.loganalytics.io");
        let customer_id =
            simulator.state().monitor.workspaces[&logs_id().key()].customer_id.clone();
        assert_eq!(sample_id().group, GROUP);
        Self { simulator, customer_id, caller, queries }
    }

    /// Somebody whose token is good by now.
    fn caller_now(&self) -> Caller {
        Caller::of(&self.simulator)
    }

    async fn arm(&self, method: &str, path: &str, body: &Value) -> Answer {
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{sign}api-version=2023-09-01");
        self.caller_now().ask(method, &path, body).await
    }

    async fn ask(&self, rest: &str, body: &Value) -> Answer {
        let mut caller = self.caller_now();
        caller.token = self.simulator.token("https://api.loganalytics.io");
        caller.ask("POST", &format!("/v1/{rest}"), body).await
    }

    async fn query(&self, text: &str) -> Answer {
        self.ask(&format!("workspaces/{}/query", self.customer_id), &json!({"query": text})).await
    }

    /// The cells of the answer.
    async fn cells(&self, text: &str) -> Value {
        let answer = self.query(text).await;
        assert_eq!(answer.status, 200, "{text}: {}", answer.body);
        answer.body["tables"][0]["rows"].clone()
    }

    async fn purge(&self, id: &WorkspaceId, table: &str, filters: &Value) -> Answer {
        let path = format!("{}/purge", Owner::Workspace.path(id));
        self.arm("POST", &path, &json!({"table": table, "filters": filters})).await
    }
}

fn all(word: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.{word}")
}
