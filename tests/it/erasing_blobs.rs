//! What an account keeps of an erased blob, under each policy, and what we say of it.

use std::sync::Arc;

use dsrd::adapters::azure::blob::BlobSource;
use dsrd::adapters::azure::containers::BlobContainers;
use dsrd::config::settings::{Credential, Graph};
use dsrd::domain::item::{Item, Version};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Read, Walked};
use futures::future::join_all;
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::source_contract::{bytes_of, listing, listing_of};
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::faults::Fault;
use crate::support::blob_server::form::Which;
use crate::support::blob_server::operation::Operation;
use crate::support::blob_server::server::BlobServer;

const AZUREML: &str = "azureml";
const VERSIONS: Policy =
    Policy { retention_days: Some(7), versioning: true, permanent_delete: false };
const PURGES: Policy = Policy { permanent_delete: true, ..VERSIONS };
const COPIES: Policy = Policy { versioning: false, ..PURGES };

/// A server with a container, and the source that it is.
async fn start(policy: Policy) -> (BlobServer, BlobSource) {
    let server = BlobServer::start(policy).await;
    server.create_container(AZUREML);
    let source = BlobSource::open("run-history", &server.blob(AZUREML)).unwrap();
    (server, source)
}

/// Erases all that is listed, and says what came of each.
async fn erase_all(source: &dyn Walked) -> Vec<Erased> {
    let mut ends = Vec::new();
    for item in listing(source).await {
        ends.push(source.erase(&item).await.unwrap());
    }
    ends
}

async fn horizon(source: &dyn Walked, names: &[&str], at: Timestamp) -> Option<Timestamp> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    source.unrecoverable_after(&names, at).await.unwrap()
}

fn week(from: Timestamp) -> Timestamp {
    from + SignedDuration::from_hours(7 * 24)
}

#[tokio::test]
async fn versions_are_erased_for_good_where_the_account_allows_it() {
    let (server, source) = start(PURGES).await;
    server.put(AZUREML, "a", b"first");
    server.put(AZUREML, "a", b"second");
    server.snapshot(AZUREML, "a");
    server.put(AZUREML, "ab", b"another");
    let forms = source.remains("a").await.unwrap();
    assert_eq!(forms.len(), 3, "current, earlier, snapshot");
    for item in &forms {
        let end = source.erase(item).await.unwrap();
        assert!(matches!(end, Erased::Done | Erased::AlreadyAbsent), "{end:?}");
    }
    assert!(server.forms(AZUREML, "a").is_empty(), "{:?}", server.forms(AZUREML, "a"));
    assert_eq!(server.get(AZUREML, "ab").unwrap(), b"another");
    assert_eq!(horizon(&source, &["a"], server.now()).await, Some(server.now()), "at once");
}

#[tokio::test]
async fn the_version_that_a_deleted_blob_becomes_is_erased_with_it() {
    let (server, source) = start(VERSIONS).await;
    server.put(AZUREML, "a", b"only");
    assert_eq!(erase_all(&source).await, [Erased::Done]);
    assert!(source.remains("a").await.unwrap().is_empty(), "nothing that anybody can read");
    let at = server.now();
    assert_eq!(horizon(&source, &["a"], at).await, Some(week(at)), "it can still be restored");
    server.advance_clock(SignedDuration::from_hours(7 * 24 + 1));
    assert!(server.forms(AZUREML, "a").is_empty(), "and then no more");
}

#[tokio::test]
async fn a_blob_from_before_versions_is_erased_with_the_version_that_it_becomes() {
    for policy in [VERSIONS, PURGES] {
        let (server, source) = start(Policy { versioning: false, ..policy }).await;
        server.put(AZUREML, "a", b"from before versions");
        server.put(AZUREML, "ab", b"another");
        let items = listing(&source).await;
        server.set_policy(policy);
        let item = items.iter().find(|item| item.name == "a").unwrap();
        let end = source.erase(item).await.unwrap();
        let again = source.erase(item).await.unwrap();
        assert_eq!((end, again), (Erased::Done, Erased::AlreadyAbsent));
        assert!(source.remains("a").await.unwrap().is_empty(), "{policy:?}");
        assert_eq!(source.remains("ab").await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_soft_deleted_blob_without_versions_expires_and_the_horizon_says_when() {
    let (server, source) = start(COPIES).await;
    server.put(AZUREML, "a", b"first");
    server.snapshot(AZUREML, "a");
    server.put(AZUREML, "a", b"second");
    server.put(AZUREML, "b", b"never touched");
    let current = source.remains("a").await.unwrap();
    let current = current.iter().find(|item| item.version == Version::Current).unwrap();
    assert_eq!(source.erase(current).await.unwrap(), Erased::Done);
    let left = server.forms(AZUREML, "a");
    assert!(left.iter().all(|form| form.which == Which::Current), "snapshots are gone: {left:?}");
    let at = server.now();
    let after = horizon(&source, &["a"], at).await.unwrap();
    // Times of the wire have whole seconds.
    let off = week(at).duration_since(after).abs();
    assert!(off < SignedDuration::from_secs(2), "{after}");
    assert_eq!(horizon(&source, &["b"], at).await, Some(at), "of another name nothing is kept");
}

#[tokio::test]
async fn one_earlier_version_goes_and_the_others_stay() {
    let (server, source) = start(PURGES).await;
    server.put(AZUREML, "a", b"of ann");
    server.put(AZUREML, "a", b"of bob");
    server.put(AZUREML, "a", b"of eve");
    let forms = source.remains("a").await.unwrap();
    let of_ann = first_with(&source, &forms, b"of ann").await;
    assert_eq!(source.erase(&of_ann).await.unwrap(), Erased::Done);
    let mut left = Vec::new();
    for item in source.remains("a").await.unwrap() {
        left.push(bytes_of(&source, &item).await);
    }
    left.sort();
    assert_eq!(left, [b"of bob", b"of eve"]);
    assert_eq!(server.forms(AZUREML, "a").len(), 2, "no copy is kept of the erased one");
}

async fn first_with(source: &dyn Walked, items: &[Item], bytes: &[u8]) -> Item {
    for item in items {
        if bytes_of(source, item).await == bytes {
            return item.clone();
        }
    }
    panic!("nothing has these bytes")
}

#[tokio::test]
async fn an_erasure_that_is_interrupted_anywhere_is_finished_by_the_next() {
    let cuts = [Fault::Dropped, Fault::LostAnswer, Fault::Busy { retry_after_s: None }];
    // Side by side: each waits for the pauses between tries.
    let each = cuts.into_iter().flat_map(|cut| (1..=4).map(move |number| (cut, number)));
    let tries = each.map(|(cut, number)| async move {
        let (server, source) = start(PURGES).await;
        server.put(AZUREML, "a", b"only");
        let item = listing(&source).await.remove(0);
        // More than the pipeline tries again by itself.
        (0..6).for_each(|n| server.fail(number + n, cut));
        let first = source.erase(&item).await;
        assert!(first.is_err_and(|failure| failure.is_transient()), "{cut:?} {number}");
        let end = source.erase(&item).await.unwrap();
        assert!(matches!(end, Erased::Done | Erased::AlreadyAbsent), "{cut:?} {number}");
        assert!(server.forms(AZUREML, "a").is_empty(), "{cut:?} {number}");
    });
    join_all(tries).await;
}

/// The pipeline asks again when an answer was lost, and is told that nothing is there.
#[tokio::test]
async fn an_erasure_whose_answer_was_lost_is_an_erasure() {
    for (fault, expected) in [
        (Fault::LostAnswer, Erased::Done),
        (Fault::HalfAnswer, Erased::Done),
        (Fault::Dropped, Erased::Done),
        (Fault::TooMany, Erased::Done),
    ] {
        for policy in [Policy::default(), VERSIONS, PURGES] {
            let (server, source) = start(policy).await;
            server.put(AZUREML, "a", b"only");
            let item = listing(&source).await.remove(0);
            server.fail_of(Operation::BlobDelete, 1, fault);
            assert_eq!(source.erase(&item).await.unwrap(), expected, "{fault:?} {policy:?}");
            assert!(source.remains("a").await.unwrap().is_empty(), "{fault:?} {policy:?}");
            // What somebody else removed is not ours, however often we had to ask.
            server.fail_of(Operation::BlobDelete, 1, Fault::Busy { retry_after_s: None });
            assert_eq!(source.erase(&item).await.unwrap(), Erased::AlreadyAbsent, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn what_is_held_is_reported_with_the_code_of_the_service_and_never_touched() {
    let (server, source) = start(VERSIONS).await;
    for name in ["held", "immutable", "leased", "forbidden"] {
        server.put(AZUREML, name, b"stays");
    }
    server.legal_hold(AZUREML, "held", &Which::Current, true);
    let year = SignedDuration::from_hours(24 * 365);
    server.immutable(AZUREML, "immutable", &Which::Current, year);
    server.lease(AZUREML, "leased");
    let items = listing(&source).await;
    server.forbid(AZUREML, "forbidden");
    for (name, block, code) in [
        ("forbidden", Block::Lock, "AuthorizationPermissionMismatch"),
        ("held", Block::LegalHold, "BlobImmutableDueToPolicy"),
        ("immutable", Block::Immutable, "BlobImmutableDueToPolicy"),
        ("leased", Block::Lease, "LeaseIdMissing"),
    ] {
        let item = items.iter().find(|item| item.name == name).unwrap();
        let before = server.forms(AZUREML, name);
        let end = source.erase(item).await.unwrap();
        assert_eq!(end, Erased::Blocked(Barrier::new(block, code)), "{name}");
        assert_eq!(server.forms(AZUREML, name), before, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_said_with_the_code_of_the_service() {
    let (server, source) = start(Policy::default()).await;
    ["archived", "keyed", "forbidden"].iter().for_each(|name| server.put(AZUREML, name, b"x"));
    server.archive(AZUREML, "archived");
    server.customer_key(AZUREML, "keyed");
    let items = listing(&source).await;
    server.forbid(AZUREML, "forbidden");
    for (name, expected) in [
        ("archived", "archived: BlobArchived"),
        ("forbidden", "forbidden: AuthorizationPermissionMismatch"),
        ("keyed", "customer_key: BlobUsesCustomerSpecifiedEncryption"),
    ] {
        let item = items.iter().find(|item| item.name == name).unwrap();
        let Read::Refused(word) = source.read(item).await.unwrap() else { panic!("{name}") };
        assert_eq!(word, expected);
    }
}

#[tokio::test]
async fn a_busy_account_is_asked_for_less_at_a_time() {
    let (server, source) = start(Policy::default()).await;
    (0..400).for_each(|n| server.put(AZUREML, &format!("run{n:03}"), b"ann"));
    let items = listing(&source).await;
    server.slow_down(std::time::Duration::from_millis(5));
    server.throttle(Some(4));
    let source = Arc::new(source);
    let read = |item: Item| {
        let source = Arc::clone(&source);
        async move { bytes_of(&*source, &item).await }
    };
    let all: Vec<Vec<u8>> = stream::iter(items).map(read).buffer_unordered(64).collect().await;
    assert!(all.len() == 400 && all.iter().all(|bytes| bytes == b"ann"));
    let asked = server.requests_of(Operation::BlobDownload);
    assert!(asked < 480, "{asked} requests for 400 blobs: refused ones are few");
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_again() {
    let (server, source) = start(Policy::default()).await;
    (0..100).for_each(|n| server.put(AZUREML, &format!("run{n:03}"), b"ann"));
    server.fail_of(Operation::ContainerListBlobs, 1, Fault::HalfAnswer);
    server.fail_of(Operation::ContainerListBlobs, 2, Fault::HalfAnswer);
    assert_eq!(listing(&source).await.len(), 100);
    assert_eq!(server.requests_of(Operation::ContainerListBlobs), 3);
}

#[tokio::test]
async fn containers_that_match_a_pattern_are_one_source() {
    let server = BlobServer::start(Policy::default()).await;
    for container in ["azureml", "azureml-blobstore-1", "azureml-blobstore-2", "dsr-exports"] {
        server.create_container(container);
        server.put(container, "Users/ann//a b", container.as_bytes());
    }
    server.create_container("azureml-blobstore-0");
    let graph = Graph {
        endpoint: Url::parse("https://graph.microsoft.com").unwrap(),
        credential: Credential::DeveloperTools,
        look_ms_min: 0,
        beside: server.blob("dsr-exports"),
        container: "dsr-logs".to_owned(),
    };
    let copy = graph.copy(&"0123456789abcdef".repeat(4));
    server.create_container(&copy);
    server.put(&copy, "activity.json", b"ann");
    let of = |pattern: &str| {
        let (blob, archives) = (server.blob(pattern), server.blob("dsr-exports").url);
        BlobContainers::open("stores", &blob, Some(&archives), Some(&graph)).unwrap()
    };
    let all = listing(&of("*")).await;
    assert_eq!(all.len(), 3, "all but the archives, and what is copied beside them");

    let source = of("azureml-blobstore-*");
    let items = listing(&source).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    let expected = ["azureml-blobstore-1/Users/ann//a b", "azureml-blobstore-2/Users/ann//a b"];
    assert_eq!(names, expected);
    for (prefix, count) in [
        ("azureml-blob", 2),
        ("azureml-blobstore-1", 1),
        ("azureml-blobstore-1/", 1),
        ("azureml-blobstore-1/Users/ann//", 1),
        ("azureml-blobstore-1/Users/bob/", 0),
        ("azureml-blobstore-9/", 0),
        ("azureml/", 0),
        ("/", 0),
    ] {
        let found = listing_of(&source, prefix).await;
        assert!(found.iter().all(|item| item.name.starts_with(prefix)));
        assert_eq!(found.len(), count, "{prefix}");
    }
    for item in &items {
        let container = item.name.split('/').next().unwrap();
        assert_eq!(bytes_of(&source, item).await, container.as_bytes());
    }
    assert_eq!(source.erase(&items[0]).await.unwrap(), Erased::Done);
    assert!(source.remains(names[0]).await.unwrap().is_empty());
    assert!(server.get("azureml-blobstore-1", "Users/ann//a b").is_none());
    assert_eq!(source.remains(names[1]).await.unwrap().len(), 1);
    let at = server.now();
    assert_eq!(horizon(&source, &names, at).await, Some(at));

    let outside = Item { name: "azureml/Users/ann//a b".to_owned(), ..items[0].clone() };
    assert!(matches!(source.read(&outside).await.unwrap(), Read::Refused(_)));
    assert!(source.erase(&outside).await.is_err());
    assert!(server.get("azureml", "Users/ann//a b").is_some(), "another source's");

    server.create_container("azureml-blobstore-3");
    server.put("azureml-blobstore-3", "late", b"x");
    assert_eq!(listing(&source).await.len(), 2, "those made later are found");
}
