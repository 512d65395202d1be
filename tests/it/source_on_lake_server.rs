//! The `Source` port over a Data Lake server of our own: the suite, directories, owners and rights,
//! soft-deleted paths, leases, every request failing once in each way, and the program itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dsrd::adapters::azure::drafts;
use dsrd::adapters::azure_lake::file_systems::FileSystems;
use dsrd::adapters::azure_lake::source::LakeSource;
use dsrd::config::settings::Credential;
use dsrd::domain::coverage::place::Looked;
use dsrd::domain::failure::Failure;
use dsrd::domain::item::{Item, Kind, Version};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, NewForm, Read, Rewritten, Source, Walked};
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use serde_json::json;

use crate::rewrite_contract::form;
use crate::source_contract::{bytes_of, keeps_the_contract, listing, listing_of, lists_exactly};
use crate::source_on_file_server::{FAULTS, RUNS_AT_ONCE, script};
use crate::support::blob_server::faults::Fault;
use crate::support::file_server::entry::KEY;
use crate::support::lake_server::operation::Operation;
use crate::support::lake_server::server::LakeServer;
use crate::support::program::Home;
use crate::support::worlds::{LakeServerWorld, World};

const LAKE: &str = LakeServerWorld::LAKE;
const ANN: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
const BOB: &str = "0b1c2d3e-0000-4000-8000-0000000000b0";

#[tokio::test]
async fn a_file_system_keeps_the_contract() {
    keeps_the_contract(&LakeServerWorld::new().await).await;
}

fn names(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.name.as_str()).collect()
}

#[tokio::test]
async fn paths_are_listed_over_many_pages_and_asked_once() {
    let world = LakeServerWorld::new().await;
    world.server.alter_account(|account| account.page_max = 100);
    for n in 0..2_300 {
        world.put(&format!("run{:03}/Item{n}", n % 7), b"").await;
    }
    world.server.slow_down(Duration::from_millis(1));
    lists_exactly(&world, 2_300).await;
    let asked = world.server.requests_of(Operation::PathGetProperties);
    assert_eq!(asked, 2_307, "each path is asked once what a listing does not show");
    lists_exactly(&world, 2_300).await;
    let again = world.server.requests_of(Operation::PathGetProperties);
    assert_eq!(again, asked, "and not again as long as it is as it was");
    assert!(world.server.in_flight_seen_max() > 4, "some are asked at once");
    // Whoever goes on for another knows nothing but where that one was.
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let other = LakeSource::open("other", &world.server.lake(LAKE)).unwrap();
        let page = other.list("run00", marker.as_deref()).await.unwrap();
        found.extend(page.items.into_iter().map(|item| item.name));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    let mut expected: Vec<String> =
        world.server.everything(LAKE).into_iter().map(|(path, _)| path).collect();
    expected.retain(|path| path.starts_with("run00"));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn directories_are_items_and_go_once_nothing_is_in_them() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    world.server.create_directory(LAKE, "Users/ann/none");
    world.put("Users/ann/a", b"of ann").await;
    world.put("Users/bob/b", b"of bob").await;
    let items = listing(source).await;
    let expected =
        ["Users/", "Users/ann/", "Users/ann/a", "Users/ann/none/", "Users/bob/", "Users/bob/b"];
    assert_eq!(names(&items), expected);
    for item in &items {
        let is_directory = item.name.ends_with('/');
        assert_eq!(item.kind == Kind::Directory, is_directory);
        assert_eq!(bytes_of(source, item).await.is_empty(), is_directory);
        assert_eq!(source.remains(&item.name).await.unwrap(), std::slice::from_ref(item));
        let bare = item.name.trim_end_matches('/');
        let other = if is_directory { bare.to_owned() } else { format!("{bare}/") };
        assert!(source.remains(&other).await.unwrap().is_empty(), "it is of the other sort");
    }
    assert_eq!(names(&listing_of(source, "Users/ann/").await), expected[1..4]);
    assert_eq!(names(&listing_of(source, "Users/ann").await), expected[1..4]);

    let full = Erased::Blocked(Barrier::new(Block::Lock, "DirectoryNotEmpty"));
    assert_eq!(source.erase(&items[1]).await.unwrap(), full);
    assert_eq!(source.erase(&items[2]).await.unwrap(), Erased::Done);
    assert_eq!(source.erase(&items[3]).await.unwrap(), Erased::Done);
    assert_eq!(source.erase(&items[1]).await.unwrap(), Erased::Done);
    assert_eq!(source.erase(&items[1]).await.unwrap(), Erased::AlreadyAbsent);
    assert!(matches!(source.read(&items[1]).await.unwrap(), Read::Absent));
    // What is nobody's is no matter of an erasure, empty or not.
    assert_eq!(source.erase(&items[5]).await.unwrap(), Erased::Done);
    assert_eq!(names(&listing(source).await), ["Users/", "Users/bob/"]);
    world.server.create_directory(LAKE, "Users/bob");
    assert_eq!(source.erase(&items[4]).await.unwrap(), Erased::Changed);
}

#[tokio::test]
async fn owners_and_rights_are_told_and_asked_for_where_there_are_some() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    for path in ["a", "b", "c", "d/e"] {
        world.put(path, b"bytes").await;
    }
    world.server.alter(LAKE, "b", |node| node.owner = ANN.to_owned());
    let acl = format!("user::rw-,user:{ANN}:r--,group::r--,mask::r--,other::---");
    world.server.alter(LAKE, "c", |node| acl.clone_into(&mut node.acl));
    let by_default = format!("user::rwx,group::r-x,other::---,default:group:{BOB}:rwx");
    world.server.alter(LAKE, "d", |node| by_default.clone_into(&mut node.acl));
    let items = listing(source).await;
    let said = |number: usize| -> Vec<(&str, &str)> {
        items[number].properties.iter().map(|(name, value)| (&**name, &**value)).collect()
    };
    let (named, inherited) = (format!("user:{ANN}:r--"), format!("default:group:{BOB}:rwx"));
    let expected: [&[(&str, &str)]; 5] =
        [&[], &[("Owner", ANN)], &[("Acl", &named)], &[("Acl", &inherited)], &[]];
    assert_eq!([said(0), said(1), said(2), said(3), said(4)], expected);
    for item in &items {
        assert_eq!(source.remains(&item.name).await.unwrap(), std::slice::from_ref(item));
    }
    let before = world.server.requests();
    listing(source).await;
    assert_eq!(world.server.requests() - before, 3, "the page, and two with rights by name");
    // Rights change without the ETag, and are seen all the same.
    world.server.alter(LAKE, "a", |node| node.owner = BOB.to_owned());
    assert_eq!(listing(source).await[0].properties["Owner"], BOB);
}

#[tokio::test]
async fn whose_rights_are_erased_has_none_and_everybody_else_keeps_them() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    world.put("d/a", b"about ann").await;
    let acl = format!("user::rw-,user:{ANN}:r--,user:{BOB}:rw-,group::r--,mask::rw-,other::---");
    for path in ["d", "d/a"] {
        world.server.alter(LAKE, path, |node| {
            acl.clone_into(&mut node.acl);
            (node.owner, node.group) = (ANN.to_owned(), BOB.to_owned());
            node.properties.insert("by".to_owned(), STANDARD.encode("ann"));
        });
    }
    for item in listing(source).await {
        let masked = |pairs: &BTreeMap<String, String>, what: &str| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, it)| (name.clone(), it.replace(what, "[erased]"))).collect()
        };
        let new = NewForm {
            properties: masked(&item.properties, ANN),
            metadata: masked(&item.metadata, "ann"),
            ..form(b"")
        };
        let end = source.rewrite(&item, new).await.unwrap();
        let Rewritten::Done { etag } = end else { panic!("{end:?}") };
        let now = source.remains(&item.name).await.unwrap().remove(0);
        assert_eq!(now.etag, etag);
        assert_eq!(now.metadata["by"], "[erased]");
        let node = world.server.node(LAKE, item.name.trim_end_matches('/')).unwrap();
        assert_eq!((node.owner.as_str(), node.group.as_str()), ("$superuser", BOB));
        assert_eq!(node.acl, acl.replace(&format!("user:{ANN}:r--,"), ""));
        // A second time there is nothing left to do.
        let new = NewForm {
            metadata: now.metadata.clone(),
            properties: now.properties.clone(),
            ..form(b"")
        };
        assert!(matches!(source.rewrite(&now, new).await, Ok(Rewritten::Done { .. })));
    }
    assert_eq!(world.names().await, ["d/a"]);
    // A directory that was changed meanwhile stays as it is.
    let directory = listing(source).await.remove(0);
    world.server.alter(LAKE, "d", |node| node.etag = "\"0x1\"".to_owned());
    assert_eq!(source.rewrite(&directory, form(b"")).await.unwrap(), Rewritten::Changed);
}

#[tokio::test]
async fn everything_but_the_bytes_stays() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    let pairs = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let path = "Users/Ann/käse #1?%20.csv.";
    world.server.put_with(LAKE, path, b"about ann", |node| {
        node.content = pairs(&[
            ("content-type", "text/csv"),
            ("content-encoding", "identity"),
            ("content-language", "ja, de"),
            ("content-disposition", "attachment; filename=\"n 1.csv\""),
            ("cache-control", "no-cache"),
        ]);
        node.properties = pairs(&[("stage", "dHJhaW4="), ("team", "5bGx")]);
        (node.owner, node.group) = (BOB.to_owned(), BOB.to_owned());
        node.acl = format!("user::rw-,user:{BOB}:r-x,group::r--,mask::r-x,other::---");
    });
    let item = listing(source).await.pop().unwrap();
    assert_eq!(item.metadata, pairs(&[("stage", "train"), ("team", "山")]));
    let before = world.server.node(LAKE, path).unwrap();
    let new = NewForm {
        content_type: item.content_type.clone(),
        properties: item.properties.clone(),
        metadata: item.metadata.clone(),
        ..form(b"about [erased]")
    };
    let end = source.rewrite(&item, new).await.unwrap();
    assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    let mut after = world.server.node(LAKE, path).unwrap();
    assert_eq!(after.file.as_ref().unwrap().bytes, "about [erased]");
    assert_ne!(after.etag, before.etag);
    (after.etag, after.file) = (before.etag.clone(), before.file.clone());
    assert_eq!(after, before, "but for the bytes and what the service makes itself");
    assert_eq!(world.names().await, [path]);
}

#[tokio::test]
async fn what_a_rewrite_would_lose_is_left_as_it_is() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    world.put("expires", b"about ann").await;
    world.put("odd", b"about ann").await;
    let now = world.server.now();
    world.server.alter(LAKE, "expires", |node| node.expires = Some(now));
    world.server.alter(LAKE, "odd", |node| {
        node.properties.insert("bytes".to_owned(), STANDARD.encode(b"a\xff"));
    });
    let before = world.server.everything(LAKE);
    let items = listing(source).await;
    assert_eq!(items[1].metadata["bytes"], "aÿ", "it is searched all the same");
    for (item, word) in items.iter().zip(["expiry", "metadata"]) {
        let end = source.rewrite(item, form(b"new")).await.unwrap();
        assert_eq!(end, Rewritten::Refused(word.to_owned()));
    }
    let odd = [("a b".to_owned(), "v".to_owned())].into();
    let end = source.rewrite(&items[0], NewForm { metadata: odd, ..form(b"") }).await.unwrap();
    assert_eq!(end, Rewritten::Refused("metadata".to_owned()));
    let earlier = Item { version: Version::Snapshot("s".to_owned()), ..items[0].clone() };
    assert!(matches!(source.read(&earlier).await.unwrap(), Read::Absent));
    assert_eq!(source.erase(&earlier).await.unwrap(), Erased::AlreadyAbsent);
    assert!(world.server.everything(LAKE) == before);
}

#[tokio::test]
async fn what_is_held_is_reported_and_stays_as_it_is() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    for name in ["forbidden", "immutable", "leased"] {
        world.put(name, b"about ann").await;
    }
    let items = listing(source).await;
    world.server.alter(LAKE, "forbidden", |node| node.is_forbidden = true);
    world.server.alter(LAKE, "immutable", |node| node.is_immutable = true);
    world.server.alter(LAKE, "leased", |node| node.lease = Some("l".to_owned()));
    let words = [
        (Block::Lock, "AuthorizationPermissionMismatch"),
        (Block::Immutable, "PathImmutableDueToPolicy"),
        (Block::Lease, "LeaseIdMissing"),
    ];
    let before = world.server.everything(LAKE);
    for (item, (block, word)) in items.iter().zip(words) {
        let expected = Barrier::new(block, word);
        assert_eq!(source.erase(item).await.unwrap(), Erased::Blocked(expected), "{word}");
        let end = source.rewrite(item, form(b"new")).await.unwrap();
        let Rewritten::Blocked(barrier) = end else { panic!("{word}: {end:?}") };
        // A look at it is told without a code by this service, which says it in a header alone.
        assert_eq!(barrier, Barrier::new(block, word));
    }
    assert!(world.server.everything(LAKE) == before, "and no draft is left");
    let read = source.read(&items[0]).await.unwrap();
    let refused = "forbidden: AuthorizationPermissionMismatch";
    assert!(matches!(read, Read::Refused(why) if why == refused));
    assert_eq!(listing(source).await.len(), 3, "it is listed all the same");
    assert_eq!(source.remains("forbidden").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_pattern_is_all_file_systems_that_match() {
    let server = LakeServer::start().await;
    server.alter_account(|account| account.page_max = 1);
    for lake in ["data-1", "data-2", "other"] {
        server.create(lake);
        server.put(lake, "Users/ann/a.csv", lake.as_bytes());
    }
    let source = FileSystems::open("lakes", &server.lake("data-*")).unwrap();
    source.ping().await.unwrap();
    let items = listing(&source).await;
    let expected =
        |lake: &str| ["Users/", "Users/ann/", "Users/ann/a.csv"].map(|it| format!("{lake}/{it}"));
    assert_eq!(names(&items), [expected("data-1"), expected("data-2")].concat());
    let layout = items[5].layout();
    assert_eq!((layout.container, layout.user_folder()), (Some("data-2"), Some("ann")));
    assert_eq!(listing_of(&source, "data-2/Users/").await, &items[3..]);
    assert_eq!(bytes_of(&source, &items[5]).await, b"data-2");
    let end = source.rewrite(&items[2], form(b"new")).await.unwrap();
    assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    assert_eq!(source.erase(&items[5]).await.unwrap(), Erased::Done);
    assert!(source.remains("data-2/Users/ann/a.csv").await.unwrap().is_empty());
    assert_eq!(server.get("data-1", "Users/ann/a.csv").unwrap(), b"new");
    assert_eq!(server.names("other").len(), 1);
    assert_eq!(source.places().await.unwrap().len(), 2);
    assert_eq!(source.containers().await.unwrap().each.len(), 2);
}

#[tokio::test]
async fn a_deleted_file_system_is_told_as_one_that_nobody_can_look_into() {
    let server = LakeServer::start().await;
    server.alter_account(|account| account.deleted = Some(BTreeSet::new()));
    for lake in ["data-1", "data-2", "other"] {
        server.create(lake);
        server.alter_account(|account| account.delete(lake));
    }
    server.create("data-1");
    server.put("data-1", "a.csv", b"about ann");
    let told = async |source: &dyn Source| -> Vec<(String, Looked)> {
        let places = source.places().await.unwrap();
        places.into_iter().map(|it| (it.name, it.looked)).collect()
    };
    let all = FileSystems::open("lakes", &server.lake("data-*")).unwrap();
    let line = |name: &str, looked| (name.to_owned(), looked);
    let own = line("data-1", Looked::Looked);
    let gone = |name: &str| line(&format!("{name} (soft-deleted)"), Looked::CannotBeLookedAt);
    assert_eq!(told(&all).await, [own.clone(), gone("data-1"), gone("data-2")]);
    let one = LakeSource::open("lake", &server.lake("data-1")).unwrap();
    assert_eq!(told(&one).await, [own, gone("data-1")]);
    assert_eq!(listing(&all).await.len(), 1);
    server.alter_account(|account| account.tells_of_deleted = false);
    let refused = told(&FileSystems::open("lakes", &server.lake("data-*")).unwrap()).await;
    assert_eq!(refused[2..], [line("deleted file systems of ownlake.dfs.test", Looked::Refused)]);
}

#[tokio::test]
async fn what_soft_delete_keeps_is_told_and_until_when() {
    let world = LakeServerWorld::new().await;
    let source = world.whole();
    world.put("a", b"about ann").await;
    let item = listing(source).await.remove(0);
    let now = world.server.now();
    assert_eq!(source.unrecoverable_after(&[], now).await.unwrap(), Some(now));
    world.server.alter_account(|account| account.retention_days = Some(7));
    assert_eq!(source.erase(&item).await.unwrap(), Erased::Done);
    // Another process asks anew.
    let other = LakeSource::open("lake", &world.server.lake(LAKE)).unwrap();
    let week = now + SignedDuration::from_hours(7 * 24);
    assert_eq!(other.unrecoverable_after(&[], now).await.unwrap(), Some(week));
    let told = async |source: &LakeSource| -> Vec<(String, Looked, String)> {
        let places = source.places().await.unwrap().into_iter();
        places.map(|it| (it.name, it.looked, it.why)).collect()
    };
    let line = |name: &str, looked, why: &str| (name.to_owned(), looked, why.to_owned());
    let own = line(LAKE, Looked::Looked, "");
    let deleted = line("deleted paths of data", Looked::CannotBeLookedAt, "soft_deleted");
    assert_eq!(told(&other).await, [own.clone(), deleted]);
    assert!(listing(&other).await.is_empty() && other.remains("a").await.unwrap().is_empty());

    world.server.advance_clock(SignedDuration::from_hours(7 * 24));
    let other = LakeSource::open("lake", &world.server.lake(LAKE)).unwrap();
    assert_eq!(told(&other).await, std::slice::from_ref(&own));
    world.server.alter_account(|account| account.tells_of_deleted = false);
    let other = LakeSource::open("lake", &world.server.lake(LAKE)).unwrap();
    assert_eq!(other.unrecoverable_after(&[], now).await.unwrap(), None);
    let refused = "AuthorizationPermissionMismatch";
    let refused = line("deleted paths of data", Looked::Refused, refused);
    assert_eq!(told(&other).await, [own, refused]);
    let lacks = other.lacks().await.unwrap();
    assert!(lacks.len() == 1 && !lacks[0].is_needed, "{lacks:?}");
}

#[tokio::test]
async fn who_lacks_a_right_is_told_before_it_is_needed() {
    let world = LakeServerWorld::new().await;
    assert!(world.whole().lacks().await.unwrap().is_empty());
    let sas = dsrd::config::secret::Secret::new("sv=1&sig=bad".to_owned());
    let stranger = LakeSource::open("lake", &world.server.lake_by(LAKE, Credential::Sas(sas)));
    let stranger = stranger.unwrap();
    let failure = stranger.ping().await.unwrap_err();
    assert!(!failure.is_transient() && !failure.chain().contains("bad"), "{}", failure.chain());
    let lacks = stranger.lacks().await.unwrap();
    assert_eq!(lacks.len(), 4, "{lacks:?}");
    // Whoever may write and not give away loses nothing.
    world.put("a", b"about ann").await;
    world.server.alter_account(|account| account.lets_own = false);
    let item = listing(world.whole()).await.remove(0);
    let end = world.whole().rewrite(&item, form(b"new")).await.unwrap();
    let barrier = Barrier::new(Block::Lock, "AuthorizationPermissionMismatch");
    assert_eq!(end, Rewritten::Blocked(barrier));
    assert_eq!(world.get("a").await.unwrap(), b"about ann");
    assert_eq!(world.names().await, ["a"]);
}

#[tokio::test]
async fn a_signature_in_the_url_goes_with_a_rename_too() {
    let world = LakeServerWorld::new().await;
    world.put("d/a", b"about ann").await;
    let sas = dsrd::config::secret::Secret::new("sv=1&sig=good".to_owned());
    let source = LakeSource::open("lake", &world.server.lake_by(LAKE, Credential::Sas(sas)));
    let source = source.unwrap();
    let item = listing(&source).await.pop().unwrap();
    let end = source.rewrite(&item, form(b"new")).await.unwrap();
    assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    assert_eq!(world.get("d/a").await.unwrap(), b"new");
}

#[tokio::test]
async fn what_comes_while_the_draft_is_written_stays_and_the_draft_goes() {
    let world = Arc::new(LakeServerWorld::new().await);
    world.put("a", b"about ann").await;
    let item = listing(world.source()).await.remove(0);
    let meanwhile = Arc::clone(&world);
    let bytes = stream::once(async move {
        assert_eq!(meanwhile.server.names(LAKE).len(), 2, "the file and the draft");
        let shown = listing(meanwhile.source()).await;
        assert_eq!(shown.len(), 1, "the draft is nobody's item");
        meanwhile.put("a", b"somebody else's").await;
        Ok(Bytes::from_static(b"new"))
    });
    let end = world.source().rewrite(&item, NewForm { bytes: bytes.boxed(), ..form(b"new") }).await;
    assert_eq!(end.unwrap(), Rewritten::Changed);
    assert_eq!(world.names().await, ["a"]);
    assert_eq!(world.get("a").await.unwrap(), b"somebody else's");
}

#[tokio::test]
async fn two_that_rewrite_at_once_do_not_mix_their_bytes() {
    let world = LakeServerWorld::new().await;
    world.put("a", b"about ann").await;
    let item = listing(world.source()).await.remove(0);
    let all: Vec<Vec<u8>> = (1..=4_u8).map(|n| vec![n; 9_000_000]).collect();
    let ends = all.iter().map(|bytes| world.source().rewrite(&item, form(bytes)));
    let ends = futures::future::join_all(ends).await;
    let is_done = |end: &Result<Rewritten, Failure>| matches!(end, Ok(Rewritten::Done { .. }));
    let done: Vec<usize> = (0..4).filter(|n| is_done(&ends[*n])).collect();
    assert_eq!(done.len(), 1, "{ends:?}");
    assert!(world.get("a").await.unwrap() == all[done[0]]);
    assert_eq!(world.names().await, ["a"]);
}

/// Who is killed amid a rewrite leaves the old bytes or the new ones, and whoever comes next brings
/// it to its end, with no draft left.
#[tokio::test]
async fn whoever_is_killed_amid_a_rewrite_is_made_up_for() {
    let whole = killed_at(u64::MAX).await;
    assert!((6..20).contains(&whole), "{whole} requests");
    let kills = (1..=whole).map(killed_at);
    let ran: Vec<u64> = stream::iter(kills).buffer_unordered(RUNS_AT_ONCE).collect().await;
    assert_eq!(ran.len() as u64, whole);
}

/// Gives the requests of the rewrite; it is killed while its request of that number is under way,
/// which the service does all the same.
async fn killed_at(number: u64) -> u64 {
    let world = LakeServerWorld::new().await;
    world.put("Users/ann/a.csv", b"about ann").await;
    world.put("Users/ann/b.csv", b"about bob").await;
    let item = listing(world.source()).await.remove(0);
    let before = world.server.requests();
    if number != u64::MAX {
        world.server.fail(number, Fault::Late(Duration::from_millis(1_000)));
    }
    let rewriting = world.source().rewrite(&item, form(&[7; 9_000_000]));
    let ended = tokio::select! {
        ended = rewriting => Some(ended.unwrap()),
        () = reached(&world.server, before.saturating_add(number)) => None,
    };
    let requests = world.server.requests() - before;
    if number == u64::MAX {
        assert!(matches!(ended, Some(Rewritten::Done { .. })), "{ended:?}");
        return requests;
    }
    assert!(ended.is_none(), "killed at {number}: {ended:?}");
    tokio::time::sleep(Duration::from_millis(1_200)).await;

    // Another process knows nothing of this.
    let next = LakeSource::open("lake", &world.server.lake(LAKE)).unwrap();
    let mut items = listing(&next).await;
    items.retain(|item| item.kind == Kind::Bytes);
    let [now, other] = <[Item; 2]>::try_from(items).unwrap();
    assert!(other.name.ends_with("b.csv"), "and no draft, killed at {number}");
    let bytes = bytes_of(&next, &now).await;
    let is_new = bytes == [7; 9_000_000];
    assert!(is_new || bytes == b"about ann", "killed at {number}: {} bytes", bytes.len());
    if !is_new {
        let end = next.rewrite(&now, form(&[7; 9_000_000])).await.unwrap();
        assert!(matches!(end, Rewritten::Done { .. }), "killed at {number}: {end:?}");
    }
    assert_eq!(world.names().await, ["Users/ann/a.csv", "Users/ann/b.csv"], "killed at {number}");
    requests
}

async fn reached(server: &LakeServer, requests: u64) {
    while server.requests() < requests {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_draft_that_was_left_is_removed_once_nobody_writes_it() {
    let world = LakeServerWorld::new().await;
    world.put("a", b"about ann").await;
    world.put("b", b"about bob").await;
    let before = listing(world.source()).await;
    for item in &before {
        world.put(&drafts::beside(&item.name, &item.etag), b"of a killed process").await;
    }
    let own = ".dsrd-0123456789abcdef0123456789abcdef0123456789.new";
    world.put(own, b"somebody's own").await;
    let items = listing(world.source()).await;
    assert_eq!(names(&items), [own, "a", "b"]);
    assert_eq!(world.names().await.len(), 5, "somebody may be writing it");
    assert_eq!(world.source().erase(&items[1]).await.unwrap(), Erased::Done);
    assert_eq!(world.names().await.len(), 3, "it goes before its file");
    world.server.advance_clock(SignedDuration::from_mins(61));
    assert_eq!(listing(world.source()).await.len(), 2);
    assert_eq!(world.names().await, [own, "b"]);
    // One that nobody can remove is an item as others are.
    let draft = drafts::beside("b", &before[1].etag);
    world.put(&draft, b"about ann").await;
    world.server.alter(LAKE, &draft, |node| node.lease = Some("l".to_owned()));
    world.server.advance_clock(SignedDuration::from_mins(61));
    assert_eq!(listing(world.source()).await.len(), 3);
}

/// It may be the last to speak of somebody: nobody who is looked for is hidden by it.
#[tokio::test]
async fn a_draft_whose_file_is_another_by_now_goes_at_once_or_is_listed() {
    let world = LakeServerWorld::new().await;
    for is_gone in [false, true] {
        for is_held in [false, true] {
            world.put("a/b/one", b"about ann and bob").await;
            world.put("a/b/two", b"nobody").await;
            let shown = listing(world.source()).await;
            let one = shown.iter().find(|item| item.name == "a/b/one").unwrap();
            let draft = drafts::beside(&one.name, &one.etag);
            world.put(&draft, b"about bob").await;
            let count = listing(world.source()).await.len();
            assert_eq!(count, shown.len(), "it says what its file says");
            match is_gone {
                true => assert_eq!(world.source().erase(one).await.unwrap(), Erased::Done),
                false => world.put("a/b/one", b"about nobody").await,
            }
            // That of one that went was gone before it, or was written again by another daemon.
            world.put(&draft, b"about bob").await;
            if is_held {
                world.server.alter(LAKE, &draft, |node| node.lease = Some("l".to_owned()));
            }
            let shown = listing(world.source()).await;
            assert_eq!(shown.iter().any(|item| item.name == draft), is_held, "{is_gone}");
            assert_eq!(world.names().await.contains(&draft), is_held, "{is_gone}");
            if is_held {
                world.server.alter(LAKE, &draft, |node| node.lease = None);
                assert!(!listing(world.source()).await.iter().any(|item| item.name == draft));
            }
        }
    }
}

#[tokio::test]
async fn every_request_fails_once_in_each_way_and_the_end_is_the_same() {
    let good = run(None).await;
    assert!(good.answers.iter().all(|it| !it.contains("failure")), "{:?}", good.answers);
    assert!(good.requests > 25, "{}", good.requests);
    let plans = (1..=good.requests).flat_map(|number| FAULTS.map(|fault| (number, fault)));
    let runs = plans.map(|plan| async move { (plan, run(Some(plan)).await) });
    let runs: Vec<_> = stream::iter(runs).buffer_unordered(RUNS_AT_ONCE).collect().await;
    for ((number, fault), run) in runs {
        let what = format!("request {number}, {fault:?}");
        assert!(run.left == good.left, "{what} leaves something else: {:?}", run.answers);
        let is_lost = matches!(fault, Fault::LostAnswer | Fault::HalfAnswer);
        let same = |(ran, expected): (&String, &String)| {
            // A draft whose creation was not answered is begun anew, and its file is as it was.
            let others = ["AlreadyAbsent", "Changed"].map(|it| expected.replace("Done", it));
            ran == expected || is_lost && others.contains(ran)
        };
        let all = run.answers.iter().zip(&good.answers).all(same);
        assert!(all && run.answers.len() == good.answers.len(), "{what}: {:?}", run.answers);
    }
}

/// What a run of a small script was told, and what it left.
struct Run {
    answers: Vec<String>,
    left: Vec<(String, Option<Bytes>)>,
    requests: u64,
}

/// On a server of its own, reads everything, rewrites one file and erases what else it can.
async fn run(plan: Option<(u64, Fault)>) -> Run {
    let server = LakeServer::start().await;
    server.create(LAKE);
    server.put(LAKE, "Users/ann/a", &[7; 4_000]);
    server.create_directory(LAKE, "empty");
    server.put_with(LAKE, "Users/bob/b", b"about ann", |node| {
        node.properties.insert("owner".to_owned(), STANDARD.encode("bob"));
        node.acl = format!("user::rw-,user:{BOB}:r--,group::r--,mask::r--,other::---");
    });
    if let Some((number, fault)) = plan {
        server.fail(number, fault);
    }
    let world = LakeServerWorld::over(server);
    let answers = script(world.whole()).await;
    let left = world.server.everything(LAKE).into_iter();
    let left = left.map(|(name, node)| (name, node.file.map(|file| file.bytes))).collect();
    Run { answers, left, requests: world.server.requests() }
}

/// The program itself: export, redaction, erasure with directories, second look; owners and rights;
/// and what is said where the same data is configured twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_serves_requests_over_a_file_system() {
    let server = LakeServer::start().await;
    server.create(LAKE);
    server.alter_account(|account| account.retention_days = Some(7));
    server.put(LAKE, "teams/table.csv", b"who,what\nbob,1\nann@contoso.com,2\n");
    server.put(LAKE, "teams/own.csv", b"who,what\nbob,1\n");
    server.put(LAKE, "people/ann@contoso.com/a/notes.txt", b"of her");
    server.create_directory(LAKE, "people/ann@contoso.com/empty");
    server.put_with(LAKE, "raw/upload.bin", b"no name in it", |node| node.owner = ANN.to_owned());
    let home = Home::new();
    let source = |name: &str, service: &str| {
        format!(
            "[[sources]]\nname = \"{name}\"\nurl = \"{}/da*\"\nservice = \"{service}\"\n\
             credential = \"account_key\"\naccount_key = \"{KEY}\"\n",
            server.endpoint()
        )
    };
    let rule = "[[policy]]\nsource = \"lake\"\npath = \"teams/**\"\naction = \"redact\"\n\
                reason = \"of a team\"\n[[policy]]\naction = \"delete\"\nshared = \"redact\"\n\
                reason = \"hers\"\n";
    home.write("dsrd.toml", &format!("{}{rule}", source("lake", "lake")));
    home.write("twice.toml", &[source("lake", "lake"), source("blobs", "blobs")].concat());
    let shown = home.run(&["config", "--config", "dsrd.toml"]);
    assert!(shown.out.contains("da*") && !shown.out.contains(KEY), "{}", shown.out);
    assert_eq!(shown.err, "");
    let twice = home.run(&["config", "--config", "twice.toml"]);
    assert_eq!(twice.code, 0);
    let warning = "the sources blobs and lake hold the same data, as blobs and as a file system";
    assert!(twice.err.contains(warning), "{}", twice.err);
    let checked = home.run(&["check", "--config", "dsrd.toml"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);

    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let send = |id: &str, kind: &str| {
        let identities = [("email", "ann@contoso.com"), ("object_id", ANN)];
        let draft = home.request(id, kind, &identities);
        let incoming = home.path("dsrd-data/queue/incoming").join(format!("{id}.json"));
        std::fs::rename(draft, incoming).unwrap();
    };
    send("r-1", "access");
    let completed = home.wait_for_event("r-1", "completed");
    assert_eq!(completed["data"]["results_count"], 6, "{completed:#}");

    send("r-2", "erasure");
    let completed = home.wait_for_event("r-2", "completed");
    let outcomes = &completed["data"]["counts"]["outcomes"];
    assert_eq!(*outcomes, json!({ "erased": 4, "redacted": 2 }), "{completed:#}");
    assert!(completed["data"]["horizon"]["unrecoverable_after"].is_string(), "{completed:#}");
    let paths: Vec<String> = server.everything(LAKE).into_iter().map(|it| it.0).collect();
    let left = ["people/", "raw/", "raw/upload.bin", "teams/", "teams/own.csv", "teams/table.csv"];
    assert_eq!(paths, left);
    // What she uploaded is others' as well: the bytes stay.
    assert_eq!(server.get(LAKE, "raw/upload.bin").unwrap(), b"no name in it");
    server.alter(LAKE, "raw/upload.bin", |node| assert_eq!(node.owner, "$superuser"));
    let table = String::from_utf8(server.get(LAKE, "teams/table.csv").unwrap()).unwrap();
    assert!(!table.contains("ann@") && table.contains("bob,1"), "{table}");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("ann@") && !log.contains(ANN) && !log.contains(".csv"), "{log}");
}
