//! The `Source` port over a file server of our own: the suite, snapshots of shares, deleted shares,
//! open and leased files, every request failing once in each way, and the program itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dsrd::adapters::azure::drafts;
use dsrd::adapters::azure_files::shares::Shares;
use dsrd::adapters::azure_files::source::ShareSource;
use dsrd::config::settings::Credential;
use dsrd::domain::coverage::place::Looked;
use dsrd::domain::failure::Failure;
use dsrd::domain::item::{Item, Kind, Version};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, NewForm, Read, Rewritten, Source, Walked};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::rewrite_contract::form;
use crate::source_contract::{bytes_of, keeps_the_contract, listing, listing_of, lists_exactly};
use crate::support::blob_server::faults::Fault;
use crate::support::file_server::operation::Operation;
use crate::support::file_server::server::FileServer;
use crate::support::file_server::tree::File;
use crate::support::program::Home;
use crate::support::worlds::{FileServerWorld, World};

const SHARE: &str = FileServerWorld::SHARE;
/// Runs with a fault that go on at once; each of them waits most of its time.
pub const RUNS_AT_ONCE: usize = 16;

pub const FAULTS: [Fault; 7] = [
    Fault::Busy { retry_after_s: None },
    Fault::TooMany,
    Fault::TimedOut,
    Fault::Dropped,
    Fault::LostAnswer,
    Fault::HalfAnswer,
    Fault::Late(Duration::from_millis(50)),
];

#[tokio::test]
async fn a_share_keeps_the_contract() {
    keeps_the_contract(&FileServerWorld::new().await).await;
}

#[tokio::test]
async fn files_are_listed_over_many_pages_of_both_sides() {
    let world = FileServerWorld::new().await;
    world.server.alter_account(|account| account.page_max = 100);
    for n in 0..2_300 {
        world.put(&format!("run{:03}/Item{n}", n % 7), b"").await;
    }
    world.server.slow_down(Duration::from_millis(1));
    lists_exactly(&world, 2_300).await;
    let asked = world.server.requests_of(Operation::FileGetProperties);
    assert_eq!(asked, 2_300, "each file is asked once what a listing does not show");
    lists_exactly(&world, 2_300).await;
    let again = world.server.requests_of(Operation::FileGetProperties);
    assert_eq!(again, asked, "and not again as long as it is as it was");
    assert!(world.server.in_flight_seen_max() > 4, "some are asked at once");
    // Whoever goes on for another knows nothing but where that one was.
    let (mut names, mut marker) = (Vec::new(), None);
    loop {
        let other = ShareSource::open("other", &world.server.share(SHARE)).unwrap();
        let page = other.list("run00", marker.as_deref()).await.unwrap();
        names.extend(page.items.into_iter().map(|item| item.name));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, world.names().await);
}

#[tokio::test]
async fn empty_directories_are_found_and_go_with_those_above_them() {
    let world = FileServerWorld::new().await;
    for path in ["Users/ann/none", "Users/eve/none", "ann"] {
        world.server.create_directory(SHARE, path);
    }
    world.put("Users/bob/a/b", b"of bob").await;
    world.put("Users/eve/a", b"of eve").await;
    let items = listing(world.source()).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    let expected = ["Users/ann/none/", "Users/bob/a/b", "Users/eve/a", "Users/eve/none/", "ann/"];
    assert_eq!(names, expected);
    for (number, is_directory) in [(0, true), (1, false), (3, true), (4, true)] {
        let item = &items[number];
        assert_eq!(item.kind == Kind::Directory, is_directory);
        assert!(is_directory == bytes_of(world.source(), item).await.is_empty());
        assert_eq!(world.source().remains(&item.name).await.unwrap(), std::slice::from_ref(item));
        if number == 3 {
            world.put("Users/eve/none/new", b"came meanwhile").await;
            assert!(matches!(world.source().read(item).await.unwrap(), Read::Absent));
            assert_eq!(world.source().erase(item).await.unwrap(), Erased::Changed);
            continue;
        }
        assert_eq!(world.source().erase(item).await.unwrap(), Erased::Done);
        assert_eq!(world.source().erase(item).await.unwrap(), Erased::AlreadyAbsent);
    }
    let left: Vec<String> = world.server.everything(SHARE).into_iter().map(|it| it.0).collect();
    let stays = ["Users/", "Users/eve/", "Users/eve/a", "Users/eve/none/", "Users/eve/none/new"];
    assert_eq!(left, stays);
}

#[tokio::test]
async fn what_a_snapshot_keeps_is_an_item_that_nobody_can_change() {
    let world = FileServerWorld::new().await;
    world.put("a", b"about ann").await;
    world.put("Users/ann/gone", b"about ann too").await;
    let at = world.server.snapshot(SHARE);
    world.put("a", b"newer").await;
    world.server.delete(SHARE, "Users/ann/gone");
    let source = world.source();
    let forms: Vec<(String, Version)> =
        listing(source).await.into_iter().map(|item| (item.name, item.version)).collect();
    let past = || Version::ShareSnapshot(at.clone());
    let named = |name: &str, version| (name.to_owned(), version);
    let expected = [
        named("Users/ann/", Version::Current),
        named("a", Version::Current),
        named("Users/ann/gone", past()),
        named("a", past()),
    ];
    assert!(forms == expected, "the share as it is, and then the snapshot");
    assert_eq!(listing_of(source, "Users/").await.len(), 2);
    let items = listing(source).await;
    assert_eq!(bytes_of(source, &items[1]).await, b"newer");
    assert_eq!(bytes_of(source, &items[3]).await, b"about ann");
    let Erased::Blocked(barrier) = source.erase(&items[3]).await.unwrap() else { panic!() };
    assert_eq!(barrier, Barrier::new(Block::Immutable, "InAShareSnapshot"));
    let end = source.rewrite(&items[3], form(b"no")).await.unwrap();
    assert_eq!(end, Rewritten::Refused("earlier_form".to_owned()));
    assert_eq!(source.erase(&items[1]).await.unwrap(), Erased::Done);
    let left = source.remains("a").await.unwrap();
    assert!(left.len() == 1 && left[0] == items[3], "the snapshot stays");
    let now = world.server.now();
    assert_eq!(source.unrecoverable_after(&[], now).await.unwrap(), None);

    world.server.delete_snapshot(SHARE, &at);
    assert!(matches!(source.read(&items[3]).await.unwrap(), Read::Absent));
    assert_eq!(source.erase(&items[3]).await.unwrap(), Erased::AlreadyAbsent);
    assert_eq!(source.unrecoverable_after(&[], now).await.unwrap(), Some(now));
}

#[tokio::test]
async fn whoever_may_not_list_shares_says_that_snapshots_are_not_known() {
    let world = FileServerWorld::new().await;
    world.put("a", b"about ann").await;
    world.server.snapshot(SHARE);
    world.server.alter_account(|account| account.lists_shares = false);
    assert_eq!(listing(world.source()).await.len(), 1);
    let places = world.source().places().await.unwrap();
    let told: Vec<(&str, Looked, &str)> =
        places.iter().map(|it| (it.name.as_str(), it.looked, it.why.as_str())).collect();
    let refused = "AuthorizationPermissionMismatch";
    let snapshots = "snapshots of code-391ff5ac";
    assert_eq!(told, [(SHARE, Looked::Looked, ""), (snapshots, Looked::Refused, refused)]);
    let now = world.server.now();
    assert_eq!(world.source().unrecoverable_after(&[], now).await.unwrap(), None);
    let lacks = world.source().lacks().await.unwrap();
    assert!(lacks.len() == 1 && !lacks[0].is_needed, "{lacks:?}");
    assert_eq!(lacks[0].purpose, "know of snapshots and deleted shares");
}

#[tokio::test]
async fn a_pattern_is_all_shares_that_match_and_tells_of_deleted_ones() {
    let server = FileServer::start().await;
    for share in ["code-1", "code-2", "code-3", "other"] {
        server.create_share(share);
        server.put(share, "Users/ann/a.ipynb", share.as_bytes());
    }
    server.delete_share("code-2");
    let source = Shares::open("notebooks", &server.share("code-*")).unwrap();
    source.ping().await.unwrap();
    let items = listing(&source).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["code-1/Users/ann/a.ipynb", "code-3/Users/ann/a.ipynb"]);
    let layout = items[1].layout();
    assert_eq!((layout.container, layout.user_folder()), (Some("code-3"), Some("ann")));
    assert_eq!(listing_of(&source, "code-3/Users/").await, &items[1..]);
    assert_eq!(bytes_of(&source, &items[1]).await, b"code-3");
    let places = source.places().await.unwrap();
    let told: Vec<(&str, Looked)> = places.iter().map(|it| (it.name.as_str(), it.looked)).collect();
    let deleted = ("code-2 (soft-deleted)", Looked::CannotBeLookedAt);
    let expected = [("code-1", Looked::Looked), ("code-3", Looked::Looked), deleted];
    assert_eq!(told, expected);
    let end = source.rewrite(&items[0], form(b"new")).await.unwrap();
    assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    assert_eq!(source.erase(&items[1]).await.unwrap(), Erased::Done);
    assert!(source.remains("code-3/Users/ann/a.ipynb").await.unwrap().is_empty());
    assert_eq!(server.get("code-1", "Users/ann/a.ipynb").unwrap(), b"new");
    assert_eq!(server.names("other").len(), 1);
    // After a week nobody can restore it, and there is nothing to be told.
    server.advance_clock(jiff::SignedDuration::from_hours(24 * 7));
    assert_eq!(source.places().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_held_is_reported_and_stays_as_it_is() {
    let world = FileServerWorld::new().await;
    let names = ["forbidden", "leased", "open", "pending", "read-only"];
    for name in names {
        world.put(name, b"about ann").await;
    }
    let items = listing(world.source()).await;
    let server = &world.server;
    server.alter(SHARE, "forbidden", |file| file.is_forbidden = true);
    server.alter(SHARE, "leased", |file| file.lease = Some("l".to_owned()));
    server.alter(SHARE, "pending", |file| file.is_pending = true);
    server.alter(SHARE, "read-only", |file| {
        file.info.attributes = "ReadOnly | Archive".to_owned();
    });
    server.open(SHARE, "open", false);
    let words = [
        (Block::Lock, "AuthorizationPermissionMismatch"),
        (Block::Lease, "LeaseAlreadyPresent"),
        (Block::Lock, "SharingViolation"),
        (Block::Lock, "DeletePending"),
        (Block::Lock, "ReadOnlyAttribute"),
    ];
    let before = server.everything(SHARE);
    for (item, (block, word)) in items.iter().zip(words) {
        let expected = Barrier::new(block, word);
        let Erased::Blocked(barrier) = world.source().erase(item).await.unwrap() else {
            panic!("{word}")
        };
        assert_eq!(barrier, expected);
        let end = world.source().rewrite(item, form(b"new")).await.unwrap();
        let Rewritten::Blocked(barrier) = end else { panic!("{word}: {end:?}") };
        assert_eq!(barrier, expected);
    }
    assert!(server.everything(SHARE) == before, "no lease of ours is left, and no draft");
    for (number, word) in
        [(0, "forbidden: AuthorizationPermissionMismatch"), (2, "locked: SharingViolation")]
    {
        let read = world.source().read(&items[number]).await.unwrap();
        assert!(matches!(read, Read::Refused(why) if why == word), "{word}");
    }
    // Open, and others may do what they like: what is erased is gone once it is closed.
    server.close(SHARE, "open");
    server.open(SHARE, "open", true);
    assert_eq!(world.source().erase(&items[2]).await.unwrap(), Erased::Done);
    assert_eq!(world.source().remains("open").await.unwrap().len(), 1, "it is there still");
    server.close(SHARE, "open");
    assert!(world.source().remains("open").await.unwrap().is_empty());
}

/// A listing tells nothing of what a program writes before it closes the file.
#[tokio::test]
async fn what_somebody_has_open_is_not_taken_for_what_it_was() {
    let world = FileServerWorld::new().await;
    for name in ["a/One.txt", "a/two.txt", "b/three.txt", "b/four.txt"] {
        world.put(name, b"as it was").await;
    }
    world.server.snapshot(SHARE);
    // Known to say nothing beside the bytes.
    let before = listing(world.source()).await;
    assert!(world.source().list("", None).await.unwrap().in_use.is_empty());
    world.server.alter_account(|account| account.page_max = 1);
    for name in ["a/One.txt", "b/three.txt"] {
        world.server.open(SHARE, name, true);
        world.server.write_open(SHARE, name, b"about ann, and longer");
    }
    let page = world.source().list("", None).await.unwrap();
    assert_eq!(Vec::from_iter(&page.in_use), ["a/One.txt", "b/three.txt"]);
    for item in page.items {
        let old = before.iter().find(|it| it.place() == item.place()).unwrap();
        assert_eq!(item.etag, old.etag, "nothing told that it is another");
        let expected = if page.in_use.contains(&item.name) { 21 } else { 9 };
        let bytes = bytes_of(world.source(), &item).await;
        assert_eq!(bytes.len(), expected, "{}", item.name);
    }
    let of_snapshot = world.source().list("", page.next.as_deref()).await.unwrap();
    assert!(of_snapshot.in_use.is_empty() && of_snapshot.items.len() == 4);
    world.server.close(SHARE, "b/three.txt");
    let page = world.source().list("", None).await.unwrap();
    assert_eq!(Vec::from_iter(&page.in_use), ["a/One.txt"]);
    // Where it is not told, anything may be open.
    world.server.alter_account(|account| account.lists_handles = false);
    assert_eq!(world.source().list("", None).await.unwrap().in_use.len(), 4);
}

#[tokio::test]
async fn everything_but_the_bytes_stays() {
    let world = FileServerWorld::new().await;
    let pairs = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    world.server.put_with(SHARE, "Users/Ann/N.ipynb.", b"about ann", |file| {
        file.content = pairs(&[
            ("content-type", "application/x-ipynb+json"),
            ("content-encoding", "identity"),
            ("content-language", "ja, de"),
            ("content-disposition", "attachment; filename=\"n 1.ipynb\""),
            ("cache-control", "no-cache"),
        ]);
        file.info.metadata = pairs(&[("owner", "team = a&b"), ("stage", "train")]);
        file.info.attributes = "Archive | Hidden".to_owned();
        file.info.created = "2020-01-02T03:04:05.1234567Z".parse().unwrap();
        file.info.written = "2021-02-03T04:05:06.7654321Z".parse().unwrap();
    });
    let permission = "4000000000000000000*3333333333333333333";
    world.server.alter_account(|account| {
        let share = account.shares.get_mut(SHARE).unwrap();
        share.permissions.insert(permission.to_owned(), "O:SYG:SY".to_owned());
    });
    world.server.alter(SHARE, "Users/Ann/N.ipynb.", |file| {
        file.info.permission = permission.to_owned();
    });
    let item = listing(world.source()).await.remove(0);
    assert_eq!(item.modified.unwrap().to_string(), "2021-02-03T04:05:06.7654321Z");
    assert_eq!(item.metadata["owner"], "team = a&b");
    let before = world.server.file(SHARE, &item.name).unwrap();
    let new = NewForm {
        content_type: item.content_type.clone(),
        properties: item.properties.clone(),
        metadata: item.metadata.clone(),
        ..form(b"about [erased]")
    };
    let end = world.source().rewrite(&item, new).await.unwrap();
    assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    let mut after = world.server.file(SHARE, &item.name).unwrap();
    assert_eq!(after.bytes, "about [erased]");
    let [now, then] = [&after.info, &before.info];
    assert_ne!(now.etag, then.etag);
    (after.info.id, after.info.etag) = (then.id, then.etag.clone());
    after.bytes = before.bytes.clone();
    assert_eq!(after, before, "but for the bytes and what the service makes itself");
    assert_eq!(world.names().await, ["Users/Ann/N.ipynb."]);
}

#[tokio::test]
async fn what_comes_while_the_draft_is_written_stays_and_the_draft_goes() {
    let world = Arc::new(FileServerWorld::new().await);
    world.put("a", b"about ann").await;
    let item = listing(world.source()).await.remove(0);
    let meanwhile = Arc::clone(&world);
    let bytes = stream::once(async move {
        assert_eq!(meanwhile.server.names(SHARE).len(), 2, "the file and the draft");
        let shown = listing(meanwhile.source()).await;
        assert_eq!(shown.len(), 1, "the draft is nobody's item");
        meanwhile.put("a", b"somebody else's").await;
        Ok(Bytes::from_static(b"new"))
    });
    let end = world.source().rewrite(&item, NewForm { bytes: bytes.boxed(), ..form(b"new") }).await;
    assert_eq!(end.unwrap(), Rewritten::Changed);
    let left = world.server.everything(SHARE);
    assert_eq!(left.len(), 1);
    let file = left[0].1.as_ref().unwrap();
    assert_eq!((&file.bytes[..], &file.lease), (&b"somebody else's"[..], &None));
}

#[tokio::test]
async fn two_that_rewrite_at_once_do_not_mix_their_bytes() {
    let world = FileServerWorld::new().await;
    world.put("a", b"about ann").await;
    let item = listing(world.source()).await.remove(0);
    let all: Vec<Vec<u8>> = (1..=4_u8).map(|n| vec![n; 5_000_000]).collect();
    let ends = all.iter().map(|bytes| world.source().rewrite(&item, form(bytes)));
    let ends = futures::future::join_all(ends).await;
    let is_done = |end: &Result<Rewritten, Failure>| matches!(end, Ok(Rewritten::Done { .. }));
    let done: Vec<usize> = (0..4).filter(|n| is_done(&ends[*n])).collect();
    assert_eq!(done.len(), 1, "{ends:?}");
    assert!(world.get("a").await.unwrap() == all[done[0]]);
    assert_eq!(world.names().await, ["a"]);
    assert_eq!(world.server.file(SHARE, "a").unwrap().lease, None);
}

/// Who is killed amid a rewrite leaves the old bytes or the new ones, and whoever comes next brings
/// it to its end, with neither a draft nor a lease left.
#[tokio::test]
async fn whoever_is_killed_amid_a_rewrite_is_made_up_for() {
    let whole = killed_at(u64::MAX).await;
    assert!((8..20).contains(&whole), "{whole} requests");
    let kills = (1..=whole).map(killed_at);
    let ran: Vec<u64> = stream::iter(kills).buffer_unordered(RUNS_AT_ONCE).collect().await;
    assert_eq!(ran.len() as u64, whole);
}

/// Gives the requests of the rewrite; it is killed while its request of that number is under way,
/// which the service does all the same.
async fn killed_at(number: u64) -> u64 {
    let world = FileServerWorld::new().await;
    world.put("Users/ann/a.ipynb", b"about ann").await;
    world.put("Users/ann/b.ipynb", b"about bob").await;
    let item = listing(world.source()).await.remove(0);
    let before = world.server.requests();
    if number != u64::MAX {
        world.server.fail(number, Fault::Late(Duration::from_millis(1_000)));
    }
    let rewriting = world.source().rewrite(&item, form(&[7; 5_000_000]));
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
    let next = ShareSource::open("notebooks", &world.server.share(SHARE)).unwrap();
    let [now, other] = <[Item; 2]>::try_from(listing(&next).await).unwrap();
    assert!(other.name.ends_with("b.ipynb"), "and no draft, killed at {number}");
    let bytes = bytes_of(&next, &now).await;
    let is_new = bytes == [7; 5_000_000];
    assert!(is_new || bytes == b"about ann", "killed at {number}: {} bytes", bytes.len());
    if !is_new {
        let end = next.rewrite(&now, form(&[7; 5_000_000])).await.unwrap();
        assert!(matches!(end, Rewritten::Done { .. }), "killed at {number}: {end:?}");
    }
    let left = world.server.everything(SHARE);
    let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 4, "killed at {number}: {names:?}");
    let is_free =
        |(_, file): &(String, Option<File>)| file.as_ref().is_none_or(|file| file.lease.is_none());
    assert!(left.iter().all(is_free), "killed at {number}: a lease is left");
    requests
}

async fn reached(server: &FileServer, requests: u64) {
    while server.requests() < requests {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_draft_that_was_left_is_removed_once_nobody_writes_it() {
    let world = FileServerWorld::new().await;
    world.put("a", b"about ann").await;
    let etag = listing(world.source()).await.remove(0).etag;
    world.put(&drafts::beside("a", &etag), b"of a killed process").await;
    let own = ".dsrd-0123456789abcdef0123456789abcdef0123456789.new";
    world.put(own, b"somebody's own").await;
    let names: Vec<String> =
        listing(world.source()).await.into_iter().map(|item| item.name).collect();
    assert_eq!(names, [own, "a"]);
    assert_eq!(world.names().await.len(), 3, "somebody may be writing it");
    world.server.advance_clock(jiff::SignedDuration::from_mins(61));
    assert_eq!(listing(world.source()).await.len(), 2);
    assert_eq!(world.names().await, [own, "a"]);
}

/// It may be the last to speak of somebody: nobody who is looked for is hidden by it.
#[tokio::test]
async fn a_draft_whose_file_is_another_by_now_goes_at_once_or_is_listed() {
    let world = FileServerWorld::new().await;
    for is_gone in [false, true] {
        for is_held in [false, true] {
            world.put("Users/a", b"about ann and bob").await;
            world.put("Users/b", b"nobody").await;
            let etag = listing(world.source()).await.remove(0).etag;
            let draft = drafts::beside("Users/a", &etag);
            world.put(&draft, b"about bob").await;
            assert_eq!(listing(world.source()).await.len(), 2, "it says what its file says");
            match is_gone {
                true => world.server.delete(SHARE, "Users/a"),
                false => world.put("Users/a", b"about nobody").await,
            }
            if is_held {
                world.server.open(SHARE, &draft, false);
            }
            let shown = listing(world.source()).await;
            assert_eq!(shown.iter().any(|item| item.name == draft), is_held, "{is_gone}");
            assert_eq!(world.names().await.contains(&draft), is_held, "{is_gone}");
            if is_held {
                world.server.delete(SHARE, &draft);
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
        // Who lost the answer cannot know who did it.
        let is_lost = matches!(fault, Fault::LostAnswer | Fault::HalfAnswer);
        let same = |(ran, expected): (&String, &String)| {
            let others = ["AlreadyAbsent", "Changed"].map(|it| expected.replace("Done", it));
            ran == expected || is_lost && others.contains(ran)
        };
        let all = run.answers.iter().zip(&good.answers).all(same);
        assert!(all && run.answers.len() == good.answers.len(), "{what}: {:?}", run.answers);
    }
}

/// The bytes of a file, and the lease on it.
type Left = (Bytes, Option<String>);

/// What a run of a small script was told, and what it left.
struct Run {
    answers: Vec<String>,
    left: Vec<(String, Option<Left>)>,
    requests: u64,
}

/// On a server of its own, reads everything, rewrites one file and erases what is of Ann.
async fn run(plan: Option<(u64, Fault)>) -> Run {
    let server = FileServer::start().await;
    server.create_share(SHARE);
    server.put(SHARE, "Users/ann/a", b"first");
    server.snapshot(SHARE);
    server.put(SHARE, "Users/ann/a", &[7; 4_000]);
    server.put_with(SHARE, "Users/bob/b", b"about ann", |file| {
        file.info.metadata.insert("owner".to_owned(), "bob".to_owned());
    });
    if let Some((number, fault)) = plan {
        server.fail(number, fault);
    }
    let world = FileServerWorld::over(server);
    let answers = script(world.source()).await;
    let left = world.server.everything(SHARE).into_iter();
    let left = left.map(|(name, file)| (name, file.map(|file| (file.bytes, file.lease))));
    Run { answers, left: left.collect(), requests: world.server.requests() }
}

/// What is said by whoever reads everything, rewrites one file of Bob and erases all others.
pub async fn script(source: &dyn Walked) -> Vec<String> {
    let (mut items, mut marker) = (Vec::new(), None::<String>);
    loop {
        match again(|| source.list("", marker.as_deref())).await {
            Ok(page) => {
                items.extend(page.items);
                marker = page.next;
            }
            Err(failure) => return vec![told(&failure)],
        }
        if marker.is_none() {
            break;
        }
    }
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
    for item in &items {
        let end = if item.name == "Users/bob/b" && item.version == Version::Current {
            let end = again(|| source.rewrite(item, form(b"about [erased]"))).await;
            end.map(|end| match end {
                Rewritten::Done { .. } => "Done".to_owned(),
                other => format!("{other:?}"),
            })
        } else {
            again(|| source.erase(item)).await.map(|erased| format!("{erased:?}"))
        };
        answers.push(end.unwrap_or_else(|failure| told(&failure)));
    }
    for name in ["Users/ann/a", "Users/bob/b"] {
        let remains = again(|| source.remains(name)).await;
        answers.push(remains.map_or_else(|e| told(&e), |items| format!("{} remain", items.len())));
    }
    answers
}

/// As the worker does: what may pass is tried again.
pub async fn again<T, F>(call: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    match call().await {
        Err(failure) if failure.is_transient() => call().await,
        done => done,
    }
}

pub fn told(failure: &Failure) -> String {
    format!("failure: {}", failure.chain())
}

#[tokio::test]
async fn who_lacks_a_right_is_told_before_it_is_needed() {
    let world = FileServerWorld::new().await;
    assert!(world.source().lacks().await.unwrap().is_empty());
    let sas = dsrd::config::secret::Secret::new("sv=1&sig=bad".to_owned());
    let share = world.server.share_by(SHARE, Credential::Sas(sas));
    let stranger = ShareSource::open("notebooks", &share).unwrap();
    let failure = stranger.ping().await.unwrap_err();
    assert!(!failure.is_transient() && !failure.chain().contains("bad"), "{}", failure.chain());
    let lacks = stranger.lacks().await.unwrap();
    let purposes: Vec<&str> = lacks.iter().map(|lack| lack.purpose).collect();
    let expected = [
        "lease and rewrite files",
        "delete files",
        "know of snapshots and deleted shares",
        "know which files are open, and read no others twice",
    ];
    assert_eq!(purposes, expected);
}

/// The program itself: export, redaction in a notebook, erasure, second look; and a snapshot, which
/// keeps an erasure from being complete until it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_serves_requests_over_a_share() {
    let server = FileServer::start().await;
    server.create_share(SHARE);
    let notebook = |text: &str| {
        let cell = json!({ "cell_type": "markdown", "metadata": {}, "source": [text] });
        json!({ "cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5 }).to_string()
    };
    server.put(SHARE, "Users/bob/shared.ipynb", notebook("ask ann@contoso.com").as_bytes());
    server.put(SHARE, "Users/bob/own.ipynb", notebook("ask nobody").as_bytes());
    server.put(SHARE, "Users/bob/plain.txt", b"ask nobody");
    server.put(SHARE, "Users/ann/.ipynb_checkpoints/a.ipynb", b"by ann@contoso.com");
    server.create_directory(SHARE, "Users/ann@contoso.com");
    let home = Home::new();
    let settings = format!(
        "[[sources]]\nname = \"notebooks\"\nurl = \"{}/code-*\"\nservice = \"files\"\n\
         credential = \"account_key\"\naccount_key = \"{}\"\n\
         [[policy]]\nsource = \"notebooks\"\npath = \"Users/bob/**\"\naction = \"redact\"\n",
        server.endpoint(),
        crate::support::file_server::entry::KEY
    );
    home.write("dsrd.toml", &settings);
    let shown = home.done(&["config", "--config", "dsrd.toml"]);
    assert!(shown.contains("code-*") && !shown.contains("b3duIGtleQ"), "{shown}");
    let checked = home.run(&["check", "--config", "dsrd.toml"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);

    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    let send = |id: &str, kind: &str| {
        let draft = home.request(id, kind, &[("email", "ann@contoso.com")]);
        let incoming = home.path("dsrd-data/queue/incoming").join(format!("{id}.json"));
        std::fs::rename(draft, incoming).unwrap();
    };
    send("r-1", "access");
    let completed = home.wait_for_event("r-1", "completed");
    assert_eq!(completed["data"]["results_count"], 3, "{completed:#}");

    // Bob writes while he has it open: nothing but its bytes tells of it.
    server.open(SHARE, "Users/bob/own.ipynb", true);
    server.write_open(SHARE, "Users/bob/own.ipynb", notebook("ask ann@contoso.com").as_bytes());
    send("r-open", "access");
    let completed = home.wait_for_event("r-open", "completed");
    assert_eq!(completed["data"]["results_count"], 4, "{completed:#}");
    assert_eq!(completed["data"]["counts"]["known"], 1, "{completed:#}");
    server.write_open(SHARE, "Users/bob/own.ipynb", notebook("ask nobody").as_bytes());
    server.close(SHARE, "Users/bob/own.ipynb");

    let at = server.snapshot(SHARE);
    send("r-2", "erasure");
    let partial = home.wait_for_event("r-2", "partially_completed");
    let outcomes = &partial["data"]["counts"]["outcomes"];
    assert_eq!(*outcomes, json!({ "blocked": 3, "erased": 2, "redacted": 1 }), "{partial:#}");
    assert!(partial["data"]["horizon"]["unrecoverable_after"].is_null(), "{partial:#}");
    let names = ["Users/bob/own.ipynb", "Users/bob/shared.ipynb", "Users/bob/plain.txt"];
    let stay = [names[0], names[2], names[1]];
    assert_eq!(server.names(SHARE), stay);
    let paths: Vec<String> = server.everything(SHARE).into_iter().map(|it| it.0).collect();
    assert!(!paths.iter().any(|path| path.contains("ann")), "{paths:?}");
    let shared = String::from_utf8(server.get(SHARE, names[1]).unwrap()).unwrap();
    assert!(!shared.contains("ann@") && shared.contains("nbformat"), "{shared}");
    assert_eq!(server.get(SHARE, names[0]).unwrap(), notebook("ask nobody").as_bytes());

    server.delete_snapshot(SHARE, &at);
    server.put(SHARE, "Users/bob/new.txt", b"of ann@contoso.com");
    server.put(SHARE, "Users/eve/new.txt", b"of ann@contoso.com");
    send("r-3", "erasure");
    let completed = home.wait_for_event("r-3", "completed");
    assert!(completed["data"]["horizon"]["unrecoverable_after"].is_string(), "{completed:#}");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("ann@") && !log.contains(".ipynb"), "{log}");
}
