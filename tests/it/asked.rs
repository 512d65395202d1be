//! Sources that are asked by identity: they come to the same findings as those that are walked, and
//! take no more calls in an hour than they say.

use std::io::{Cursor, Read as _};

use dsrd::adapters::memory::sources::rows::MemoryRows;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::{Item, Kind};
use dsrd::ports::sources::{Asked, Erased, Finds, Read, Source};
use dsrd::ports::system::Clock;
use dsrd::stages::walk::ask::{Values, ask, values};
use dsrd::stages::walk::pass::{Patience, Walk};
use futures::TryStreamExt;
use serde_json::json;
use zip::ZipArchive;

use crate::support::simulation::leaks::EMAIL;
use crate::support::simulation::scenario::{
    LIMITS, Scenario, control, correspondence, request, request_with, simulate,
};
use crate::support::simulation::story::{check, ending};

const HOUR_MS: u64 = 3_600_000;

fn person(address: &str) -> Subject {
    let email = Identity::new(IdentityType::Email, IdentityFormat::Raw, address.to_owned());
    Subject { identities: vec![email] }
}

/// A person of an address and more.
fn person_of(identities: &[(IdentityType, IdentityFormat, &str)]) -> Subject {
    let identity = |(kind, format, value): &(IdentityType, IdentityFormat, &str)| {
        Identity::new(*kind, *format, (*value).to_owned())
    };
    Subject { identities: identities.iter().map(identity).collect() }
}

fn walk_for(people: &[&Subject]) -> Walk {
    Walk::new(people, &LIMITS, Patience::Spent)
}

/// What a walk finds: whose, of what, where.
async fn found(source: &dyn Asked, people: &[&Subject]) -> Vec<(usize, String)> {
    let looks = ask(source, &walk_for(people).asking()).await.unwrap();
    let hits = looks.into_iter().flat_map(|look| look.hits);
    hits.map(|hit| (hit.subject, hit.hit.place)).collect()
}

async fn read(source: &dyn Asked, item: &Item, values: &[&str]) -> Option<String> {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    match source.rows(item, &values).await.unwrap() {
        Read::Bytes(bytes) => {
            let pieces: Vec<_> = bytes.try_collect().await.unwrap();
            Some(String::from_utf8(pieces.concat()).unwrap())
        }
        Read::Absent => None,
        Read::Changed | Read::Refused(_) => unreachable!("nothing here refuses"),
    }
}

fn asked(rows: &MemoryRows) -> &dyn Asked {
    let Finds::Ask(source) = rows.finds() else { unreachable!("it is asked") };
    source
}

/// The promises of the `Asked` port, over the one adapter that there is.
#[tokio::test]
async fn the_contract_in_memory() {
    let rows = MemoryRows::new("telemetry");
    let (ann, bob) = (person("Ann@example.org"), person("bob@example.org"));
    let source = asked(&rows);
    assert!(source.ask(&[&ann, &bob], None).await.unwrap().seen.is_empty());
    rows.add("Requests", &[("User", "ann@example.org"), ("Url", "/a")]);
    rows.add("Requests", &[("User", "bob@example.org"), ("Url", "/b")]);
    rows.add("Traces", &[("Id", "joann@example.org")]);
    let seen = source.ask(&[&ann], None).await.unwrap().seen;
    let item = seen.into_iter().find(|seen| seen.value == "ann@example.org").unwrap().item;
    assert!(item.kind == Kind::Rows && item.etag.is_empty());
    let within = source.ask(&[&ann], Some(&item)).await.unwrap().seen;
    assert!(within.iter().all(|seen| seen.item == item) && !within.is_empty());
    let row = "{\"Url\":\"/a\",\"User\":\"ann@example.org\"}\n";
    assert_eq!(read(source, &item, &["ann@example.org"]).await.unwrap(), row);
    let values = ["ann@example.org".to_owned()];
    assert_eq!(source.erase_rows(&item, &values).await.unwrap(), Erased::Done);
    assert_eq!(source.erase_rows(&item, &values).await.unwrap(), Erased::AlreadyAbsent);
    assert_eq!(read(source, &item, &["ann@example.org"]).await, None);
    assert_eq!(rows.all()["Requests"].len(), 1);
}

/// A source tells candidates; whom they name is read as everything else is: in every spelling, and
/// never in a part of something longer.
#[tokio::test]
async fn a_value_names_whom_the_finder_reads_in_it() {
    use IdentityFormat::{Raw, Sha256};
    use IdentityType::{Email, Name, ObjectId};
    const ANN: &str = "ann@contoso.com";
    const ID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    let by_hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(ANN));
    let email = person_of(&[(Email, Raw, ANN)]);
    let hashed = person_of(&[(Email, Sha256, &by_hash)]);
    let object = person_of(&[(ObjectId, Raw, ID)]);
    let name = person_of(&[(Name, Raw, "Ann-Kathrin Müller")]);
    let nested = json!({ "user": json!({ "mail": ANN }).to_string() }).to_string();
    let table: [(&Subject, &str, bool); 19] = [
        (&email, ANN, true),
        (&email, "ANN@Contoso.COM", true),
        (&email, "mail from ann@contoso.com, sent", true),
        (&email, "joann@contoso.com", false),
        (&email, "ann@contoso.com.evil.org", false),
        (&email, "ann@contoso.comx", false),
        (&email, "{\"user\":\"ann@contoso.com\"}", true),
        (&email, "{\"user\":\"\\u0061nn@contoso.com\"}", true),
        (&email, &nested, true),
        (&email, "/api?user=ann%40contoso.com", true),
        (&email, "/api?user=joann%40contoso.com", false),
        (&email, "{\"blob\":\"eyJtYWlsIjoiYW5uQGNvbnRvc28uY29tIn0=\"}", true),
        (&hashed, "of ann@contoso.com", true),
        (&hashed, "of joann@contoso.com", false),
        (&object, ID, true),
        (&object, "6F9619FF8B86D011B42D00CF4FC964FF", true),
        (&object, "6f9619ff-8b86-d011-b42d-00cf4fc964fe", false),
        (&name, "Müller, Ann-Kathrin wrote", true),
        (&name, "Ann Miller", false),
    ];
    for (person, value, names) in table {
        let rows = MemoryRows::new("telemetry");
        rows.add("Traces", &[("Message", value)]);
        rows.add("Traces", &[("Message", "nobody's")]);
        let found = found(asked(&rows), &[person]).await;
        assert_eq!(!found.is_empty(), names, "{value}");
        let source = asked(&rows);
        let item = source.ask(&[person], None).await.unwrap().seen.remove(0).item;
        let Values { values, unread, .. } =
            values(source, &item, &walk_for(&[person]).asking()).await.unwrap();
        assert_eq!(values, if names { vec![value.to_owned()] } else { Vec::new() }, "{value}");
        assert!(unread.is_empty(), "{value}");
    }
}

/// An alias alone is a word. A column that speaks of users makes it one.
#[tokio::test]
async fn a_column_of_users_makes_a_user_of_an_alias() {
    let alias = person_of(&[(IdentityType::Username, IdentityFormat::Raw, "annl")]);
    let table = [
        ("UserId", "annl", true),
        ("UserAuthenticatedId", "ANNL", true),
        ("Identity", "annl", true),
        ("CreatedBy", "annl", true),
        ("Properties.mlflow.user", "annl", true),
        ("UserId", "annl2", false),
        ("UserId", "joannl", false),
        ("AppRoleName", "annl", false),
        ("Message", "annl", false),
        ("Message", "wrote Users/annl/x.py", true),
        ("annl", "annl", false),
    ];
    for (column, value, names) in table {
        let rows = MemoryRows::new("telemetry");
        rows.add("Traces", &[(column, value)]);
        let found = found(asked(&rows), &[&alias]).await;
        assert_eq!(!found.is_empty(), names, "{column} {value}");
    }
}

/// Whose, in which table and column, in how many rows, from when to when.
#[tokio::test]
async fn a_hit_tells_table_column_count_and_time() {
    let rows = MemoryRows::new("telemetry");
    for (day, who) in [(3, "ann@example.org"), (1, "Ann@example.org"), (2, "bob@example.org")] {
        let when = format!("2026-11-0{day}T00:00:00Z");
        rows.add("AppRequests", &[("UserId", who), ("TimeGenerated", &when)]);
    }
    rows.add("Traces", &[("Id", "bob@example.org")]);
    let (ann, bob) = (person("ann@example.org"), person("bob@example.org"));
    let requests = |count, first: &str, last: &str| {
        format!("AppRequests.UserId: {count} rows, 2026-11-{first} to 2026-11-{last}")
    };
    assert_eq!(
        found(asked(&rows), &[&bob, &ann]).await,
        [
            (0, requests(1, "02T00:00:00Z", "02T00:00:00Z")),
            (1, requests(2, "01T00:00:00Z", "03T00:00:00Z")),
            (0, "Traces.Id: 1 rows".to_owned()),
        ]
    );
}

/// The tables that refuse are listed, and what the others hold is given.
#[test]
fn a_table_that_cannot_be_asked_is_told_and_the_request_ends_partially() {
    for kind in ["access", "erasure"] {
        let scenario = Scenario::small().with_tables().sent(request("r-1", kind));
        scenario.tables[0].close("AppTraces", Some("forbidden: the table refuses"));
        let ended = check(scenario);
        assert!(ended.contains(&format!("r-1 ({kind}) is partially_completed")), "{ended}");
        assert!(ended.contains("unreadable forbidden"), "{ended}");
        assert!(ended.contains("telemetry holds 1 rows of AppTraces"), "{ended}");
    }
}

/// What is too much of one person is told of that person alone, however many are asked for at once.
#[test]
fn one_persons_volume_is_no_others() {
    let mut other = request("r-2", "access");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
    let scenario = Scenario::small().with_tables().sent(request("r-1", "access")).sent(other);
    scenario.tables[0].overflow("AppTraces", "Message", "bob@example.org");
    let ended = check(scenario);
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
    assert!(ended.contains("r-2 (access) is partially_completed"), "{ended}");
    assert!(ended.contains("unreadable too_many"), "{ended}");
}

/// Those who share a row with the person are masked in it, also in a bag of dimensions.
#[test]
fn others_are_masked_in_rows() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    let rows = MemoryRows::new("telemetry");
    let bag = json!({ "caller": EMAIL, "peer": "carla@example.org" }).to_string();
    rows.add("AppRequests", &[("UserId", EMAIL), ("Manager", "bob@example.org")]);
    rows.add("AppTraces", &[("Properties", &bag), ("Message", "carla@example.org called")]);
    let mut scenario = scenario;
    scenario.tables.push(std::sync::Arc::new(rows));
    let exports = std::sync::Arc::clone(&scenario.exports);
    let story = check(scenario);
    assert!(story.contains("r-1 (access) is completed"), "{story}");
    let mut zip = ZipArchive::new(Cursor::new(exports.get("r-1.zip").unwrap())).unwrap();
    let mut text = String::new();
    for index in 0..zip.len() {
        zip.by_index(index).unwrap().read_to_string(&mut text).unwrap();
    }
    assert!(text.contains(EMAIL), "{text}");
    assert!(!text.contains("bob@example.org") && !text.contains("carla@example.org"), "{text}");
    assert!(text.contains("\\\"caller\\\""), "the bag stays what it is: {text}");
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
          counts {"seen":3,"found":4,"outcomes":{"exported":4}}
          results_count 4
      item 0: exported
      item 1: exported
      item 2: exported
      item 3: exported
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    telemetry holds 3 rows of AppRequests
    telemetry holds 1 rows of AppTraces
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, data/telemetry/AppRequests/UserId.jsonl, data/telemetry/AppTraces/AuthenticatedId.jsonl, manifest.json
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
      5 wait_started -> waiting, announced progressed fe203068
      6 acted -> verifying, announced progressed 96b68ac5
      7 verified -> completed, announced completed 35c7ff7d
          counts {"seen":3,"found":4,"outcomes":{"erased":4}}
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
        let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
        scenario.tick_ms = HOUR_MS;
        scenario.tables[0].take_time(Slow { looks: 2, look_in_ms: 1_000, end });
        let ended = check(scenario);
        assert!(ended.contains(&format!("r-1 (erasure) is {state}\n")), "{end:?}\n{ended}");
        let left = format!("telemetry holds {left} rows of AppRequests");
        assert!(ended.contains(&left), "{end:?}\n{ended}");
        assert!(ended.contains("wait_started"), "{end:?}\n{ended}");
    }
}

/// Two requests share what a service takes, and the removals themselves; what comes too late goes
/// on when it takes more, and nobody's try is lost meanwhile.
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
    assert_eq!(tables.removals().len(), 2, "one for both where both have rows");
    assert!((1..4).contains(&hours), "{hours}\n{ended}");
}

/// A purge as it went: how it ended, after how many days, with how many removals.
fn purged(slow: Slow, tick_ms: u64) -> (String, i64, usize) {
    let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
    scenario.tick_ms = tick_ms;
    let tables = std::sync::Arc::clone(&scenario.tables[0]);
    tables.take_time(slow);
    let (hours, ended) = simulate(async || {
        let before = scenario.clock.now();
        scenario.live().await;
        scenario.assert_silent().await;
        (scenario.clock.now().duration_since(before).as_hours(), ending(&scenario).await)
    });
    (ended, hours / 24, tables.removals().len())
}

#[test]
fn a_purge_of_a_month_is_waited_for() {
    let slow = Slow { looks: 30 * 24, look_in_ms: HOUR_MS, end: SlowEnd::Done };
    let (ended, days, removals) = purged(slow, HOUR_MS);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!((30..33).contains(&days) && removals == 2, "{days} {removals}\n{ended}");
}

#[test]
fn a_purge_that_never_ends_is_given_up_and_told() {
    let slow = Slow { looks: u32::MAX, look_in_ms: 6 * HOUR_MS, end: SlowEnd::Done };
    let (ended, days, removals) = purged(slow, 6 * HOUR_MS);
    assert!(ended.contains("r-1 (erasure) is partially_completed"), "{ended}");
    let told = "2 failed in telemetry: service: it has not finished the work in 45 days";
    assert!(ended.contains(told) && removals == 2, "{ended}");
    assert!((45..48).contains(&days), "{days}");
}

/// `completed` is no proof: the rows are.
#[test]
fn rows_that_show_after_a_service_claims_to_be_done_are_waited_for() {
    let slow = Slow { looks: 1, look_in_ms: HOUR_MS, end: SlowEnd::ClaimedTooEarly(26) };
    let (ended, days, removals) = purged(slow, HOUR_MS);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!((5..30).contains(&days), "{days}\n{ended}");
    assert_eq!(removals, 2, "and nothing is asked for twice meanwhile");
}

#[test]
fn rows_that_never_go_are_purged_again_after_a_month_and_told_in_the_end() {
    let slow = Slow { looks: 1, look_in_ms: HOUR_MS, end: SlowEnd::OnlyClaimed };
    let (ended, days, removals) = purged(slow, 2 * HOUR_MS);
    assert!(ended.contains("r-1 (erasure) is partially_completed"), "{ended}");
    assert!(ended.contains("left_over -> acting"), "{ended}");
    assert!(ended.contains("it says that the rows are gone, and they are there"), "{ended}");
    assert!(days >= 60 && removals >= 4 && removals.is_multiple_of(2), "{days} {removals}");
}

/// An erasure with these tables: how it ended, and after how many days.
fn erased(prepare: impl FnOnce(&mut Scenario, &MemoryRows)) -> (String, i64) {
    let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
    scenario.tick_ms = HOUR_MS;
    let tables = std::sync::Arc::clone(&scenario.tables[0]);
    prepare(&mut scenario, &tables);
    let (hours, ended) = simulate(async || {
        let before = scenario.clock.now();
        scenario.live().await;
        scenario.assert_silent().await;
        (scenario.clock.now().duration_since(before).as_hours(), ending(&scenario).await)
    });
    (ended, hours / 24)
}

/// What a removal was not called for is not waited for as if it had been: it is called again at
/// once.
#[test]
fn what_a_removal_was_not_called_for_is_asked_for_at_once() {
    let late = [("AuthenticatedId", EMAIL), ("TimeGenerated", "2099-01-01T00:00:00Z")];
    type Prepare = fn(&MemoryRows, &[(&str, &str)]);
    let table: [(&str, Prepare); 3] = [
        ("a row that came later", |tables, late| tables.add_after_removal("AppTraces", late)),
        ("an answer that was cut short", |tables, _| tables.leave_out(EMAIL, 1)),
        ("answers that were cut short for long", |tables, _| tables.leave_out(EMAIL, 40)),
    ];
    for (what, prepare) in table {
        let (ended, days) = erased(|_, tables| prepare(tables, &late));
        assert!(ended.contains("r-1 (erasure) is completed"), "{what}: {ended}");
        assert!(ended.contains("telemetry holds 0 rows of AppTraces"), "{what}: {ended}");
        assert!(days < 6, "{what}: {days} days\n{ended}");
    }
}

/// A table that is shut for good while its rows wait: nobody waits for it for a month, and nothing
/// of it is called erased.
#[test]
fn rows_that_nobody_can_ask_for_any_more_are_told_soon() {
    let (ended, days) = erased(|scenario, _| {
        let tables = std::sync::Arc::clone(&scenario.tables[0]);
        scenario.wire.on("wait_started", move || tables.close("AppTraces", Some("forbidden")));
    });
    assert!(ended.contains("r-1 (erasure) is partially_completed"), "{ended}");
    assert!(ended.contains("failed in telemetry: source: its rows cannot be asked"), "{ended}");
    assert!(ended.contains("unreadable forbidden"), "{ended}");
    assert!(days < 6, "{days} days");
}

/// A value that the service does not take, or gives up, is told of whom it names and keeps no
/// other's rows.
#[test]
fn a_value_that_is_refused_keeps_nobody_else() {
    type Prepare = fn(&MemoryRows);
    let table: [(Prepare, &str); 2] = [
        (|tables| tables.refuse_value("bob@example.org"), "told to refuse"),
        (
            |tables| {
                tables.take_values(1);
                tables.take_time(Slow { looks: 1, look_in_ms: 1_000, end: SlowEnd::Done });
                tables.give_up_value("bob@example.org");
            },
            "gave_up",
        ),
    ];
    for (prepare, why) in table {
        let (ended, _) = erased(|scenario, tables| {
            let mut other = request("r-2", "erasure");
            other["subject_identities"] =
                json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
            scenario.inbox.push(other.to_string(), correspondence());
            scenario.limits.purge_gather_ms = 60_000;
            prepare(tables);
        });
        assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
        assert!(ended.contains("r-2 (erasure) is partially_completed"), "{ended}");
        assert!(ended.contains(why), "{ended}");
    }
}

/// Somebody writes of the person while they are erased.
#[test]
fn rows_that_come_back_are_erased_in_another_round() {
    let scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
    let (tables, once) = (std::sync::Arc::clone(&scenario.tables[0]), std::sync::Once::new());
    scenario.wire.on("acted", move || {
        once.call_once(|| tables.add("AppTraces", &[("AuthenticatedId", EMAIL)]));
    });
    let tables = std::sync::Arc::clone(&scenario.tables[0]);
    let ended = check(scenario);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(ended.contains("left_over -> acting"), "{ended}");
    assert!(ended.contains("telemetry holds 0 rows of AppTraces"), "{ended}");
    assert_eq!(tables.removals().len(), 3);
}

/// Who waits for a purge keeps nobody, and says what it waits for and until when at most.
#[test]
fn who_waits_for_a_purge_says_so_and_keeps_nobody() {
    let mut other = request("r-2", "access");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
    let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure")).sent(other);
    scenario.tick_ms = HOUR_MS;
    scenario.tables[0].take_time(Slow { looks: 300, look_in_ms: HOUR_MS, end: SlowEnd::Done });
    simulate(async || scenario.live().await);
    let events = scenario.announcer.published();
    let events: Vec<serde_json::Value> =
        events.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect();
    let at = |id: &str, is: &dyn Fn(&serde_json::Value) -> bool| {
        let event = events.iter().find(|event| event["subject"] == id && is(event)).unwrap();
        (event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap(), event)
    };
    let is_end = |event: &serde_json::Value| event["data"]["outcome"] == "completed";
    let between = at("r-1", &is_end).0.duration_since(at("r-2", &is_end).0);
    assert!(between.as_hours() > 200, "{between}");
    let (since, event) = at("r-1", &|event| event["data"]["progress"]["stage"] == "waiting");
    let waiting = &event["data"]["waiting"];
    assert_eq!(waiting["for"], json!([{ "source": "telemetry", "items": 2 }]));
    assert_eq!(waiting["since"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap(), since);
    let until: jiff::Timestamp = waiting["until_at_most"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.duration_since(since).as_hours() / 24, 45);
}

/// Whoever is stopped before a purge was begun is none of it: what others wait for goes on without.
#[test]
fn who_is_stopped_before_a_purge_begins_keeps_their_rows() {
    let mut other = request("r-2", "erasure");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
    let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure")).sent(other);
    scenario.limits.purge_gather_ms = 60_000;
    let (inbox, once) = (std::sync::Arc::clone(&scenario.inbox), std::sync::Once::new());
    scenario.wire.on("wait_started", move || {
        once.call_once(|| inbox.push(control("cancel", "r-1").to_string(), correspondence()));
    });
    let ended = check(scenario);
    assert!(ended.contains("r-1 (erasure) is failed"), "{ended}");
    assert!(ended.contains("r-2 (erasure) is completed"), "{ended}");
    assert!(ended.contains("telemetry holds 2 rows of AppRequests"), "{ended}");
    assert!(ended.contains("telemetry holds 1 rows of AppTraces"), "{ended}");
}

/// Many people in one column, by a service that takes few removals an hour: as many calls as their
/// values need, and not as many as there are people.
#[test]
fn many_people_take_as_many_calls_as_their_values_need() {
    const PERSONS: usize = 60;
    let mut scenario = Scenario::new();
    let tables = std::sync::Arc::new(MemoryRows::new("telemetry"));
    for number in 0..PERSONS {
        let address = format!("person{number}@example.org");
        tables.add("AppRequests", &[("UserId", &address), ("Url", "/score")]);
        let mut erasure = request(&format!("r-{number}"), "erasure");
        erasure["subject_identities"] =
            json!([{ "identity_type": "email", "identity_value": address }]);
        scenario = scenario.sent(erasure);
    }
    tables.add("AppRequests", &[("UserId", "somebody.else@example.org")]);
    tables.take_an_hour(3);
    tables.take_values(10);
    scenario.tables.push(std::sync::Arc::clone(&tables));
    scenario.tick_ms = 60_000;
    scenario.limits.purge_gather_ms = 900_000;
    simulate(async || scenario.live().await);
    let calls = tables.removals().len();
    assert_eq!(tables.all()["AppRequests"].len(), 1, "that of somebody else");
    assert!((6..=9).contains(&calls), "{calls} removals");
}

/// A source that does not answer is told of like any other.
#[test]
fn a_source_that_cannot_be_asked_keeps_a_request_waiting_and_is_told() {
    let scenario = Scenario::small().with_tables().sent(request("r-1", "access"));
    scenario.tables[0].fail_next(2);
    let ended = check(scenario);
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
}
