//! What a share holds and does not give out, over a file server of our own: names that no request
//! can say, files that are closed to us, drafts and leases that were left, and snapshots.

use dsrd::adapters::azure::drafts;
use dsrd::adapters::azure_files::changing::lease::{self, Leased};
use dsrd::adapters::azure_files::file;
use dsrd::adapters::azure_files::share::Share;
use dsrd::adapters::azure_files::source::ShareSource;
use dsrd::adapters::azure_lake::path;
use dsrd::domain::item::{Kind, Version};
use dsrd::domain::outcome::{Block, IN_A_SHARE_SNAPSHOT};
use dsrd::evidence::certificate::page::texts::MEANT;
use dsrd::ports::sources::{Erased, Read, Rewritten, Walked};

use serde_json::Value;

use crate::rewrite_contract::form;
use crate::source_contract::{bytes_of, listing, listing_of};
use crate::support::worlds::{FileServerWorld, World};

const SHARE: &str = FileServerWorld::SHARE;

/// What the services of files are known to answer.
const SPECIFICATION: &str = include_str!("../openapi/azure-files.json");

/// Linux calls `notes: ann` so on a mounted share.
const FILE: &str = "Users/ann/notes\u{f022} ann";
const DIRECTORY: &str = "Users/ann/why\u{f025}/";

/// Whatever keeps a file from being changed is told in words to whoever reads of it. What a lease
/// is called tells of itself.
#[test]
fn each_code_that_forbids_a_change_has_a_sentence() {
    let published: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let published = published["codes"].as_array().unwrap().iter();
    let codes = published.map(|code| code.as_str().unwrap()).chain(["FileOpenBySmbClient"]);
    let mut met = 0;
    for code in codes {
        let is_of_rights = code.starts_with("Authorization") && !is_of_all(code);
        let statuses: &[u16] = if is_of_rights { &[403] } else { &[409, 412, 500] };
        for status in statuses {
            let barriers = [file::barrier(*status, code), path::barrier(*status, code)];
            for barrier in barriers.into_iter().flatten() {
                met += 1;
                let is_plain = matches!(barrier.block, Block::Lease | Block::LegalHold);
                let has = MEANT.iter().any(|codes| codes.contains(&code));
                assert!(is_plain || has, "{}", barrier.detail());
            }
        }
    }
    assert!(met > 8, "{met} codes forbid a change");
    assert!(MEANT.iter().any(|codes| codes.contains(&IN_A_SHARE_SNAPSHOT)));
}

/// What is a word about everything, and no outcome of one file.
fn is_of_all(code: &str) -> bool {
    ["ProtocolMismatch", "ResourceTypeMismatch", "ServiceMismatch", "SourceIPMismatch"]
        .iter()
        .any(|end| code.ends_with(end))
}

async fn names_of(world: &FileServerWorld) -> Vec<String> {
    listing(world.source()).await.into_iter().map(|item| item.name).collect()
}

#[tokio::test]
async fn names_that_no_request_can_say_are_listed_and_told_as_unread() {
    let world = FileServerWorld::new().await;
    let inside = format!("{DIRECTORY}in it");
    let (bent, below) = ("Users/ann/x\\y", "Users/ann/z\\/below");
    for path in ["Users/ann/a", FILE, &inside, bent, below, "Users/bob/b"] {
        world.put(path, b"about ann").await;
    }
    let before = world.server.everything(SHARE);
    let items = listing(world.source()).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    let expected = ["Users/ann/a", FILE, DIRECTORY, bent, "Users/ann/z\\/", "Users/bob/b"];
    assert_eq!(names, expected);
    assert_eq!(items[2].kind, Kind::Directory);
    for number in [0, 5] {
        assert_eq!(bytes_of(world.source(), &items[number]).await, b"about ann");
    }
    let refusals = ["name: InvalidResourceName", "name: InvalidResourceName", "name", "name"];
    for (item, expected) in items[1..].iter().zip(refusals) {
        let read = world.source().read(item).await.unwrap();
        assert!(matches!(read, Read::Refused(why) if why == expected), "{expected}");
        assert!(world.source().erase(item).await.is_err(), "it is there still");
        assert_eq!(world.source().remains(&item.name).await.unwrap(), std::slice::from_ref(item));
    }
    assert!(world.source().rewrite(&items[1], form(b"new")).await.is_err());
    assert!(world.server.everything(SHARE) == before);
    // Whoever goes on behind such a directory is not told of it again.
    let other = ShareSource::open("other", &world.server.share(SHARE)).unwrap();
    let page = other.list("", Some(&format!("/{DIRECTORY}"))).await.unwrap();
    assert_eq!(page.items.len(), 3);
    // What is wanted of one is missing, and that is told.
    assert_eq!(listing_of(world.source(), DIRECTORY).await.len(), 1);
    assert!(other.list(&inside, None).await.is_err());
    for path in [FILE, bent] {
        world.server.delete(SHARE, path);
        assert!(world.source().remains(path).await.unwrap().is_empty());
    }
    assert!(world.source().remains("gone\u{f022}/a\u{f022}").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_refused_once_is_asked_again() {
    let world = FileServerWorld::new().await;
    world.server.put_with(SHARE, "a", b"bytes", |file| {
        file.info.metadata.insert("owner".to_owned(), "ann".to_owned());
        file.is_forbidden = true;
    });
    assert!(listing(world.source()).await[0].metadata.is_empty());
    world.server.alter(SHARE, "a", |file| file.is_forbidden = false);
    assert_eq!(listing(world.source()).await[0].metadata["owner"], "ann");
}

#[tokio::test]
async fn drafts_go_before_their_file_and_one_that_stays_is_listed() {
    let world = FileServerWorld::new().await;
    let path = "Users/ann/a.ipynb";
    let other = "Users/ann/b.ipynb";
    world.put(path, b"about ann").await;
    world.put(other, b"about ann").await;
    let items = listing(world.source()).await;
    let [draft, of_another] = [0, 1].map(|at| drafts::beside(&items[at].name, &items[at].etag));
    for path in [&draft, &of_another] {
        world.put(path, b"about ann").await;
    }
    assert_eq!(listing(world.source()).await.len(), 2, "drafts are hidden");
    world.server.open(SHARE, &draft, false);
    let failure = world.source().erase(&items[0]).await.unwrap_err();
    assert!(failure.is_transient(), "{}", failure.chain());
    let file = world.server.file(SHARE, path).unwrap();
    assert_eq!((&file.bytes[..], file.lease), (&b"about ann"[..], None));
    world.server.advance_clock(jiff::SignedDuration::from_mins(61));
    assert_eq!(names_of(&world).await, [draft.as_str(), path, other], "it is open");
    world.put(&of_another, b"about ann").await;
    world.server.close(SHARE, &draft);
    assert_eq!(world.source().erase(&items[0]).await.unwrap(), Erased::Done);
    assert_eq!(world.names().await, [of_another.as_str(), other]);
}

#[tokio::test]
async fn a_draft_in_a_snapshot_is_an_item_as_others_are() {
    let world = FileServerWorld::new().await;
    let draft = drafts::beside("a", "0x1");
    world.put(&draft, b"about ann").await;
    let at = world.server.snapshot(SHARE);
    let items = listing(world.source()).await;
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0].name, &items[0].version), (&draft, &Version::ShareSnapshot(at)));
    assert_eq!(bytes_of(world.source(), &items[0]).await, b"about ann");
}

#[tokio::test]
async fn a_walk_amid_snapshots_that_is_refused_is_not_over() {
    let world = FileServerWorld::new().await;
    world.put("a", b"about ann").await;
    world.server.snapshot(SHARE);
    world.server.snapshot(SHARE);
    let first = world.source().list("", None).await.unwrap().next.unwrap();
    world.server.alter_account(|account| account.lists_shares = false);
    let failure = world.source().list("", Some(&first)).await.unwrap_err();
    assert!(failure.is_transient(), "{}", failure.chain());
    world.server.alter_account(|account| account.lists_shares = true);
    let second = world.source().list("", Some(&first)).await.unwrap();
    assert!(second.items.len() == 1 && second.next.is_some());
}

#[tokio::test]
async fn what_is_erased_is_erased_whatever_becomes_of_its_directories() {
    let world = FileServerWorld::new().await;
    world.put("Users/ann/a", b"about ann").await;
    world.server.create_directory(SHARE, "Users/bob/none");
    let items = listing(world.source()).await;
    world.server.alter_account(|account| account.deletes_directories = false);
    assert_eq!(world.source().erase(&items[0]).await.unwrap(), Erased::Done);
    assert!(world.source().erase(&items[1]).await.is_err());
    assert_eq!(names_of(&world).await, ["Users/ann/", "Users/bob/none/"]);
}

#[tokio::test]
async fn a_lease_is_of_one_state_and_whoever_comes_next_in_it_takes_it_over() {
    let world = FileServerWorld::new().await;
    world.put("a", b"about ann").await;
    let old = listing(world.source()).await.remove(0);
    world.put("a", b"about bob").await;
    let new = listing(world.source()).await.remove(0);
    let share = Share::open(&world.server.share(SHARE)).unwrap();
    let Leased::Ours(id) = lease::take(&share, "a", &new.etag).await.unwrap() else { panic!() };
    assert_eq!(world.source().erase(&old).await.unwrap(), Erased::Changed);
    assert_eq!(world.source().rewrite(&old, form(b"new")).await.unwrap(), Rewritten::Changed);
    lease::give_back(&share, "a", &old.etag).await;
    let held = || world.server.file(SHARE, "a").unwrap().lease;
    assert_eq!(held(), Some(id), "the one of the newer attempt");
    assert_eq!(bytes_of(world.source(), &new).await, b"about bob");
    assert_eq!(held(), None, "who reads it gives back what was left");
    lease::take(&share, "a", &new.etag).await.unwrap();
    assert_eq!(world.source().erase(&new).await.unwrap(), Erased::Done);
}
