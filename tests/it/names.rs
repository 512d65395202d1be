//! Names mean what their source says: the same blobs as containers of their own, as a pattern of
//! containers, as folders and as a folder of these give the same plan, with everything of the
//! person's runs in it and nothing of anybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use dsrd::adapters::folder::source::FolderSource;
use dsrd::adapters::memory::clock::MemoryClock;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::item::Item;
use dsrd::domain::layout::{Container, FolderLayout};
use dsrd::domain::plan::Planned;
use dsrd::domain::policy::mandate::Mandate;
use dsrd::domain::policy::pattern::Pattern;
use dsrd::domain::policy::rules::{Policy, Rule, Treatment, Unit};
use dsrd::ports::sources::Source;
use dsrd::stages::walk::meter::Meter;
use dsrd::worker::preview::Preview;
use dsrd::worker::world::Sources;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use crate::support::simulation::leaks::EMAIL;
use crate::support::simulation::scenario::{Scenario, request, rule, simulate};

const HISTORY: &str = "azureml";
const STORE: &str = "azureml-blobstore-1";
const MINE: &str = "mine";
const CONTAINERS: [&str; 3] = [HISTORY, STORE, MINE];

/// Ids alike, ids that are words of the layout, ids with signs that patterns have.
const RUNS: [&str; 17] = [
    "r1",
    "r10",
    "r1_2",
    "r1_2_setup",
    "r1_v2",
    "r1.",
    "R1",
    "ExperimentRun",
    "dcid.x",
    "azureml",
    "dataset",
    "LocalUpload",
    "[a-z]*",
    "山田",
    "r1.zip",
    "azureml-blobstore-1",
    "x",
];

/// Blobs: what is in them, by container and path.
type World = BTreeMap<(&'static str, String), String>;

/// What of a world is planned: container, path, action and why.
type Plan = BTreeSet<(String, String, String, String)>;

/// Who created which run, and where one has a parent, which.
#[derive(Clone, Debug)]
struct Told {
    run: &'static str,
    by_subject: bool,
    parent: Option<&'static str>,
}

fn told() -> impl Strategy<Value = Told> {
    let run = || proptest::sample::select(&RUNS[..]);
    (run(), any::<bool>(), proptest::option::weighted(0.2, run()))
        .prop_map(|(run, by_subject, parent)| Told { run, by_subject, parent })
}

/// A world with everything that every run may have.
fn world(told: &[Told]) -> World {
    let mut world = World::new();
    let mut put = |container, path: String, text: &str| {
        world.insert((container, path), text.to_owned());
    };
    for run in RUNS {
        put(HISTORY, format!("ExperimentRun/dcid.{run}/outputs/model.pkl"), "a model");
        put(HISTORY, format!("ExperimentRun/dcid.{run}/logs/a.txt"), "a log");
        put(HISTORY, format!("ArtifactZip/ExperimentRun/dcid.{run}.zip"), "a copy");
        put(HISTORY, format!("ComputeRecord/dcid.{run}"), "a record");
        for container in [STORE, MINE] {
            put(container, format!("azureml/{run}/predictions/part.csv"), "an output");
            put(container, format!("dataset/{run}/out/part.csv"), "an output");
        }
        // Nobody's, whatever it is called.
        put(HISTORY, format!("azureml/{run}/out/x.txt"), "nothing");
        put(HISTORY, format!("LocalUpload/{run}/x.txt"), "an upload");
        put(STORE, format!("LocalUpload/{run}/x.txt"), "an upload");
        put(MINE, format!("copies/ExperimentRun/dcid.{run}/x.txt"), "nothing");
    }
    for Told { run, by_subject, parent } in told {
        let by = if *by_subject { EMAIL } else { "bob@contoso.example" };
        let document = json!({ "runId": run, "createdBy": { "upn": by }, "parentRunId": parent });
        put(HISTORY, format!("ExperimentRun/dcid.{run}/run.json"), &document.to_string());
    }
    put(STORE, "notes.txt".to_owned(), EMAIL);
    world
}

/// Container and path of all that must be in the plan, by what the names were made of.
fn expected(world: &World, told: &[Told]) -> BTreeSet<(String, String)> {
    let by: BTreeMap<&str, &Told> = told.iter().map(|told| (told.run, told)).collect();
    let ours = |run: &str| by.get(run).is_some_and(|told| told.by_subject);
    let goes = |run: &str| {
        let parents: Vec<&str> = match run {
            "r1_2_setup" => vec!["r1_2", "r1"],
            "r1_2" => vec!["r1"],
            _ => vec![],
        };
        for run in std::iter::once(run).chain(parents.iter().copied()) {
            let Some(told) = by.get(run) else { continue };
            let is_child = run.starts_with("r1_2") && told.parent.is_some_and(ours) && {
                // By its name a child of one of the subject's.
                ours("r1") || (run == "r1_2_setup" && ours("r1_2"))
            };
            if told.by_subject {
                return true;
            }
            if !is_child {
                return false;
            }
        }
        parents.iter().any(|parent| ours(parent))
    };
    let run_of = |container: &str, path: &str| {
        RUNS.into_iter().find(|run| {
            let history = [
                format!("ExperimentRun/dcid.{run}/outputs/model.pkl"),
                format!("ExperimentRun/dcid.{run}/logs/a.txt"),
                format!("ExperimentRun/dcid.{run}/run.json"),
                format!("ArtifactZip/ExperimentRun/dcid.{run}.zip"),
                format!("ComputeRecord/dcid.{run}"),
            ];
            let outputs = [
                format!("azureml/{run}/predictions/part.csv"),
                format!("dataset/{run}/out/part.csv"),
            ];
            match container {
                HISTORY => history.iter().any(|name| name == path),
                _ => outputs.iter().any(|name| name == path),
            }
        })
    };
    let of_plan = world.iter().filter(|((container, path), text)| {
        text.contains(EMAIL) || run_of(container, path).is_some_and(goes)
    });
    of_plan.map(|((container, path), _)| ((*container).to_owned(), path.clone())).collect()
}

fn policy() -> Policy {
    let path = |path: &str, rule: Rule| Rule { path: Some(Pattern::new(path).unwrap()), ..rule };
    let keep = Rule { reason: "contract".into(), ..rule(Treatment::Keep) };
    Policy {
        rules: vec![
            path("{ArtifactZip,ComputeRecord}/**", rule(Treatment::Delete)),
            path("azureml-blobstore-*/dataset/**", keep.clone()),
            path("ExperimentRun/*/outputs/**", keep),
            Rule { unit: Unit::Run, ..rule(Treatment::Delete) },
        ],
        ..Policy::default()
    }
}

/// Every kind of sources over the same blobs.
fn kinds(world: &World, folder: &Path) -> Vec<(&'static str, Sources)> {
    let (mut alone, mut pattern) = (Sources::new(), MemorySource::new("all"));
    pattern = pattern.laid_out(Container::Leading);
    let mut folders = Sources::new();
    for name in CONTAINERS {
        let source = MemorySource::new(name).laid_out(Container::Named(name.to_owned()));
        for ((_, path), text) in world.iter().filter(|((container, _), _)| *container == name) {
            source.put(path, text.clone());
            pattern.put(&format!("{name}/{path}"), text.clone());
            let file = folder.join(name).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        alone.push(Arc::new(source));
        let layout = (name == MINE).then_some(FolderLayout::Container);
        let one = FolderSource::open(name, &folder.join(name)).laid_out(layout);
        folders.push(Arc::new(one));
    }
    let above: Arc<dyn Source> = Arc::new(FolderSource::open("all", folder));
    vec![
        ("containers", alone),
        ("a pattern", vec![Arc::new(pattern)]),
        ("folders", folders),
        ("a folder one level up", vec![above]),
    ]
}

fn plan_of(sources: Sources, policy: Policy) -> Vec<Planned> {
    simulate(async || planned(sources, policy).await)
}

/// What an erasure about the subject would do.
pub async fn planned(sources: Sources, policy: Policy) -> Vec<Planned> {
    let mandate = Mandate { policy, ..Scenario::new().mandate() };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000);
    let clock = Arc::new(MemoryClock::at(now));
    let directories = Vec::new();
    let preview = Preview { sources, directories, mandate, clock, learned: None };
    let request = request("r-1", "erasure").to_string();
    let mut plan = Vec::new();
    let meter = Arc::<Meter>::default();
    let run = preview.run(request.as_bytes(), meter, |planned| plan.push(planned), |_| {});
    run.await.map_err(|failure| failure.chain()).unwrap().map_err(|_| ()).unwrap();
    plan
}

/// Container and path, and what is planned.
fn told_of(plan: Vec<Planned>) -> Plan {
    let line = |planned: Planned| {
        let Item { source, .. } = &planned.finding.item;
        let layout = planned.finding.item.layout();
        let container = layout.container.unwrap_or(source).to_owned();
        (container, layout.path.to_owned(), planned.action.word().word().to_owned(), planned.why)
    };
    plan.into_iter().map(line).collect()
}

fn check(told: &[Told]) {
    let world = world(told);
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let expected = expected(&world, told);
    let mut first: Option<Plan> = None;
    for (kind, sources) in kinds(&world, folder.path()) {
        let plan = told_of(plan_of(sources, policy()));
        let places: BTreeSet<_> =
            plan.iter().map(|(container, path, ..)| (container.clone(), path.clone())).collect();
        let more: Vec<_> = places.difference(&expected).collect();
        let less: Vec<_> = expected.difference(&places).collect();
        assert!(more.is_empty() && less.is_empty(), "{kind}: too many {more:?}, missing {less:?}");
        let first = first.get_or_insert_with(|| plan.clone());
        assert_eq!(&plan, first, "{kind}");
    }
}

#[test]
fn the_same_blobs_give_the_same_plan_whatever_kind_of_source_holds_them() {
    let ours = |run| Told { run, by_subject: true, parent: None };
    let theirs = |run, parent| Told { run, by_subject: false, parent };
    check(&[ours("r1"), theirs("r10", None), theirs("r1_2", None)]);
    check(&[ours("r1"), theirs("r1_2", Some("r1"))]);
    check(&[ours("ExperimentRun"), theirs("r1", None), theirs("azureml", None)]);
    check(&[ours("azureml"), ours("dcid.x"), ours("LocalUpload"), ours("[a-z]*"), ours("r1.zip")]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(12)
    })]

    #[test]
    fn any_runs_of_anybody_give_the_same_plan_everywhere(
        told in proptest::collection::vec(told(), 1..8),
    ) {
        // The last one that tells of a run is the one that is there.
        let by_run: BTreeMap<&str, Told> = told.into_iter().map(|told| (told.run, told)).collect();
        check(&by_run.into_values().collect::<Vec<_>>());
    }
}

#[test]
fn who_created_a_run_does_not_depend_on_how_many_places_are_kept() {
    let source = MemorySource::new("azureml");
    let first: Vec<String> = (0..40).map(|n| format!("{n} {EMAIL}")).collect();
    let run = json!({ "a": first, "runId": "r1", "createdBy": { "upn": EMAIL } });
    source.put("ExperimentRun/dcid.r1/run.json", run.to_string());
    source.put("ComputeRecord/dcid.r1", "a record");
    let plan = told_of(plan_of(vec![Arc::new(source)], policy()));
    assert!(plan.iter().any(|(_, path, ..)| path == "ComputeRecord/dcid.r1"), "{plan:?}");
}

#[test]
fn a_file_of_a_run_that_lists_users_does_not_make_it_theirs() {
    let source = MemorySource::new("azureml");
    let users = json!({ "userId": EMAIL, "createdBy": { "upn": EMAIL } }).to_string();
    let theirs = json!({ "runId": "r9", "createdBy": { "upn": EMAIL } }).to_string();
    source.put("ExperimentRun/dcid.r1/outputs/users.json", users);
    source.put("ExperimentRun/dcid.r1/copied.json", theirs);
    source.put("ExperimentRun/dcid.r1/ids.json", json!({ "userId": EMAIL }).to_string());
    source.put("ExperimentRun/dcid.r1/outputs/model.pkl", "a model");
    source.put("ComputeRecord/dcid.r9", "a record");
    let plan = told_of(plan_of(vec![Arc::new(source)], policy()));
    assert_eq!(plan.len(), 3, "{plan:?}");
}

#[test]
fn runs_of_one_id_in_two_workspaces_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Sources::new();
    for (workspace, by) in [("one", EMAIL), ("two", "bob@contoso.example")] {
        let put = |path: &str, text: &str| {
            let file = folder.path().join(workspace).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        let run = json!({ "runId": "train", "createdBy": { "upn": by } }).to_string();
        put("azureml/ExperimentRun/dcid.train/run.json", &run);
        put("azureml/ExperimentRun/dcid.train/outputs/model.pkl", "a model");
        put("azureml-blobstore-1/azureml/train/out/part.csv", "an output");
        for container in [HISTORY, STORE] {
            let name = format!("{workspace}-{container}");
            let path = folder.path().join(workspace).join(container);
            sources.push(Arc::new(FolderSource::open(&name, &path)));
        }
    }
    let rules = vec![Rule { unit: Unit::Run, ..rule(Treatment::Delete) }];
    let whole = Policy { rules, ..Policy::default() };
    let plan = plan_of(sources, whole);
    let taken: BTreeSet<&str> =
        plan.iter().map(|planned| planned.finding.item.source.as_str()).collect();
    assert_eq!(plan.len(), 3);
    assert_eq!(taken, ["one-azureml", "one-azureml-blobstore-1"].into());
}
