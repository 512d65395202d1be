//! Blobs that are rewritten in place: what stays of them, what the account keeps of the old bytes
//! under each policy, and what is refused rather than spoiled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dsrd::adapters::azure::blob::BlobSource;
use dsrd::domain::item::{Item, Version};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, NewForm, Rewritten, Source, Walked};
use futures::{StreamExt, stream};
use jiff::SignedDuration;

use crate::rewrite_contract::form;
use crate::source_contract::{bytes_of, listing};
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::faults::Fault;
use crate::support::blob_server::form::{Draft, Form, Which};
use crate::support::blob_server::operation::Operation;
use crate::support::blob_server::server::BlobServer;

const AZUREML: &str = "azureml";
const PLAIN: Policy = Policy { retention_days: None, versioning: false, permanent_delete: false };
const VERSIONS: Policy = Policy { versioning: true, ..PLAIN };
const COPIES: Policy = Policy { retention_days: Some(7), ..PLAIN };
const BOTH: Policy = Policy { versioning: true, ..COPIES };
const PURGED_COPIES: Policy = Policy { permanent_delete: true, ..COPIES };
const PURGED: Policy = Policy { permanent_delete: true, ..BOTH };
/// Runs that go on at once; each of them waits most of its time.
const RUNS_AT_ONCE: usize = 16;

async fn start(policy: Policy) -> (Arc<BlobServer>, BlobSource) {
    let server = BlobServer::start(policy).await;
    server.create_container(AZUREML);
    let source = BlobSource::open("run-history", &server.blob(AZUREML)).unwrap();
    (Arc::new(server), source)
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// New bytes, with what was beside the old ones.
fn form_of(item: &Item, bytes: &[u8]) -> NewForm {
    NewForm {
        content_type: item.content_type.clone(),
        properties: item.properties.clone(),
        metadata: item.metadata.clone(),
        tags: item.tags.clone(),
        ..form(bytes)
    }
}

async fn current(source: &dyn Walked, name: &str) -> Item {
    let forms = source.remains(name).await.unwrap();
    forms.into_iter().find(|item| item.version == Version::Current).unwrap()
}

fn is_done(end: &Rewritten) -> bool {
    matches!(end, Rewritten::Done { .. })
}

#[tokio::test]
async fn everything_but_the_bytes_stays() {
    let (server, source) = start(VERSIONS).await;
    let content = pairs(&[
        ("content-type", "application/json; charset=utf-8"),
        ("content-encoding", "gzip"),
        ("content-language", "ja, de"),
        ("content-disposition", "attachment; filename=\"run 1.json\""),
        ("cache-control", "no-cache"),
    ]);
    let old = Draft {
        bytes: Bytes::from_static(b"about ann"),
        metadata: pairs(&[("owner", "team = a&b"), ("stage", "train")]),
        tags: pairs(&[("project", "churn + x/y"), ("cost centre", "4=2 & more"), ("empty", "")]),
        content,
        tier: Some("Cool".to_owned()),
        ..Draft::default()
    };
    server.put_draft(AZUREML, "a", old.clone());
    server.put_draft(AZUREML, "default tier", Draft { tier: None, ..old.clone() });
    for name in ["a", "default tier"] {
        let before = server.forms(AZUREML, name).pop().unwrap().draft;
        let item = current(&source, name).await;
        let end = source.rewrite(&item, form_of(&item, b"about [erased]")).await.unwrap();
        assert!(is_done(&end), "{end:?}");
        let after = server.forms(AZUREML, name).pop().unwrap().draft;
        let expected = Draft { bytes: Bytes::from_static(b"about [erased]"), ..before };
        assert_eq!(after, expected, "{name}");
    }
    let item = current(&source, "a").await;
    let less = NewForm { metadata: pairs(&[("stage", "[erased]")]), ..form(b"") };
    assert!(is_done(&source.rewrite(&item, less).await.unwrap()));
    let after = server.forms(AZUREML, "a").pop().unwrap().draft;
    assert_eq!(after.metadata, pairs(&[("stage", "[erased]")]));
    assert!(after.tags.is_empty() && after.bytes.is_empty());
}

#[tokio::test]
async fn of_the_old_bytes_the_account_keeps_no_more_than_of_erased_ones() {
    for (policy, kept) in
        [(PLAIN, 0), (VERSIONS, 0), (COPIES, 1), (BOTH, 1), (PURGED_COPIES, 0), (PURGED, 0)]
    {
        let (server, source) = start(policy).await;
        server.put(AZUREML, "a", b"about ann");
        let item = current(&source, "a").await;
        server.put(AZUREML, "ab", b"another");
        assert!(is_done(&source.rewrite(&item, form(b"new")).await.unwrap()), "{policy:?}");

        let forms = server.forms(AZUREML, "a");
        let (live, deleted): (Vec<Form>, Vec<Form>) =
            forms.into_iter().partition(|form| form.is_live());
        assert_eq!(live.len(), 1, "{policy:?}");
        assert_eq!(deleted.len(), kept, "{policy:?}: {deleted:?}");
        assert_eq!(source.remains("a").await.unwrap().len(), 1, "nothing that can be read");
        assert_eq!(server.get(AZUREML, "a").unwrap(), b"new");
        assert_eq!(server.forms(AZUREML, "ab").len(), 1);

        let at = server.now();
        let after = source.unrecoverable_after(&["a".to_owned()], at).await.unwrap().unwrap();
        let week = SignedDuration::from_hours(24 * 7 * i64::try_from(kept).unwrap());
        assert_eq!(after, at + week, "{policy:?}");
    }
}

#[tokio::test]
async fn snapshots_are_items_of_their_own() {
    for policy in [PLAIN, PURGED_COPIES, PURGED] {
        let (server, source) = start(policy).await;
        server.put(AZUREML, "a", b"about ann");
        server.snapshot(AZUREML, "a");
        let item = current(&source, "a").await;
        assert!(is_done(&source.rewrite(&item, form(b"new")).await.unwrap()));
        let left = source.remains("a").await.unwrap();
        assert_eq!(left.len(), 2, "{policy:?}");
        let snapshot = left.iter().find(|item| item.version != Version::Current).unwrap();
        assert_eq!(bytes_of(&source, snapshot).await, b"about ann");
        let end = source.rewrite(snapshot, form(b"new")).await.unwrap();
        assert_eq!(end, Rewritten::Refused("earlier_form".to_owned()));
    }
}

#[tokio::test]
async fn what_was_written_before_versions_were_kept_leaves_none() {
    let (server, source) = start(PLAIN).await;
    server.put(AZUREML, "a", b"about ann");
    let item = current(&source, "a").await;
    server.set_policy(PURGED);
    assert!(is_done(&source.rewrite(&item, form(b"new")).await.unwrap()));
    assert_eq!(server.forms(AZUREML, "a").len(), 1);
}

#[tokio::test]
async fn what_somebody_else_wrote_over_is_erased_behind_it() {
    for policy in [PURGED_COPIES, PURGED] {
        let (server, source) = start(policy).await;
        server.put(AZUREML, "a", b"about ann");
        let item = current(&source, "a").await;
        server.put(AZUREML, "a", b"somebody else's");
        assert_eq!(source.rewrite(&item, form(b"new")).await.unwrap(), Rewritten::Changed);
        assert_eq!(server.forms(AZUREML, "a").len(), 1, "{policy:?}");
        assert_eq!(server.get(AZUREML, "a").unwrap(), b"somebody else's");
    }
}

#[tokio::test]
async fn what_comes_while_the_bytes_are_staged_stays() {
    let (server, source) = start(PURGED).await;
    server.put(AZUREML, "a", b"about ann");
    let item = current(&source, "a").await;
    let meanwhile = Arc::clone(&server);
    let bytes = stream::once(async move {
        meanwhile.put(AZUREML, "a", b"somebody else's");
        Ok(Bytes::from_static(b"new"))
    });
    let form = NewForm { bytes: bytes.boxed(), ..form(b"new") };
    assert_eq!(source.rewrite(&item, form).await.unwrap(), Rewritten::Changed);
    assert_eq!(server.get(AZUREML, "a").unwrap(), b"somebody else's");
    assert_eq!(server.forms(AZUREML, "a").len(), 1);
}

#[tokio::test]
async fn two_that_rewrite_at_once_do_not_mix_their_blocks() {
    let (server, source) = start(PLAIN).await;
    server.put(AZUREML, "a", b"about ann");
    let item = current(&source, "a").await;
    let all: Vec<Vec<u8>> = (1..=4_u8).map(|n| vec![n; 9_000_000]).collect();
    let ends = all.iter().map(|bytes| source.rewrite(&item, form(bytes)));
    let ends = futures::future::join_all(ends).await;
    let of_done: Vec<usize> = (0..4).filter(|n| ends[*n].as_ref().is_ok_and(is_done)).collect();
    assert_eq!(of_done.len(), 1, "{ends:?}");
    assert!(server.get(AZUREML, "a").unwrap() == all[of_done[0]]);
}

#[tokio::test]
async fn what_would_be_spoiled_is_refused_and_left_as_it_is() {
    let (server, source) = start(BOTH).await;
    let kind = |kind: &str| Draft { kind: Some(kind.to_owned()), ..Draft::default() };
    server.put_draft(AZUREML, "appended", kind("AppendBlob"));
    server.put_draft(AZUREML, "paged", kind("PageBlob"));
    server.put_with(AZUREML, "folder", b"", &[("hdi_isfolder", "true")], &[]);
    server.put_with(AZUREML, "tagged", b"about ann", &[], &[("k", "v")]);
    ["archived", "keyed", "said"].iter().for_each(|name| server.put(AZUREML, name, b"about ann"));
    server.archive(AZUREML, "archived");
    server.customer_key(AZUREML, "keyed");
    let untold = |mut item: Item| {
        item.tags.clear();
        item
    };
    for (name, word) in [
        ("appended", "append_blob"),
        ("paged", "page_blob"),
        ("folder", "directory"),
        ("tagged", "tags"),
        ("archived", "archived"),
        ("keyed", "customer_key"),
        ("said", "metadata"),
    ] {
        let before = server.forms(AZUREML, name);
        let item = untold(current(&source, name).await);
        let mut form = form_of(&item, b"new");
        if name == "said" {
            form.metadata = pairs(&[("owner", "käse")]);
        }
        let end = source.rewrite(&item, form).await.unwrap();
        assert_eq!(end, Rewritten::Refused(word.to_owned()), "{name}");
        assert_eq!(server.forms(AZUREML, name), before, "{name}");
    }
    assert_eq!(server.requests_of(Operation::BlockStage), 0);
}

#[tokio::test]
async fn what_is_held_is_reported_and_never_written_over() {
    let (server, source) = start(BOTH).await;
    let names = ["forbidden", "held", "immutable", "leased", "no longer immutable"];
    names.iter().for_each(|name| server.put(AZUREML, name, b"about ann"));
    let year = SignedDuration::from_hours(24 * 365);
    server.legal_hold(AZUREML, "held", &Which::Current, true);
    server.immutable(AZUREML, "immutable", &Which::Current, year);
    server.immutable(AZUREML, "no longer immutable", &Which::Current, -year);
    server.lease(AZUREML, "leased");
    let items = listing(&source).await;
    server.forbid(AZUREML, "forbidden");
    for (item, (block, code)) in items.iter().zip([
        (Block::Lock, "AuthorizationPermissionMismatch"),
        (Block::LegalHold, ""),
        (Block::Immutable, ""),
        (Block::Lease, "LeaseIdMissing"),
    ]) {
        let before = server.forms(AZUREML, &item.name);
        let end = source.rewrite(item, form(b"new")).await.unwrap();
        assert_eq!(end, Rewritten::Blocked(Barrier::new(block, code)), "{:?}", item.name);
        assert_eq!(server.forms(AZUREML, &item.name), before, "{:?}", item.name);
    }
    let end = source.rewrite(&items[4], form(b"new")).await.unwrap();
    assert!(is_done(&end), "{end:?}");
}

/// What is left under a name, whenever it was written.
fn left(server: &BlobServer) -> Vec<(bool, Draft)> {
    let forms = server.forms(AZUREML, "a").into_iter();
    forms.map(|form| (form.is_live(), form.draft)).collect()
}

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
async fn every_request_of_a_rewrite_fails_once_in_each_way_and_the_end_is_the_same() {
    let (small, big) = (b"about [erased]".to_vec(), vec![b'n'; 9_000_000]);
    for (policy, bytes, requests_min) in [
        (PLAIN, &big, 4), // asked, staged twice, committed
        (COPIES, &small, 4),
        (BOTH, &small, 5),
        (PURGED_COPIES, &small, 6),
        (PURGED, &small, 7),
    ] {
        let (good, requests) = faulty(policy, bytes, None).await;
        assert!(requests >= requests_min, "{policy:?}: {requests}");
        let plans = (1..=requests).flat_map(|number| FAULTS.map(|fault| (number, fault)));
        let runs =
            plans.map(|plan| async move { (plan, faulty(policy, bytes, Some(plan)).await.0) });
        let runs: Vec<_> = stream::iter(runs).buffer_unordered(RUNS_AT_ONCE).collect().await;
        for (plan, run) in runs {
            assert!(run == good, "{policy:?} {plan:?}");
        }
    }
}

/// What a rewrite leaves, and how many requests it made.
async fn faulty(
    policy: Policy,
    bytes: &[u8],
    plan: Option<(u64, Fault)>,
) -> (Vec<(bool, Draft)>, u64) {
    let (server, source) = start(policy).await;
    server.put_with(AZUREML, "a", b"about ann", &[("owner", "team")], &[("k", "v")]);
    let item = current(&source, "a").await;
    let before = server.requests();
    if let Some((number, fault)) = plan {
        server.fail(number, fault);
    }
    let end = source.rewrite(&item, form_of(&item, bytes)).await;
    let requests = server.requests() - before;
    match end {
        Ok(Rewritten::Done { etag }) => {
            assert_eq!(etag, current(&source, "a").await.etag, "{plan:?}");
        }
        // Who lost the answer cannot know who wrote it.
        Ok(Rewritten::Changed) => assert!(
            matches!(plan, Some((_, Fault::LostAnswer | Fault::HalfAnswer))),
            "{policy:?} {plan:?}"
        ),
        other => panic!("{policy:?} {plan:?}: {other:?}"),
    }
    (left(&server), requests)
}

#[tokio::test]
async fn a_rewrite_that_is_interrupted_anywhere_is_finished_by_the_next() {
    let cuts = [Fault::Dropped, Fault::LostAnswer, Fault::Busy { retry_after_s: None }];
    // Asked, staged, committed, version deleted, policy asked, copies listed, copy purged.
    let each = cuts.into_iter().flat_map(|cut| (1..=7).map(move |number| (cut, number)));
    let tries = each.map(|(cut, number)| async move {
        let (server, source) = start(PURGED).await;
        server.put(AZUREML, "a", b"about ann");
        let item = current(&source, "a").await;
        // More than the pipeline tries again by itself.
        (0..6).for_each(|n| server.fail(number + n, cut));
        let first = source.rewrite(&item, form(b"new")).await;
        assert!(first.is_err_and(|failure| failure.is_transient()), "{cut:?} {number}");
        let between = server.get(AZUREML, "a").unwrap();
        assert!(between == b"about ann" || between == b"new", "{cut:?} {number}");
        let end = source.rewrite(&item, form(b"new")).await.unwrap();
        assert!(is_done(&end) || end == Rewritten::Changed, "{cut:?} {number}: {end:?}");
        let left = server.forms(AZUREML, "a");
        assert_eq!(left.len(), 1, "{cut:?} {number}");
        assert_eq!(left[0].draft.bytes, "new", "{cut:?} {number}");
    });
    futures::future::join_all(tries).await;
}

#[tokio::test]
async fn who_died_after_the_write_erases_what_is_behind_it() {
    for policy in [PURGED_COPIES, PURGED] {
        let (server, source) = start(policy).await;
        server.put(AZUREML, "a", b"about ann");
        let item = current(&source, "a").await;
        // The write is done; nothing after it is answered.
        (4..10).for_each(|number| server.fail(number, Fault::Dropped));
        assert!(source.rewrite(&item, form(b"new")).await.is_err());
        assert_eq!(server.forms(AZUREML, "a").len(), 2);
        let gone = source.erase_replaced(&item).await.unwrap();
        assert_eq!(gone, Erased::Done, "{policy:?}");
        assert_eq!(server.forms(AZUREML, "a").len(), 1);
        assert_eq!(server.get(AZUREML, "a").unwrap(), b"new");
    }
}
