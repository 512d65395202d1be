//! The workspace's own services: found by discovery, within the configured cloud, and walked at the
//! price of their lists.

use std::time::Instant;

use dsrd::domain::asked::thing::{Thing, ThingKind};
use dsrd::domain::coverage::place::{Known, PlaceSort};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Read, Source, Things, Walked};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::resources::world::World;
use crate::source_contract::{bytes_of, listing};
use crate::support::azure::dependents::spot::Part;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, End, Shape};
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{HANAKO, person, sample_id};
use crate::support::azure::state::Switches;

/// Requests so far whose path has this in it.
fn asked_for(world: &World, part: &str) -> usize {
    world.simulator.requests().iter().filter(|request| request.path.contains(part)).count()
}

async fn many(runs: usize, page_items: usize) -> World {
    let world = World::new(Switches { page_items, ..Switches::default() }).await;
    {
        let mut state = world.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        for number in 0..runs {
            let by = json!({ "createdBy": person(HANAKO) });
            let experiment = format!("many-{}", number % 3);
            workspace.add_run(&format!("many_{number:06}"), &experiment, &by, &Map::new(), now);
        }
    }
    world
}

#[tokio::test]
async fn where_services_are_is_asked_once() {
    let world = World::new(Switches::default()).await;
    world.names().await;
    world.names().await;
    world.item("web_service/churn-aci").await;
    assert_eq!(asked_for(&world, "/discovery"), 1);
    let containers = world.source.containers().await.unwrap();
    assert_eq!(containers.account, "https://examplews01.blob.core.windows.net/");
}

/// Nobody's token goes where a document says.
#[tokio::test]
async fn services_out_of_the_cloud_are_not_asked() {
    for link in ["https://elsewhere.example/discovery", "http://127.0.0.1:1/discovery", "", "x"] {
        let world = World::new(Switches::default()).await;
        {
            let mut state = world.simulator.state();
            let document = &mut state.live(&sample_id()).unwrap().document;
            let properties = document["properties"].as_object_mut().unwrap();
            properties.insert("discoveryUrl".to_owned(), link.into());
        }
        let failure = world.source.list("web_service/", None).await.err().unwrap();
        assert!(failure.chain().contains("out of the configured cloud"), "{}", failure.chain());
        assert!(link.is_empty() || link == "x" || !failure.chain().contains(link));
        assert_eq!(asked_for(&world, "/discovery"), 0);
    }
    let discovery_host = Some("https://elsewhere.example".to_owned());
    let world = World::new(Switches { discovery_host, ..Switches::default() }).await;
    let failure = world.source.list("web_service/", None).await.err().unwrap();
    assert!(failure.chain().contains("out of the configured cloud"), "{}", failure.chain());
    assert!(!failure.is_transient());
}

/// Services move; where nobody is met, it is asked again where they are.
#[tokio::test]
async fn services_that_moved_are_found_again() {
    // Nobody listens there.
    let closed = "https://127.0.0.1:1";
    let discovery_host = Some(closed.to_owned());
    let world =
        World::trusting(Switches { discovery_host, ..Switches::default() }, &[closed]).await;
    let failure = world.source.list("web_service/", None).await.err().unwrap();
    assert!(failure.is_transient() && failure.chain().contains("no connection"));
    world.simulator.state().switches.discovery_host = None;
    assert_eq!(world.source.list("web_service/", None).await.unwrap().items.len(), 1);
    assert_eq!(asked_for(&world, "/discovery"), 2);
}

#[tokio::test]
async fn a_list_of_the_data_plane_goes_on_by_its_own_links_alone() {
    for kind in ["web_service/", "datastore/"] {
        let next_link_host = Some("https://elsewhere.example".to_owned());
        let switches = Switches { page_items: 1, next_link_host, ..Switches::default() };
        let world = World::new(switches).await;
        {
            let mut state = world.simulator.state();
            let now = state.now;
            let workspace = state.live(&sample_id()).unwrap();
            let another = workspace.web_services["churn-aci"].clone();
            workspace.web_services.insert("another".to_owned(), another);
            workspace.put(Kind::Datastore, &["another"], &json!({"properties": {}}), HANAKO, now);
        }
        let failure = world.source.list(kind, None).await.err().unwrap();
        assert!(failure.chain().contains("a link to another place"), "{}", failure.chain());
        world.simulator.state().switches.next_link_host = None;
        let (items, _) = world.pages(kind).await;
        assert_eq!(items.len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn the_history_of_a_run_is_its_document_without_its_state() {
    let world = World::new(Switches::default()).await;
    let item = world.item("run/busy_cloud_1b2c3d4e5f/history").await;
    let text = String::from_utf8(bytes_of(&world.source, &item).await).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["createdBy"]["upn"], HANAKO);
    for field in ["status", "token", "endTimeUtc", "revision"] {
        assert!(document.get(field).is_none(), "{field}");
    }
    let job = world.item("run/busy_cloud_1b2c3d4e5f").await;
    {
        let mut state = world.simulator.state();
        let run = state.live(&sample_id()).unwrap().run_mut("busy_cloud_1b2c3d4e5f").unwrap();
        run.say("status", "Canceled".into());
        run.say("endTimeUtc", "2026-01-02T00:00:00Z".into());
        run.object("tags").insert("_aml_system_ComputeTargetStatus".to_owned(), "x".into());
    }
    assert_eq!(world.item(&item.name).await.etag, item.etag);
    assert_eq!(world.item(&job.name).await.etag, job.etag);
    let metrics = world.item("run/quiet_river_0a1b2c3d4e/metrics").await;
    let text = String::from_utf8(bytes_of(&world.source, &metrics).await).unwrap();
    assert!(text.contains("accuracy") && text.contains("0.9"), "{text}");
    let artifacts = world.item("run/quiet_river_0a1b2c3d4e/artifacts").await;
    let text = String::from_utf8(bytes_of(&world.source, &artifacts).await).unwrap();
    assert!(text.contains("outputs/model.pkl") && !text.contains("sig="), "{text}");
    for name in ["run/calm_stone_2c3d4e5f60/metrics", "run/calm_stone_2c3d4e5f60/artifacts"] {
        assert!(world.source.remains(name).await.unwrap().is_empty(), "{name}");
    }
}

/// What no list shows is not there only if the service says so.
#[tokio::test]
async fn a_service_that_says_nothing_is_no_word_about_a_run() {
    let world = World::new(Switches::default()).await;
    let run = "run/quiet_river_0a1b2c3d4e/history";
    for (fault, is_absent) in [
        (Fault::broken_silently(404), false),
        (Fault::broken(403), false),
        (Fault::locked("/a"), false),
    ] {
        world.simulator.plan(Verb::Get, Kind::Run, fault.clone());
        assert_eq!(world.source.remains(run).await.is_ok(), is_absent, "{fault:?}");
    }
    world.simulator.state().live(&sample_id()).unwrap().runs.clear();
    assert!(world.source.remains(run).await.unwrap().is_empty());
    world.simulator.state().workspaces.clear();
    assert!(world.source.remains(run).await.is_err());
    assert!(world.source.remains("web_service/churn-aci").await.is_err());
}

/// A region may have switched off the services of the first SDK.
#[tokio::test]
async fn a_service_that_is_switched_off_is_told_and_hides_nothing_else() {
    let world = World::new(Switches::default()).await;
    let mut expected = world.names().await;
    expected.retain(|name| !name.starts_with("web_service/"));
    expected.push("web_service".to_owned());
    expected.sort();
    let gone = Fault::broken(410);
    world.simulator.state().faults.stand(Verb::List, Kind::WebService, Some(gone));
    let items = listing(&world.source).await;
    let mut names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, expected);
    let unseen = items.iter().find(|item| item.name == "web_service").unwrap();
    let read = world.source.read(unseen).await.unwrap();
    assert!(matches!(read, Read::Refused(why) if why == "service_absent"));
}

/// A walk costs its lists: pages, and no GET for each document.
#[tokio::test]
async fn a_walk_costs_its_lists_alone() {
    let world = many(2_000, 500).await;
    let items = listing(&world.source).await;
    assert!(items.iter().filter(|item| item.name.contains("/many_")).count() == 4_000);
    let listed = world.simulator.requests().len();
    // Four pages and a rest of jobs, six and a rest of history, one of each other sort.
    assert!((20..60).contains(&listed), "{listed}");
    for item in &items {
        assert!(matches!(world.source.read(item).await.unwrap(), Read::Bytes(_)), "{}", item.name);
    }
    assert_eq!(world.simulator.requests().len(), listed, "all were kept");
    // Each is given once: who reads again asks the service.
    world.source.read(&items[0]).await.unwrap();
    assert_eq!(world.simulator.requests().len(), listed + 1);
}

/// How a large workspace is walked: `DSRD_TEST_RUNS=200000` prints requests, seconds and memory.
#[tokio::test]
async fn a_large_workspace_is_walked_within_bounds() {
    #[expect(clippy::disallowed_methods, reason = "the size of a measurement")]
    let runs = std::env::var("DSRD_TEST_RUNS").ok().and_then(|text| text.parse().ok());
    let runs: usize = runs.unwrap_or(500);
    let world = many(runs, 500).await;
    let (begun, mut marker, mut documents, mut bytes) = (Instant::now(), None, 0, 0);
    let memory = memory_kib();
    loop {
        let page = world.source.list("", marker.as_deref()).await.unwrap();
        for item in &page.items {
            bytes += item.size;
            documents += 1;
            assert!(matches!(world.source.read(item).await.unwrap(), Read::Bytes(_)));
        }
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    let requests = world.simulator.requests().len();
    let grown = memory_kib().saturating_sub(memory);
    #[expect(clippy::print_stdout, reason = "what was measured")]
    let () = println!(
        "{documents} documents of {bytes} bytes by {requests} requests in {:.1} s, the process \
         (simulator and its record of requests too) {grown} KiB larger",
        begun.elapsed().as_secs_f64()
    );
    assert!(documents >= 2 * runs);
    assert!(requests < documents / 100 + 60, "{requests}");
}

/// Most memory that this process ever had.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn web_services_go_by_their_own_operations() {
    let failed = || End::Failed { code: "Boom".to_owned(), message: "ann".to_owned() };
    let table: [(Shape, End, &[&str]); 7] = [
        (Shape::AtOnce, End::Succeeded, &["Done"]),
        (Shape::Location, End::Succeeded, &["Begun", "Running", "Done"]),
        (Shape::Location, failed(), &["Begun", "Running", "Failed(Boom)"]),
        (Shape::Location, End::Canceled, &["Begun", "Running", "Failed(Cancelled)"]),
        (Shape::Location, End::Forgotten, &["Begun", "Running", "Unknown"]),
        (Shape::Location, End::Never, &["Begun", "Running", "Running", "Running"]),
        (Shape::Location, End::NotDone, &["Begun", "Running", "Running", "Running"]),
    ];
    let name = "web_service/churn-aci";
    for (shape, end, words) in table {
        let world = World::new(Switches::default()).await;
        let all = world.names().await;
        let item = world.item(name).await;
        let course = Course { shape, end: end.clone(), ..Course::default() };
        world.simulator.plan(Verb::Delete, Kind::WebService, Fault::Goes(course));
        assert_eq!(world.erased(&item, 3).await, words, "{shape:?} {end:?}");
        let is_gone = matches!(end, End::Succeeded | End::Forgotten);
        let left: Vec<String> = all.into_iter().filter(|other| !is_gone || other != name).collect();
        assert_eq!(world.names().await, left, "{shape:?} {end:?}");
    }
    // Answers that say that it is not there.
    let world = World::new(Switches::default()).await;
    let item = world.item(name).await;
    let link = format!(
        "{}/modelmanagement/v1.0{}/operations/none",
        world.simulator.base_url,
        sample_id().path()
    );
    let gone = Fault::not_found_with_operation(&link);
    world.simulator.plan(Verb::Delete, Kind::WebService, gone);
    assert_eq!(world.erased(&item, 3).await, ["Begun", "Unknown"]);
    world.simulator.plan(Verb::Delete, Kind::WebService, Fault::locked("/a"));
    let locked = Erased::Blocked(Barrier::new(Block::Lock, "ScopeLocked"));
    assert_eq!(world.source.erase(&item).await.unwrap(), locked);
    world.simulator.plan(Verb::Delete, Kind::WebService, Fault::LostAnswer);
    let last = match world.source.erase(&item).await {
        Err(_) => world.erased(&item, 5).await.pop().unwrap(),
        Ok(erased) => format!("{erased:?}"),
    };
    assert!(matches!(last.as_str(), "Done" | "AlreadyAbsent"), "{last}");
    assert_eq!(world.source.erase(&item).await.unwrap(), Erased::AlreadyAbsent);
}

/// Only empty ones go; what they still hold is waited for.
#[tokio::test]
async fn experiments_go_after_their_runs() {
    let world = World::new(Switches::default()).await;
    let full = world.item("experiment/churn").await;
    let failure = world.source.erase(&full).await.err().unwrap();
    assert!(failure.is_transient() && failure.chain().ends_with("it still has runs"));
    assert!(world.source.remains("experiment/churn").await.unwrap().len() == 1);
    let empty = world.item("experiment/empty").await;
    for (end, words) in [
        (End::Canceled, ["Begun", "Running", "Failed(OperationCanceled)"]),
        (End::Succeeded, ["Begun", "Running", "Done"]),
    ] {
        let course = Course { shape: Shape::Location, end, ..Course::default() };
        world.simulator.plan(Verb::Delete, Kind::Experiment, Fault::Goes(course));
        assert_eq!(world.erased(&empty, 5).await, words);
    }
    assert_eq!(world.source.erase(&empty).await.unwrap(), Erased::AlreadyAbsent);
    let found = world.names().await;
    assert!(found.contains(&"experiment/churn".to_owned()));
    assert!(!found.contains(&"experiment/empty".to_owned()));
}

#[tokio::test]
async fn what_was_seen_of_the_data_plane_is_what_goes() {
    let world = World::new(Switches::default()).await;
    let seen = [
        world.item("web_service/churn-aci").await,
        world.item("experiment/empty").await,
        world.item("registered_dataset/customers-v1").await,
    ];
    {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let service = workspace.web_services.get_mut("churn-aci").unwrap();
        service.insert("description".to_owned(), "another".into());
        for experiment in workspace.experiments.values_mut() {
            experiment.description = Some("another".to_owned());
        }
        for dataset in workspace.datasets.values_mut() {
            dataset.insert("description".to_owned(), "another".into());
        }
    }
    for item in seen {
        assert_eq!(world.source.erase(&item).await.unwrap(), Erased::Changed, "{}", item.name);
        let now = world.item(&item.name).await;
        let words = world.erased(&now, 5).await;
        assert_eq!(words.last().unwrap(), "Done", "{}", item.name);
    }
    let deletes = world.simulator.requests().into_iter().filter(|it| it.method == "DELETE");
    assert_eq!(deletes.count(), 3);
}

/// The history of a run goes when its job does, and is nobody's to remove before.
#[tokio::test]
async fn a_history_goes_with_its_job() {
    let world = World::new(Switches::default()).await;
    let history = world.item("run/calm_stone_2c3d4e5f60/history").await;
    let fixed = Erased::Blocked(Barrier::new(Block::Immutable, "FixedByTheService"));
    assert_eq!(world.source.erase(&history).await.unwrap(), fixed);
    let job = world.item("run/calm_stone_2c3d4e5f60").await;
    assert_eq!(world.erased(&job, 5).await.last().unwrap(), "Done");
    assert_eq!(world.source.erase(&history).await.unwrap(), Erased::AlreadyAbsent);
}

/// A list that lags shows what we removed; it is not given from what the list said.
#[tokio::test]
async fn what_we_removed_is_not_given_from_a_list() {
    let lag = SignedDuration::from_mins(3);
    let world = World::new(Switches { list_lag: lag, ..Switches::default() }).await;
    let job = world.item("run/calm_stone_2c3d4e5f60").await;
    world.names().await;
    world.erased(&job, 5).await;
    let listed = listing(&world.source).await;
    let ghost = listed.iter().find(|item| item.name == job.name).unwrap();
    assert!(matches!(world.source.read(ghost).await.unwrap(), Read::Absent));
}

/// A workspace with files here and there.
async fn strewn() -> World {
    let world = World::new(Switches::default()).await;
    {
        let mut state = world.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        let model = |uri: &str| json!({"properties": {"modelUri": uri}});
        let uris = [
            ("1", "azureml://datastores/workspaceblobstore/paths/m/model.pkl"),
            ("2", "https://other.blob.core.windows.net/c/a%20b/?sig=s3cret"),
            ("3", "azureml://datastores/nowhere/paths/x"),
            ("4", "https://files.example/x?sig=s3cret"),
        ];
        for (version, uri) in uris {
            workspace.put(Kind::ModelVersion, &["m", version], &model(uri), HANAKO, now);
        }
        let uri = "azureml://datastores/workspaceblobstore/paths/new/scores/";
        let job = json!({"jobType": "Pipeline", "outputs": {"scores": {"uri": uri}}});
        let job = job.as_object().cloned().unwrap();
        workspace.add_run("new_pipe", "another", &json!({}), &job, now);
    }
    world
}

/// Where files lie, by everything that documents say of it.
#[tokio::test]
async fn files_lie_where_documents_say() {
    let world = strewn().await;
    let store = "azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014";
    let table: [(ThingKind, &str, Option<&str>, Vec<String>); 9] = [
        (
            ThingKind::Model,
            "m",
            None,
            vec![
                "//azureml://datastores/nowhere/paths/x".into(),
                "//https://files.example/x".into(),
                format!("examplews01/{store}/m/model.pkl"),
                format!("examplews01/{store}/m/model.pkl/"),
                "other/c/a b/".into(),
            ],
        ),
        (ThingKind::Model, "m:2", None, vec!["other/c/a b/".into()]),
        (ThingKind::Model, "none", None, vec![]),
        (ThingKind::Dataset, "customers", None, vec![format!("examplews01/{store}/customers/")]),
        (ThingKind::Dataset, "customers-v1", None, vec![format!("examplews01/{store}/customers/")]),
        (
            ThingKind::PipelineOutput,
            "pipe_4e5f607182",
            Some("scores"),
            vec![
                format!("examplews01/{store}/azureml/pipe/scores"),
                format!("examplews01/{store}/azureml/pipe/scores/"),
            ],
        ),
        (ThingKind::PipelineOutput, "pipe_4e5f607182", Some("none"), vec![]),
        (
            ThingKind::PipelineOutput,
            "new_pipe",
            Some("scores"),
            vec![format!("examplews01/{store}/new/scores/")],
        ),
        (
            ThingKind::Run,
            "calm_stone_2c3d4e5f60",
            None,
            vec![
                "examplews01/azureml/ExperimentRun/dcid.calm_stone_2c3d4e5f60/".into(),
                format!("examplews01/{store}/azureml/calm_stone_2c3d4e5f60/"),
                format!("examplews01/{store}/dataset/calm_stone_2c3d4e5f60/"),
            ],
        ),
    ];
    for (kind, name, output, expected) in table {
        let thing = Thing {
            kind,
            name: name.to_owned(),
            output: output.map(str::to_owned),
            with_dependents: false,
            permanently: true,
        };
        let found = world.source.files(&thing).await.unwrap();
        let told: Vec<String> =
            found.iter().map(|it| format!("{}/{}/{}", it.account, it.container, it.path)).collect();
        assert_eq!(told, expected, "{name}");
    }
}

/// What a datastore leads to is told, whatever it is.
#[tokio::test]
async fn datastores_tell_where_they_lead() {
    let world = World::new(Switches { page_items: 1, ..Switches::default() }).await;
    {
        let mut state = world.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        let share = json!({"properties": {"datastoreType": "AzureFile", "accountName": "a",
            "fileShareName": "code"}});
        let lake = json!({"properties": {"datastoreType": "AzureDataLakeGen1", "storeName": "x"}});
        workspace.put(Kind::Datastore, &["share"], &share, HANAKO, now);
        workspace.put(Kind::Datastore, &["lake"], &lake, HANAKO, now);
    }
    let known = world.source.places().await.unwrap();
    let told: Vec<String> = known
        .iter()
        .filter(|it| it.place.is_some() || it.sort == PlaceSort::Datastore)
        .map(|it| {
            let place = it.place.as_ref();
            let place = place.map(|place| format!("{}/{}", place.account, place.container));
            let (sort, looked) = (it.sort.word(), it.looked.word());
            format!("{} {sort} {} {} {looked}", it.name, it.why, place.unwrap_or_default())
        })
        .collect();
    let blobs = "workspaceblobstore datastore AzureBlob \
                 examplews01/azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014 not_configured";
    let lake = "lake datastore AzureDataLakeGen1  cannot_be_looked_at";
    assert_eq!(told, [lake, "share file_share AzureFile a/code not_configured", blobs]);
}

/// What is in the account of a workspace is told by name, page by page; so is what nobody can look
/// at, and a service that is not there.
#[tokio::test]
async fn places_of_the_account_are_told() {
    let world = World::new(Switches { page_items: 1, ..Switches::default() }).await;
    {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let account = workspace.document["properties"]["storageAccount"].as_str().unwrap();
        let account = account.to_owned();
        state.dependents.add(Part::Account, &account, &json!({}));
        for (part, collection, names) in [
            (Part::Container, "blobServices/default/containers", ["azureml", "insights-logs-runs"]),
            (Part::Share, "fileServices/default/shares", ["code-1", "mine"]),
        ] {
            for name in names {
                let id = format!("{account}/{collection}/{name}");
                state.dependents.add(part, &id, &json!({}));
            }
        }
        let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry";
        let registry = format!("{group}/registries/exampleacr01");
        let workspace = state.live(&sample_id()).unwrap();
        workspace.document["properties"]["containerRegistry"] = registry.into();
    }
    let told =
        told_of(&world, |known| !matches!(known.sort, PlaceSort::Service | PlaceSort::Datastore));
    let expected = [
        "container azureml examplews01/azureml not_configured",
        "container insights-logs-runs examplews01/insights-logs-runs not_configured",
        "file_share code-1 examplews01/code-1 not_configured",
        "file_share mine examplews01/mine not_configured",
        "backup examplews01 - cannot_be_looked_at copies_elsewhere",
        "registry exampleacr01 - cannot_be_looked_at images",
    ];
    assert_eq!(told.await, expected);
}

/// A list that is refused, or is none, is told of, and no failure; one that does not come for now
/// is asked for again.
#[tokio::test]
async fn who_may_not_list_an_account_is_told_so() {
    let roles = Some(vec![Role::published("find")]);
    let world = World::new(Switches { roles, ..Switches::default() }).await;
    let is_stored =
        |known: &Known| matches!(known.sort, PlaceSort::Container | PlaceSort::FileShare);
    let refused = [
        "container examplews01/* - refused forbidden",
        "file_share examplews01/* - refused forbidden",
    ];
    assert_eq!(told_of(&world, is_stored).await, refused);
    let world = World::new(Switches::default()).await;
    let absent = [
        "container examplews01/* - cannot_be_looked_at ResourceNotFound",
        "file_share examplews01/* - cannot_be_looked_at ResourceNotFound",
    ];
    assert_eq!(told_of(&world, is_stored).await, absent);
}

async fn told_of(world: &World, is_meant: impl Fn(&Known) -> bool) -> Vec<String> {
    let known = world.source.places().await.unwrap();
    let tell = |it: &Known| {
        let place = it.place.as_ref().map(|at| format!("{}/{}", at.account, at.container));
        let place = place.unwrap_or_else(|| "-".to_owned());
        let line =
            format!("{} {} {place} {} {}", it.sort.word(), it.name, it.looked.word(), it.why);
        line.trim_end().to_owned()
    };
    known.iter().filter(|it| is_meant(it)).map(tell).collect()
}
