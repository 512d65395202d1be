//! Sources that are asked by identity: they come to the same findings as those that are walked, and
//! take no more calls in an hour than they say.

use dsrd::adapters::memory::sources::rows::MemoryRows;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::{Item, Kind};
use dsrd::ports::sources::{Asked, Erased, Finds, Read, Source};
use dsrd::ports::system::Clock;
use futures::TryStreamExt;
use serde_json::json;

use crate::support::simulation::scenario::{Scenario, request, request_with, simulate};
use crate::support::simulation::story::{check, ending};

const HOUR_MS: u64 = 3_600_000;

fn person(address: &str) -> Subject {
    let email = Identity::new(IdentityType::Email, IdentityFormat::Raw, address.to_owned());
    Subject { identities: vec![email] }
}

async fn names(source: &dyn Asked, people: &[&Subject]) -> Vec<(usize, String)> {
    let sightings = source.ask(people).await.unwrap();
    sightings.into_iter().map(|sighting| (sighting.person, sighting.item.name)).collect()
}

async fn read(source: &dyn Asked, item: &Item, person: &Subject) -> Option<String> {
    match source.rows(item, person).await.unwrap() {
        Read::Bytes(bytes) => {
            let pieces: Vec<_> = bytes.try_collect().await.unwrap();
            Some(String::from_utf8(pieces.concat()).unwrap())
        }
        Read::Absent => None,
        Read::Changed | Read::Refused(_) => unreachable!("nothing here refuses"),
    }
}

/// The promises of the `Asked` port, over the one adapter that there is.
#[tokio::test]
async fn the_contract_in_memory() {
    let rows = MemoryRows::new("telemetry");
    let (ann, bob) = (person("Ann@example.org"), person("bob@example.org"));
    assert!(rows.ask(&[&ann, &bob]).await.unwrap().is_empty());
    rows.add("Requests", &[("User", "ann@example.org"), ("Url", "/a")]);
    rows.add("Requests", &[("User", "bob@example.org"), ("Url", "/b")]);
    rows.add("Traces", &[("Id", "joann@example.org")]);
    let Finds::Ask(source) = rows.finds() else { unreachable!("it is asked") };
    let user = "Requests/User".to_owned();
    assert_eq!(names(source, &[&ann]).await, [(0, user.clone())]);
    assert_eq!(names(source, &[&bob, &ann]).await, [(0, user.clone()), (1, user.clone())]);
    let item = source.ask(&[&ann]).await.unwrap().remove(0).item;
    assert!(item.kind == Kind::Rows && item.etag.is_empty());
    assert_eq!(
        read(source, &item, &ann).await.unwrap(),
        "{\"Url\":\"/a\",\"User\":\"ann@example.org\"}\n"
    );
    assert_eq!(source.erase_rows(&item, &ann).await.unwrap(), Erased::Done);
    assert_eq!(source.erase_rows(&item, &ann).await.unwrap(), Erased::AlreadyAbsent);
    assert_eq!(read(source, &item, &ann).await, None);
    assert_eq!(names(source, &[&ann, &bob]).await, [(1, user)]);
}

#[test]
fn rows_are_exported() {
    insta::assert_snapshot!(check(Scenario::small().with_tables().sent(request("r-1", "access"))), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 4
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":5,"found":4,"outcomes":{"exported":4}}
          results_count 4
      item 0: exported
      item 1: exported
      item 2: exported
      item 3: exported
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    telemetry holds 3 rows of AppRequests
    telemetry holds 1 rows of AppTraces
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, data/telemetry/AppRequests/UserId, data/telemetry/AppTraces/AuthenticatedId, manifest.json
    "#);
}

#[test]
fn rows_are_erased_and_those_of_others_stay() {
    insta::assert_snapshot!(check(Scenario::small().with_tables().sent(request("r-1", "erasure"))), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":5,"found":4,"outcomes":{"erased":4}}
      item 0: erased
      item 1: erased
      item 2: erased
      item 3: erased
    azureml holds ComputeRecord/dcid.r2
    telemetry holds 1 rows of AppRequests
    telemetry holds 0 rows of AppTraces
    "#);
}

/// Nobody can be taken out of a row: it goes, or it is told.
#[test]
fn rows_are_not_redacted() {
    let redact = request_with("r-1", "erasure", json!({ "on_erase": "redact" }));
    let ended = check(Scenario::small().with_tables().sent(redact));
    assert!(ended.contains("2 failed in telemetry: redaction: rows"), "{ended}");
    assert!(ended.contains("telemetry holds 3 rows of AppRequests"), "{ended}");
}

#[test]
fn into_however_many_parts_sources_are_cut() {
    let whole = check(Scenario::small().with_tables().sent(request("r-1", "erasure")));
    let parts = check(Scenario::small().with_tables().in_parts(3).sent(request("r-1", "erasure")));
    assert_eq!(whole, parts);
}

/// In each way in which a service can end what it began.
#[test]
fn what_a_service_removes_by_and_by_is_waited_for_and_asked_for_again() {
    let ends = [
        (SlowEnd::Done, "completed", 1),
        (SlowEnd::DoneAndForgotten, "completed", 1),
        (SlowEnd::Forgotten, "completed", 1),
        (SlowEnd::Claimed, "completed", 1),
        (SlowEnd::Failed, "partially_completed", 3),
    ];
    for (end, state, left) in ends {
        let scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
        scenario.tables[0].take_time(Slow { looks: 2, look_in_ms: 1_000, end });
        let ended = check(scenario);
        assert!(ended.contains(&format!("r-1 (erasure) is {state}\n")), "{end:?}\n{ended}");
        let left = format!("telemetry holds {left} rows of AppRequests");
        assert!(ended.contains(&left), "{end:?}\n{ended}");
        assert!(ended.contains("wait_started"), "{end:?}\n{ended}");
    }
}

/// Two requests share what a service takes; whoever comes too late goes on when it takes more, and
/// nobody's try is lost meanwhile.
#[test]
fn no_more_calls_are_made_in_an_hour_than_a_service_takes() {
    let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
    let mut other = request("r-2", "erasure");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
    scenario = scenario.sent(other);
    scenario.tick_ms = HOUR_MS / 12;
    let tables = std::sync::Arc::clone(&scenario.tables[0]);
    tables.take_an_hour(1);
    let (hours, ended) = simulate(async || {
        let before = scenario.clock.now();
        scenario.live().await;
        scenario.assert_silent().await;
        (scenario.clock.now().duration_since(before).as_hours(), ending(&scenario).await)
    });
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(ended.contains("r-2 (erasure) is completed"), "{ended}");
    assert_eq!(tables.removals().len(), 3);
    assert!((2..6).contains(&hours), "{hours}\n{ended}");
}

/// A source that does not answer is told of like any other.
#[test]
fn a_source_that_cannot_be_asked_keeps_a_request_waiting_and_is_told() {
    let scenario = Scenario::small().with_tables().sent(request("r-1", "access"));
    scenario.tables[0].fail_next(2);
    let ended = check(scenario);
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
}
