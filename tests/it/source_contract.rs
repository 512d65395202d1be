//! The promises of the `Source` port, kept by every adapter.

use std::collections::BTreeSet;

use dsrd::adapters::folder::source::FolderSource;
use dsrd::domain::item::{Item, Kind, Version};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Followed, NewForm, Read, Rewritten, Source, Walked};
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::rewrite_contract::{form, rewrites};
use crate::support::worlds::{FolderWorld, MemoryWorld, World};

/// The suite.
pub async fn keeps_the_contract(world: &dyn World) {
    is_empty_at_first(world).await;
    lists_and_reads_what_is_there(world).await;
    lists_what_begins_with_a_prefix(world).await;
    reads_big_and_empty_items(world).await;
    gives_only_the_bytes_that_were_listed(world).await;
    erases_under_the_etag_alone(world).await;
    erases_twice_as_once(world).await;
    addresses_odd_names_exactly(world).await;
    refuses_names_that_climb(world).await;
    rewrites(world).await;
}

async fn is_empty_at_first(world: &dyn World) {
    world.source().ping().await.unwrap();
    assert!(listing(world.source()).await.is_empty());
    assert!(world.source().remains("a/b").await.unwrap().is_empty());
}

async fn lists_and_reads_what_is_there(world: &dyn World) {
    world.put("ExperimentRun/dcid.run1/log.txt", b"one").await;
    world.put("ExperimentRun/dcid.run10/log.txt", b"ten").await;
    let items = listing(world.source()).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["ExperimentRun/dcid.run1/log.txt", "ExperimentRun/dcid.run10/log.txt"]);
    for (item, bytes) in items.iter().zip(["one", "ten"]) {
        assert_eq!(item.source, world.source().name());
        assert!(item.version == Version::Current && item.size == 3 && !item.etag.is_empty());
        assert_eq!(bytes_of(world.source(), item).await, bytes.as_bytes());
    }
    clear(world).await;
}

async fn lists_what_begins_with_a_prefix(world: &dyn World) {
    let mut names = odd_names();
    names.extend(["id.1/a", "id.1/b/c", "id.1/b.c", "id.10/a", "id.1.zip"].map(str::to_owned));
    names.retain(|name| world.takes(name));
    for name in &names {
        world.put(name, b"").await;
    }
    let all = listing(world.source()).await;
    assert_eq!(all.len(), names.len());
    let others = ["id.1/", "id.1", "id.1/b", "id.1/b/", "id", "id.2", "a", "i/", "/", "dir/x", "k"];
    let prefixes = others.into_iter().chain(names.iter().map(String::as_str));
    for prefix in prefixes {
        let found = listing_of(world.source(), prefix).await;
        let begin = all.iter().filter(|item| item.name.starts_with(prefix));
        assert!(found.iter().eq(begin), "{prefix:?}");
    }
    clear(world).await;
}

async fn reads_big_and_empty_items(world: &dyn World) {
    let big: Vec<u8> = (0..9_000_001_u32).map(|n| (n % 251) as u8).collect();
    world.put("big", &big).await;
    world.put("empty", b"").await;
    let items = listing(world.source()).await;
    assert_eq!(items.iter().map(|item| item.size).collect::<Vec<_>>(), [9_000_001, 0]);
    assert!(bytes_of(world.source(), &items[0]).await == big);
    assert!(bytes_of(world.source(), &items[1]).await.is_empty());
    clear(world).await;
}

async fn gives_only_the_bytes_that_were_listed(world: &dyn World) {
    world.put("a", b"first").await;
    world.put("b", b"first").await;
    world.put("empty", b"").await;
    let [a, b, empty] = <[Item; 3]>::try_from(listing(world.source()).await).unwrap();
    world.put("a", b"other").await;
    world.put("empty", b"no more").await;
    assert!(matches!(world.source().read(&a).await.unwrap(), Read::Changed));
    assert!(matches!(world.source().read(&empty).await.unwrap(), Read::Changed));
    world.source().erase(&b).await.unwrap();
    assert!(matches!(world.source().read(&b).await.unwrap(), Read::Absent));
    clear(world).await;
}

async fn erases_under_the_etag_alone(world: &dyn World) {
    world.put("run1", b"ann").await;
    world.put("run10", b"bob").await;
    let [seen, _] = <[Item; 2]>::try_from(listing(world.source()).await).unwrap();
    world.put("run1", b"eve").await;
    assert_eq!(world.source().erase(&seen).await.unwrap(), Erased::Changed);
    assert_eq!(world.get("run1").await.unwrap(), b"eve");

    let now = world.source().remains("run1").await.unwrap();
    assert_eq!(now.len(), 1, "the name and no name that begins with it");
    assert!(now[0].name == "run1" && now[0].etag != seen.etag);
    assert_eq!(world.source().erase(&now[0]).await.unwrap(), Erased::Done);
    assert_eq!(world.names().await, ["run10"]);
    assert!(world.source().remains("run1").await.unwrap().is_empty());
    clear(world).await;
}

async fn erases_twice_as_once(world: &dyn World) {
    world.put("a", b"once").await;
    let items = listing(world.source()).await;
    assert_eq!(world.source().erase(&items[0]).await.unwrap(), Erased::Done);
    assert_eq!(world.source().erase(&items[0]).await.unwrap(), Erased::AlreadyAbsent);
}

/// Names that a careless URL or path would turn into another name.
async fn addresses_odd_names_exactly(world: &dyn World) {
    let names: Vec<String> = odd_names().into_iter().filter(|name| world.takes(name)).collect();
    for name in &names {
        world.put(name, name.as_bytes()).await;
    }
    let items = listing(world.source()).await;
    let listed: BTreeSet<&str> = items.iter().map(|item| item.name.as_str()).collect();
    let expected: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(listed, expected);
    let mut left: BTreeSet<String> = names.iter().cloned().collect();
    for item in &items {
        assert_eq!(bytes_of(world.source(), item).await, item.name.as_bytes(), "{:?}", item.name);
        assert_eq!(world.source().remains(&item.name).await.unwrap().len(), 1, "{:?}", item.name);
        let erased = world.source().erase(item).await.unwrap();
        assert_eq!(erased, Erased::Done, "{:?}", item.name);
        assert!(world.source().remains(&item.name).await.unwrap().is_empty(), "{:?}", item.name);
        left.remove(&item.name);
        let names = world.names().await;
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), left, "after {:?}", item.name);
    }
}

pub fn odd_names() -> Vec<String> {
    let odd = [
        "a\tb",
        "ab",
        "a\nb",
        "a b",
        " a",
        "a ",
        "100%",
        "a%41",
        "a%2Fb",
        "aA",
        "a?b",
        "a#b",
        "a+b",
        "a&b=c",
        "a\\b",
        "a//b",
        "/a",
        "a.",
        "a..",
        "...",
        ".hidden",
        "dir/",
        "dir/.",
        "käse",
        "山",
        "ka\u{308}se",
        "😀/👩‍🔬",
        "<a>&\"'",
        "a;b,c:d@e!$'()*~^`{|}[]",
        "\u{feff}bom",
        "\u{7f}",
        "a\u{85}b",
    ];
    let mut names: Vec<String> = odd.map(str::to_owned).into();
    names.push(["x".repeat(250), "y".repeat(250), "z".repeat(250), "w".repeat(250)].join("/"));
    names.push("l".repeat(1024));
    // Dot segments are refused by every store that is addressed by URL or path.
    names.retain(|name| name.split('/').all(|segment| segment != "." && segment != ".."));
    names
}

async fn refuses_names_that_climb(world: &dyn World) {
    world.put("a", b"stays").await;
    let mut item = listing(world.source()).await.remove(0);
    for name in ["b/../a", "./a", "../a", "..", "."] {
        if world.takes(name) {
            continue;
        }
        item.name = name.to_owned();
        assert!(!matches!(world.source().read(&item).await, Ok(Read::Bytes(_))), "{name}");
        assert!(!matches!(world.source().erase(&item).await, Ok(Erased::Done)), "{name}");
        assert_eq!(world.get("a").await.unwrap(), b"stays");
    }
    clear(world).await;
}

/// More items than any page holds.
async fn lists_many_items_once(world: &dyn World, count: usize) {
    for n in 0..count {
        world.put(&format!("run{:03}/item{n}", n % 7), b"").await;
    }
    lists_exactly(world, count).await;
}

/// The listing runs over several pages, is sorted, and holds everything once.
pub async fn lists_exactly(world: &dyn World, count: usize) {
    let (mut names, mut marker, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = world.source().list("", marker.as_deref()).await.unwrap();
        names.extend(page.items.into_iter().map(|item| item.name));
        pages += 1;
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    assert!(pages > 2, "{pages} pages");
    assert!(names.is_sorted());
    assert_eq!(names.len(), count);
    names.dedup();
    assert_eq!(names, world.names().await);
    begins_at_a_name(world.source(), &names).await;
}

/// A listing that is begun at a name, whether it is held or not, shows what the whole one shows
/// from there on; a source may show more before that, or say that it does not do so.
async fn begins_at_a_name(source: &dyn Walked, names: &[String]) {
    let held = names[names.len() / 2].clone();
    for first in [held.clone() + "!", held] {
        let (mut shown, mut marker) = (Vec::new(), None);
        loop {
            let page = source.list_from(&first, marker.as_deref()).await.unwrap();
            let Some(page) = page else { return assert!(marker.is_none()) };
            shown.extend(page.items.into_iter().map(|item| item.name));
            marker = page.next;
            if marker.is_none() {
                break;
            }
        }
        shown.dedup();
        let from_there = names.iter().skip_while(|name| **name < first);
        assert!(shown.is_sorted() && shown.iter().rev().eq(names.iter().rev().take(shown.len())));
        assert!(shown.len() >= from_there.count());
    }
}

pub async fn listing(source: &dyn Walked) -> Vec<Item> {
    listing_of(source, "").await
}

pub async fn listing_of(source: &dyn Walked, prefix: &str) -> Vec<Item> {
    let (mut items, mut marker) = (Vec::new(), None);
    loop {
        let page = source.list(prefix, marker.as_deref()).await.unwrap();
        items.extend(page.items);
        marker = page.next;
        if marker.is_none() {
            return items;
        }
    }
}

pub async fn bytes_of(source: &dyn Walked, item: &Item) -> Vec<u8> {
    let Read::Bytes(bytes) = source.read(item).await.unwrap() else {
        panic!("no bytes for {:?}", item.name)
    };
    bytes.try_collect::<Vec<_>>().await.unwrap().concat()
}

pub async fn clear(world: &dyn World) {
    for item in listing(world.source()).await {
        assert_eq!(world.source().erase(&item).await.unwrap(), Erased::Done);
    }
    assert!(world.names().await.is_empty());
}

// ---------------------------------------------------------------- memory

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(&MemoryWorld::new()).await;
}

#[tokio::test]
async fn memory_lists_over_many_pages() {
    lists_many_items_once(&MemoryWorld::new(), 12_000).await;
}

#[tokio::test]
async fn memory_has_faults_when_told() {
    use dsrd::adapters::memory::sources::shelves::Fault;
    let world = MemoryWorld::new();
    world.put("a", b"0123456789").await;
    world.source.snapshot("a");
    world.source.keep_erased_for(SignedDuration::from_hours(24));
    let items = listing(&world.source).await;
    assert_eq!(items.len(), 2, "the current form and the snapshot");

    world.source.set_fault("a", Some(Fault::BreaksAfter(4)));
    let Read::Bytes(bytes) = world.source.read(&items[0]).await.unwrap() else { panic!() };
    assert!(bytes.try_collect::<Vec<_>>().await.unwrap_err().is_transient());
    world.source.set_fault("a", Some(Fault::Refuses("archived".to_owned())));
    assert!(
        matches!(world.source.read(&items[0]).await.unwrap(), Read::Refused(word) if word == "archived")
    );
    world.source.set_fault("a", Some(Fault::Blocks(Block::LegalHold)));
    assert_eq!(
        world.source.erase(&items[0]).await.unwrap(),
        Erased::Blocked(Barrier::new(Block::LegalHold, ""))
    );
    world.source.set_fault("a", None);
    world.source.fail_next(1);
    assert!(world.source.erase(&items[0]).await.unwrap_err().is_transient());

    assert_eq!(world.source.erase(&items[0]).await.unwrap(), Erased::Done);
    assert!(world.names().await.is_empty(), "snapshots go with the current form");
    let horizon = world.source.unrecoverable_after(&[], Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(horizon.unwrap().to_string(), "1970-01-02T00:00:00Z");
}

/// What the port says of tickets, in each way in which a service can end what it began.
#[tokio::test]
async fn memory_takes_its_time_when_told() {
    use dsrd::adapters::memory::sources::shelves::Fault;
    use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
    let ends = [
        (SlowEnd::Done, Followed::Done, false),
        (SlowEnd::DoneAndForgotten, Followed::Unknown, false),
        (SlowEnd::Forgotten, Followed::Unknown, true),
        (SlowEnd::Claimed, Followed::Done, true),
        (SlowEnd::Failed, Followed::Failed("gave_up".to_owned()), true),
    ];
    for (end, answer, stands) in ends {
        let world = MemoryWorld::new();
        world.put("a", b"x").await;
        let item = listing(world.source()).await.remove(0);
        let slow = Slow { looks: 1, look_in_ms: 70, end };
        world.source.set_fault("a", Some(Fault::Takes(slow)));
        let Erased::Begun(ticket) = world.source.erase(&item).await.unwrap() else { panic!() };
        let again = world.source.erase(&item).await.unwrap();
        assert!(matches!(again, Erased::Begun(_)), "{end:?}: {again:?}");
        assert_eq!(world.names().await, ["a"], "it is begun, and no more");
        let follow = async || world.source.follow(&item, &ticket.handle).await.unwrap();
        assert_eq!(follow().await, Followed::Running { look_in_ms: 70, handle: None, state: None });
        assert_eq!(follow().await, answer, "{end:?}");
        let left = world.source.remains("a").await.unwrap();
        assert_eq!(left.len(), usize::from(stands), "{end:?}");
    }
}

// ---------------------------------------------------------------- folder

#[tokio::test]
async fn folder_keeps_the_contract() {
    keeps_the_contract(&FolderWorld::new()).await;
}

#[tokio::test]
async fn folder_lists_over_many_pages() {
    lists_many_items_once(&FolderWorld::new(), 12_000).await;
}

#[tokio::test]
async fn folder_holds_names_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let world = FolderWorld::new();
    std::fs::write(world.path().join(OsStr::from_bytes(b"latin\xe9.log")), "one").unwrap();
    std::fs::write(world.path().join("latin%E9.log"), "another").unwrap();
    let items = listing(world.source()).await;
    assert_eq!(items.len(), 2);
    for (prefix, count) in [("latin%E9.log//", 1), ("latin%E9.log", 2), ("latin\u{e9}", 0)] {
        assert_eq!(listing_of(world.source(), prefix).await.len(), count, "{prefix}");
    }
    for item in items {
        let bytes = if item.name.ends_with("//") { "one" } else { "another" };
        assert_eq!(bytes_of(world.source(), &item).await, bytes.as_bytes());
        assert_eq!(world.source().erase(&item).await.unwrap(), Erased::Done);
    }
    assert!(world.names().await.is_empty());
}

#[tokio::test]
async fn folder_does_not_follow_links() {
    let world = FolderWorld::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    std::os::unix::fs::symlink(outside.path(), world.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), world.path().join("file")).unwrap();
    world.put("dir/secret", b"inside").await;
    let items = listing(world.source()).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["dir/secret", "file", "link"]);
    let below = Item { name: "link/secret".to_owned(), ..items[0].clone() };
    assert!(matches!(world.source().read(&below).await.unwrap(), Read::Absent));
    assert_eq!(world.source().erase(&below).await.unwrap(), Erased::AlreadyAbsent);
    assert!(world.source().remains("link/secret").await.unwrap().is_empty());
    for (item, target) in
        [(&items[1], outside.path().join("secret")), (&items[2], outside.path().to_owned())]
    {
        assert_eq!(item.kind, Kind::Link);
        let text = target.to_str().unwrap().as_bytes();
        assert_eq!(
            (bytes_of(world.source(), item).await, item.size),
            (text.to_vec(), text.len() as u64)
        );
        let end = world.source().rewrite(item, form(b"new")).await.unwrap();
        assert_eq!(end, Rewritten::Refused("link".into()));
        assert_eq!(world.source().erase(item).await.unwrap(), Erased::Done);
        assert!(world.source().remains(&item.name).await.unwrap().is_empty());
    }
    assert!(outside.path().join("secret").exists());
}

#[tokio::test]
async fn folder_erases_all_of_a_folder_at_once() {
    let world = FolderWorld::new();
    for number in 0..200 {
        world.put(&format!("a/b/{}/{number}", number % 20), b"about ann").await;
    }
    let items = listing(world.source()).await;
    let erasing = items.iter().map(|item| world.source().erase(item));
    let ends = futures::future::join_all(erasing).await;
    assert!(ends.iter().all(|end| matches!(end, Ok(Erased::Done))));
    assert!(listing(world.source()).await.is_empty() && !world.path().join("a").exists());
}

#[tokio::test]
async fn folder_knows_empty_directories_and_removes_what_an_erasure_empties() {
    let world = FolderWorld::new();
    for folder in ["Users/ann/none", "Users/eve/none", "ann"] {
        std::fs::create_dir_all(world.path().join(folder)).unwrap();
    }
    world.put("Users/bob/a/b", b"about ann").await;
    world.put("Users/eve/a", b"of eve").await;
    let items = listing(world.source()).await;
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(
        names,
        ["Users/ann/none/", "Users/bob/a/b", "Users/eve/a", "Users/eve/none/", "ann/"]
    );
    for (number, is_directory) in [(0, true), (1, false), (3, true), (4, true)] {
        let item = &items[number];
        assert_eq!((item.kind == Kind::Directory, item.size == 0), (is_directory, is_directory));
        assert!(is_directory == bytes_of(world.source(), item).await.is_empty());
        assert_eq!(world.source().remains(&item.name).await.unwrap(), std::slice::from_ref(item));
        if number == 3 {
            world.put("Users/eve/none/new", b"came meanwhile").await;
            assert_eq!(world.source().erase(item).await.unwrap(), Erased::AlreadyAbsent);
            continue;
        }
        assert_eq!(world.source().erase(item).await.unwrap(), Erased::Done);
        assert_eq!(world.source().erase(item).await.unwrap(), Erased::AlreadyAbsent);
    }
    let left = listing_of(world.source(), "").await;
    let left: Vec<&str> = left.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(left, ["Users/eve/a", "Users/eve/none/new"]);
    assert!(!world.path().join("Users/ann").exists() && !world.path().join("Users/bob").exists());
}

#[tokio::test]
async fn folder_rewrites_a_file_with_its_mode_and_its_age() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let world = FolderWorld::new();
    world.put("dir/a", b"about ann").await;
    let path = world.path().join("dir/a");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_234_567_890_123);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let before = std::fs::metadata(&path).unwrap();
    let item = listing(world.source()).await.remove(0);
    let end = world.source().rewrite(&item, form(b"about [erased]")).await.unwrap();
    assert!(matches!(end, Rewritten::Done { .. }), "{end:?}");
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (0o100_640, before.uid(), before.gid()));
    assert_eq!(after.modified().unwrap(), old);
    let now = listing(world.source()).await.remove(0);
    assert_eq!(now.modified, item.modified);
    assert_ne!(now.etag, item.etag, "though the file is as old");
}

#[tokio::test]
async fn folder_shows_no_draft_and_removes_one_that_was_left_behind() {
    let world = FolderWorld::new();
    world.put("a", b"about ann").await;
    let item = listing(world.source()).await.remove(0);
    let root = world.path().to_owned();
    let files = move || std::fs::read_dir(&root).unwrap().count();
    let (look, count) = (FolderSource::open("folder", world.path()), files.clone());
    let bytes = futures::stream::once(async move {
        assert_eq!(count(), 2, "the file and the draft");
        assert_eq!(listing(&look).await.len(), 1);
        Ok(b"new".to_vec().into())
    });
    let form = NewForm { bytes: bytes.boxed(), ..form(b"new") };
    assert!(matches!(world.source().rewrite(&item, form).await, Ok(Rewritten::Done { .. })));
    assert_eq!(files(), 1);
    // A killed process left one a while ago.
    let left = world.path().join(".dsrd-1a2b3c.new");
    std::fs::write(&left, "about bob").unwrap();
    let old = std::time::UNIX_EPOCH;
    std::fs::File::options().write(true).open(&left).unwrap().set_modified(old).unwrap();
    assert_eq!(listing(world.source()).await.len(), 1);
    assert!(!left.exists());
}

#[tokio::test]
async fn folder_that_is_missing_is_not_an_empty_one() {
    let world = FolderWorld::new();
    let source = FolderSource::open("gone", &world.path().join("no"));
    assert!(source.ping().await.is_err());
    assert!(source.list("", None).await.is_err());
    assert!(source.remains("a").await.is_err());
}
