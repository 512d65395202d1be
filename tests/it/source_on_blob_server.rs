//! The `Source` port over a blob server of our own: the suite under each policy of an account,
//! every request failing once in each way, and very many blobs.

use std::time::Duration;

use dsrd::domain::failure::Failure;
use dsrd::domain::item::Version;
use dsrd::ports::sources::{Read, Walked};
use futures::{StreamExt, TryStreamExt, stream};

use crate::source_contract::keeps_the_contract;
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::container::Generated;
use crate::support::blob_server::faults::Fault;
use crate::support::blob_server::form::Form;
use crate::support::blob_server::operation::Operation;
use crate::support::blob_server::server::BlobServer;
use crate::support::worlds::{BlobServerWorld, World};

const SOFT_DELETE: Policy =
    Policy { retention_days: Some(7), versioning: false, permanent_delete: false };
const VERSIONS: Policy = Policy { retention_days: None, versioning: true, permanent_delete: false };
const CONTAINER: &str = BlobServerWorld::CONTAINER;
/// Blobs of the long listing: a million take a minute of unoptimised parsing.
const MANY: usize = 200_000;
/// Runs with a fault that go on at once; each of them waits most of its time.
const RUNS_AT_ONCE: usize = 16;

const FAULTS: [Fault; 8] = [
    Fault::Busy { retry_after_s: None },
    Fault::Busy { retry_after_s: Some(1) },
    Fault::TooMany,
    Fault::TimedOut,
    Fault::Dropped,
    Fault::LostAnswer,
    Fault::HalfAnswer,
    Fault::Late(Duration::from_millis(50)),
];

#[tokio::test]
async fn a_plain_account_keeps_the_contract() {
    keeps_the_contract(&BlobServerWorld::new(Policy::default()).await).await;
}

#[tokio::test]
async fn soft_delete_keeps_the_contract() {
    keeps_the_contract(&BlobServerWorld::new(SOFT_DELETE).await).await;
}

#[tokio::test]
async fn every_request_fails_once_in_each_way_and_the_end_is_the_same() {
    for policy in [Policy::default(), SOFT_DELETE, VERSIONS] {
        let good = run(policy, None).await;
        assert!(
            good.answers.iter().all(|answer| !answer.contains("failure")),
            "{:?}",
            good.answers
        );
        assert!(good.requests > 8);
        let plans = (1..=good.requests).flat_map(|number| FAULTS.map(|fault| (number, fault)));
        let runs = plans.map(|plan| async move { (plan, run(policy, Some(plan)).await) });
        let runs: Vec<_> = stream::iter(runs).buffer_unordered(RUNS_AT_ONCE).collect().await;
        for ((number, fault), run) in runs {
            let what = format!("{policy:?}, request {number}, {fault:?}");
            assert!(run.left == good.left, "{what} leaves something else");
            // Who lost the answer cannot know who erased it.
            let is_lost = matches!(fault, Fault::LostAnswer | Fault::HalfAnswer);
            let same = |(ran, expected): (&String, &String)| {
                ran == expected || is_lost && *ran == expected.replace("Done", "AlreadyAbsent")
            };
            let all = run.answers.iter().zip(&good.answers).all(same);
            assert!(all && run.answers.len() == good.answers.len(), "{what}: {:?}", run.answers);
        }
    }
}

#[tokio::test]
async fn very_many_blobs_are_listed_once_each() {
    let world = BlobServerWorld::new(Policy::default()).await;
    let generated = Generated {
        count: MANY,
        name: |index| format!("ExperimentRun/dcid.run{index:07}/log.txt"),
        bytes: |_| Vec::new(),
    };
    world.server.generate_container(CONTAINER, generated);
    let (mut seen, mut marker) = (0, None);
    loop {
        let page = world.source().list("", marker.as_deref()).await.unwrap();
        for item in page.items {
            assert_eq!(item.name, (generated.name)(seen));
            seen += 1;
        }
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, MANY);
    assert_eq!(world.server.requests_of(Operation::ContainerListBlobs), MANY.div_ceil(5000) as u64);
    let page = world.source().list_from(&(generated.name)(MANY / 2), None).await.unwrap().unwrap();
    assert_eq!(page.items[0].name, (generated.name)(MANY / 2));
    let next = world.source().list_from(&page.items[0].name, page.next.as_deref()).await.unwrap();
    assert_eq!(next.unwrap().items[0].name, (generated.name)(MANY / 2 + 5000));
}

/// What a run of a small script was told, and what it left.
struct Run {
    answers: Vec<String>,
    left: Vec<(String, Vec<Form>)>,
    requests: u64,
}

/// On a server of its own, reads everything and erases all of `run1`.
async fn run(policy: Policy, plan: Option<(u64, Fault)>) -> Run {
    let server = BlobServer::start(policy).await;
    server.create_container(CONTAINER);
    server.put(CONTAINER, "run1/a", b"first");
    server.put_with(CONTAINER, "run1/a", b"second", &[("owner", "ann")], &[("k", "v")]);
    server.snapshot(CONTAINER, "run1/a");
    server.put(CONTAINER, "run1/b", &[7; 4_000]);
    server.put(CONTAINER, "run1/empty", b"");
    server.put(CONTAINER, "run10/a", b"stays");
    if let Some((number, fault)) = plan {
        server.fail(number, fault);
    }
    let world = BlobServerWorld::over(server);
    let answers = script(world.source()).await;
    Run { answers, left: world.server.everything(CONTAINER), requests: world.server.requests() }
}

async fn script(source: &dyn Walked) -> Vec<String> {
    let items = match again(|| source.list("", None)).await {
        Ok(page) => page.items,
        Err(failure) => return vec![told(&failure)],
    };
    let mut answers: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
    for item in &items {
        let read = again(|| async {
            match source.read(item).await? {
                Read::Bytes(bytes) => bytes.try_collect::<Vec<_>>().await.map(|b| b.concat()),
                _ => Ok(b"none".to_vec()),
            }
        });
        answers.push(read.await.map_or_else(|e| told(&e), |bytes| format!("{bytes:?}")));
    }
    // What is current goes last, as it takes snapshots along.
    let mut erased: Vec<_> = items.iter().filter(|i| i.name.starts_with("run1/")).collect();
    erased.sort_by_key(|item| item.version == Version::Current);
    for item in erased {
        let erased = again(|| source.erase(item)).await;
        answers.push(erased.map_or_else(|e| told(&e), |erased| format!("{erased:?}")));
    }
    for name in ["run1/a", "run10/a"] {
        let remains = again(|| source.remains(name)).await;
        answers.push(remains.map_or_else(|e| told(&e), |items| format!("{} remain", items.len())));
    }
    answers
}

/// As the worker does: what may pass is tried again.
async fn again<T, F>(call: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    match call().await {
        Err(failure) if failure.is_transient() => call().await,
        done => done,
    }
}

fn told(failure: &Failure) -> String {
    format!("failure: {}", failure.chain())
}
