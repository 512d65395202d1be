//! What is found where, and what is told of where nobody could look.

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::coverage::place::Looked;
use dsrd::ports::sources::{Asked, Erased, Source};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::people::{logs_id, other_resource, own_resource};
use crate::support::azure::monitor::spot::{Owner, Part};
use crate::support::azure::refusal::Refusal;
use crate::support::azure::seed::{HANAKO, JIRO, sample_id};
use crate::telemetry::world::{
    World, called, classic, found, hanako, logs, rows_of, source_asking, workspace_based,
};

/// Nothing of what other resources send to the same workspace is among it.
#[tokio::test]
async fn what_belongs_to_a_workspace_is_found_by_way_of_it() {
    let world = World::new(found()).await;
    let told = world.told(&hanako()).await;
    let expected = [
        format!(
            "examplela01/AmlComputeJobEvent/JobErrorMessage 1 no such file: \
                 /home/hanako/{HANAKO}.csv\nretry"
        ),
        format!("examplela01/AmlRunStatusChangedEvent/Identity 2 {HANAKO}"),
        format!("examplela01/AppRequests/UserId 1 {HANAKO}"),
        format!("examplela01/AppTraces/Message 1 scored for {HANAKO}"),
        format!("examplela01/AppTraces/Properties.caller 1 {HANAKO}"),
        format!("examplela01/AzureActivity/Caller 1 {HANAKO}"),
        format!("examplela01/ContainerLogV2/LogMessage 1 hello {HANAKO}"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_was_configured_is_as_wide_as_that_says() {
    let counts = [
        (logs(&[]), 3, "AmlRunStatusChangedEvent/Identity"),
        (logs(&[own_resource()]), 2, "AmlRunStatusChangedEvent/Identity"),
        (logs(&[own_resource().to_uppercase()]), 2, "AmlRunStatusChangedEvent/Identity"),
        (logs(&[other_resource()]), 1, "AmlRunStatusChangedEvent/Identity"),
        (workspace_based(), 1, "AppTraces/Message"),
    ];
    for (of, rows, place) in counts {
        let told = World::new(of.clone()).await.told(&hanako()).await;
        let line = told.iter().find(|line| line.contains(place)).unwrap();
        assert!(line.starts_with(&format!("examplela01/{place} {rows} ")), "{of:?}: {line}");
        let is_app = |line: &String| line.contains("/App");
        assert!(of != workspace_based() || told.iter().all(is_app), "{told:?}");
    }
}

#[tokio::test]
async fn a_component_that_holds_its_rows_itself_is_asked_itself() {
    let world = World::new(classic()).await;
    let expected = [
        format!("classicai01/traces/customDimensions.caller 1 {HANAKO}"),
        format!("classicai01/traces/message 1 scored for {HANAKO}"),
        format!("classicai01/traces/user_Id 1 {HANAKO}"),
    ];
    assert_eq!(world.told(&hanako()).await, expected);
    let rows = world.rows("classicai01/traces/customDimensions.caller", &[HANAKO]).await;
    assert_eq!(rows[0]["customDimensions"], json!({"caller": HANAKO}));
}

/// Endpoints of a workspace log under ids of their own, below the workspace's.
#[tokio::test]
async fn what_is_below_a_workspace_is_the_workspaces() {
    let world = World::new(found()).await;
    let below = format!("{}/onlineendpoints/score", own_resource());
    let beside = format!("{}2", own_resource());
    let said = |who: &str| json!({"Message": format!("{who} asked by {HANAKO}")});
    for (resource, who) in [(below, "own"), (beside, "foreign")] {
        let mut row = said(who);
        row["_ResourceId"] = resource.into();
        world.add("AmlOnlineEndpointConsoleLog", row);
    }
    let told = world.told(&hanako()).await.join("\n");
    assert!(told.contains("own asked by") && !told.contains("foreign"), "{told}");
}

#[tokio::test]
async fn an_item_is_asked_again_alone() {
    let world = World::new(found()).await;
    let item = rows_of("examplela01/AppTraces/Properties.caller");
    let again = world.source.ask(&[&hanako()], Some(&item)).await.unwrap();
    assert!(again.unread.is_empty() && again.seen.len() == 1);
    assert!(again.seen[0].item == item && again.seen[0].value == HANAKO);
    let (first, last) = (again.seen[0].first.unwrap(), again.seen[0].last.unwrap());
    let now: Timestamp = world.simulator.state().now;
    assert!(first == last && first < now);
    for name in ["examplela01", "examplela01/AppTraces", "x"] {
        let none = world.source.ask(&[&hanako()], Some(&rows_of(name))).await.unwrap();
        assert!(none.seen.is_empty() && none.unread.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn somebody_who_is_known_by_a_hash_is_found() {
    let world = World::new(found()).await;
    let hash = hex::encode(Sha256::digest(HANAKO));
    let identity = Identity::new(IdentityType::Email, IdentityFormat::Sha256, hash);
    let told = world.told(&Subject { identities: vec![identity] }).await.join("\n");
    for place in ["AmlRunStatusChangedEvent/Identity", "AppTraces/Message", "JobErrorMessage"] {
        assert!(told.contains(place), "{told}");
    }
}

/// A bag that names somebody in a key has no key by which to purge it.
#[tokio::test]
async fn who_is_a_key_of_a_bag_is_found_in_the_whole_of_it() {
    let world = World::new(found()).await;
    let bag = json!({JIRO: 3, "batch": "9"});
    world.add("AppTraces", json!({"Message": "counted", "Properties": bag}));
    let told = world.told(&called(IdentityType::Email, JIRO)).await;
    let expected = format!("examplela01/AppTraces/Properties 1 {bag}");
    assert!(told.contains(&expected), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_told() {
    let world = World::new(found()).await;
    {
        let mut state = world.simulator.state();
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        tables.get_mut("apptraces").unwrap().total_retention_days = 730;
        state.monitor.switches.denied_tables.insert("AppRequests".to_owned());
    }
    let told = world.told(&hanako()).await.join("\n");
    let expected = [
        "examplela01/AppTraces: long_term_retention",
        "examplela01/AppRequests: forbidden: InsufficientAccessError",
    ];
    for line in expected {
        assert!(told.contains(line), "{told}");
    }
    let places = world.source.places().await.unwrap();
    let of = |name: &str| places.iter().find(|place| place.name == name).map(|it| it.looked);
    assert_eq!(of("examplela01/AmlRunStatusChangedEvent"), Some(Looked::Looked));
    assert_eq!(of("examplela01/AppTraces (long-term)"), Some(Looked::CannotBeLookedAt));
    assert_eq!(of("examplela01/AppRequests"), Some(Looked::Refused));
    assert_eq!(of("exampleai01/snapshots"), Some(Looked::CannotBeLookedAt));
    assert_eq!(of("diagnostic settings of endpoints"), Some(Looked::CannotBeLookedAt));
    assert_eq!(of("examplela01/Heartbeat"), None);
}

/// Rows that are kept where nobody can ask for them are told, also where no recent row is ours; not
/// of tables that have nothing of any resource.
#[tokio::test]
async fn rows_of_another_year_are_told_where_there_are_none_of_this() {
    let world = World::new(found()).await;
    {
        let mut state = world.simulator.state();
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        for table in tables.values_mut() {
            table.rows.clear();
            table.total_retention_days = 730;
        }
        let apart = tables.get_mut("apptraces").unwrap();
        apart.columns.retain(|column| column.name != "_ResourceId");
    }
    let told = world.told(&hanako()).await.join("\n");
    assert!(told.contains("examplela01/AppRequests: long_term_retention"), "{told}");
    assert!(!told.contains("AppTraces"), "{told}");
}

/// A table that is searched in the columns that are listed, and is listed without any.
#[tokio::test]
async fn a_table_without_columns_is_told() {
    let world = World::new(found()).await;
    {
        let mut state = world.simulator.state();
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        let table = tables.get_mut("containerlogv2").unwrap();
        let is_kept = |name: &str| name == "TimeGenerated" || name.starts_with('_');
        table.columns.retain(|column| is_kept(&column.name));
    }
    let told = world.told(&hanako()).await.join("\n");
    assert!(told.contains("examplela01/ContainerLogV2: no_schema"), "{told}");
}

/// Who never asked for telemetry is not stopped by what is in its way.
#[tokio::test]
async fn what_was_found_and_cannot_be_reached_is_told_and_what_was_configured_is_a_failure() {
    for (of, is_failure) in [(found(), false), (logs(&[]), true)] {
        for (verb, part) in [(Verb::List, Part::Table), (Verb::Get, Part::Workspace)] {
            let world = World::new(of.clone()).await;
            let refused = Fault::Refused(Refusal::gateway(400, "DisallowedOperation", "no"));
            world.simulator.plan_all(verb, Kind::Telemetry(part), Some(refused));
            let asked = world.source.ask(&[&hanako()], None).await;
            assert_eq!(asked.is_err(), is_failure, "{part:?}");
            let Ok(answers) = asked else { continue };
            let reasons: Vec<&str> = answers.unread.iter().map(|it| it.reason.as_str()).collect();
            assert!(reasons.iter().any(|why| why.starts_with("refused")), "{reasons:?}");
            world.source.ping().await.unwrap();
        }
    }
    for (of, is_failure) in [(found(), false), (logs(&[]), true)] {
        let world = World::new(of.clone()).await;
        let nowhere = Url::parse("https://127.0.0.1:1").unwrap();
        let source = source_asking(&world.simulator, of, nowhere);
        let asked = source.ask(&[&hanako()], None).await;
        assert_eq!(asked.is_err(), is_failure);
        if let Ok(answers) = asked {
            assert!(answers.unread.iter().any(|it| it.reason == "unreachable"));
            source.ping().await.unwrap();
        }
    }
}

/// What was found need not let us in; what was configured has to.
#[tokio::test]
async fn a_store_that_does_not_let_us_in_is_told_or_a_failure() {
    for (of, is_failure) in [(found(), false), (logs(&[]), true)] {
        let world = World::new(of).await;
        let key = logs_id().key();
        world.simulator.state().monitor.workspaces.get_mut(&key).unwrap().refuses_queries = true;
        let asked = world.source.ask(&[&hanako()], None).await;
        assert_eq!(asked.is_err(), is_failure);
        if let Ok(answers) = asked {
            assert!(answers.seen.is_empty() && !answers.unread.is_empty());
            assert!(answers.unread.iter().all(|it| it.reason.starts_with("forbidden")));
        }
    }
}

/// A component that a workspace names and that is not there any more, settings that lead nowhere.
#[tokio::test]
async fn what_is_not_there_is_told() {
    let world = World::new(found()).await;
    let path = sample_id().path();
    {
        let mut state = world.simulator.state();
        let gone = dsrd_gone();
        state.monitor.add_setting(&path, "to-gone", &gone);
    }
    let told = world.told(&hanako()).await.join("\n");
    assert!(told.contains("gonela01: absent: ResourceNotFound"), "{told}");
    assert!(told.contains("AmlRunStatusChangedEvent/Identity 2"), "{told}");
}

fn dsrd_gone() -> crate::support::azure::place::WorkspaceId {
    crate::support::azure::place::WorkspaceId { name: "gonela01".to_owned(), ..logs_id() }
}

/// Who is called by a number is found where an operator numbers people, whatever sort of number it
/// is; a measure that happens to be the same is nobody's.
#[tokio::test]
async fn who_is_a_number_is_found_in_columns_of_numbers() {
    use crate::support::azure::monitor::kusto::value::{Column, Type};
    let world = World::new(found()).await;
    let kinds = [("own_CF", Type::Long), ("int_CF", Type::Int), ("real_CF", Type::Real)];
    {
        let mut state = world.simulator.state();
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        let table = tables.get_mut("apprequests").unwrap();
        let columns = kinds.map(|(name, kind)| Column { name: name.to_owned(), kind });
        table.columns.extend(columns);
    }
    for value in [json!(104_239), json!(1_042_391), json!(10_423)] {
        let row = json!({"own_CF": value, "int_CF": value, "real_CF": value.as_f64(),
            "DurationMs": value.as_f64(), "Name": "scored"});
        world.add("AppRequests", row);
    }
    world.add("AppRequests", json!({"real_CF": 104_239.5, "Name": "scored"}));
    let person = called(IdentityType::ControllerCustomerId, "104239");
    let told = world.told(&person).await;
    let expected = ["int_CF", "own_CF", "real_CF"]
        .map(|name| format!("examplela01/AppRequests/{name} 1 104239"));
    assert_eq!(told, expected);
    for (name, _) in kinds {
        let item = rows_of(&format!("examplela01/AppRequests/{name}"));
        let values = ["104239".to_owned()];
        assert_eq!(world.rows(&item.name, &["104239"]).await.len(), usize::from(name == "own_CF"));
        if name == "own_CF" {
            let begun = world.source.erase_rows(&item, &values).await.unwrap();
            assert!(matches!(begun, Erased::Begun(_)), "{begun:?}");
            world.simulator.advance(SignedDuration::from_mins(30));
        }
    }
    assert_eq!(world.seen("AppRequests").len(), 4, "hers and no other's");
    assert!(world.told(&person).await.is_empty());
}

/// A table that cannot be asked whose its rows are has none of ours only if that is why.
#[tokio::test]
async fn a_question_that_is_wrong_is_no_answer() {
    let without = World::new(found()).await;
    {
        let mut state = without.simulator.state();
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        for name in ["apptraces", "heartbeat", "containerlogv2"] {
            let table = tables.get_mut(name).unwrap();
            table.columns.retain(|column| column.name != "_ResourceId");
        }
    }
    let told = without.told(&hanako()).await.join("\n");
    assert!(!told.contains("AppTraces") && !told.contains("refused"), "{told}");
    let places = without.source.places().await.unwrap();
    let why = |name: &str| places.iter().find(|place| place.name == name).map(|it| &*it.why);
    assert_eq!(why("examplela01/AppTraces"), Some("no_resource"));
    assert_eq!(why("examplela01/ContainerLogV2"), Some("no_resource"));
    assert_eq!(why("examplela01/Heartbeat"), None, "it has no rows at all");
    let wrong = World::new(found()).await;
    {
        let mut state = wrong.simulator.state();
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        let table = tables.get_mut("apptraces").unwrap();
        table.columns.retain(|column| column.name != "TimeGenerated");
        for row in &mut table.rows {
            row.values.remove("TimeGenerated");
        }
        table.columns.retain(|column| column.name != "_ResourceId");
    }
    let told = wrong.told(&hanako()).await.join("\n");
    assert!(told.contains("examplela01/AppTraces: refused: SEM"), "{told}");
}
