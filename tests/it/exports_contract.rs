//! The promises of the `Exports` port, kept by every adapter.

use bytes::Bytes;
use dsrd::adapters::azure::exports::BlobExports;
use dsrd::adapters::azure::wire::answer::Trouble;
use dsrd::adapters::azure::wire::container::Container;
use dsrd::adapters::azure::wire::link;
use dsrd::adapters::folder::exports::FolderExports;
use dsrd::adapters::memory::exports::MemoryExports;
use dsrd::config::settings::Links;
use dsrd::domain::failure::FailureKind;
use dsrd::ports::exports::{Exports, Stored};
use futures::TryStreamExt;
use jiff::SignedDuration;
use reqwest::{Client, Method};

use crate::support::azurite::Azurite;
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::form::Which;
use crate::support::blob_server::server::BlobServer;

/// The suite.
async fn keeps_the_contract(exports: &dyn Exports) {
    exports.ping().await.unwrap();
    has_nothing_at_first(exports).await;
    shows_an_archive_once_it_is_whole(exports).await;
    replaces_an_archive(exports).await;
    takes_big_and_empty_archives(exports).await;
    for attempts in [(1, 2), (5, 33), (40, 41)] {
        keeps_attempts_apart(exports, attempts).await;
    }
}

async fn has_nothing_at_first(exports: &dyn Exports) {
    assert!(read(exports, "a.zip").await.is_none());
    exports.remove("a.zip").await.unwrap();
}

async fn shows_an_archive_once_it_is_whole(exports: &dyn Exports) {
    let mut upload = exports.create("a.zip", 1).await.unwrap();
    upload.write(Bytes::from_static(b"half")).await.unwrap();
    assert!(read(exports, "a.zip").await.is_none());
    drop(upload);
    assert!(read(exports, "a.zip").await.is_none());
    write(exports, "a.zip", &[b"one ", b"", b"two"]).await;
    assert_eq!(read(exports, "a.zip").await.unwrap(), b"one two");
    assert!(exports.url("a.zip").ends_with("a.zip"));
}

async fn replaces_an_archive(exports: &dyn Exports) {
    let mut upload = exports.create("a.zip", 1).await.unwrap();
    upload.write(Bytes::from_static(b"new")).await.unwrap();
    assert_eq!(read(exports, "a.zip").await.unwrap(), b"one two");
    assert_eq!(upload.finish().await.unwrap(), Stored::Whole);
    assert_eq!(read(exports, "a.zip").await.unwrap(), b"new");
    exports.remove("a.zip").await.unwrap();
    assert!(read(exports, "a.zip").await.is_none());
}

async fn takes_big_and_empty_archives(exports: &dyn Exports) {
    let big: Vec<u8> = (0..20_000_001_u32).map(|n| (n % 253) as u8).collect();
    let pieces: Vec<&[u8]> = big.chunks(1_000_003).collect();
    write(exports, "big.zip", &pieces).await;
    assert!(read(exports, "big.zip").await.unwrap() == big);
    write(exports, "empty.zip", &[]).await;
    assert_eq!(read(exports, "empty.zip").await.unwrap(), b"");
    for name in ["big.zip", "empty.zip"] {
        exports.remove(name).await.unwrap();
    }
}

/// A writer that was asleep while another took its work over.
async fn keeps_attempts_apart(exports: &dyn Exports, (one, other): (u64, u64)) {
    let mut earlier = exports.create("a.zip", one).await.unwrap();
    earlier.write(Bytes::from_static(b"earlier, first half")).await.unwrap();
    let mut later = exports.create("a.zip", other).await.unwrap();
    later.write(Bytes::from_static(b"later")).await.unwrap();
    earlier.write(Bytes::from_static(b" and second")).await.unwrap();
    assert_eq!(later.finish().await.unwrap(), Stored::Whole);
    // What it wrote may be refused or go nowhere; the archive is the later one's.
    let _refused = earlier.finish().await;
    assert_eq!(read(exports, "a.zip").await.unwrap(), b"later");
    exports.remove("a.zip").await.unwrap();
}

/// A writer that was asleep until what it writes was removed.
async fn brings_nothing_back(exports: &dyn Exports) {
    let mut asleep = exports.create("a.zip", 1).await.unwrap();
    asleep.write(Bytes::from_static(b"nobody's")).await.unwrap();
    exports.remove("a.zip").await.unwrap();
    asleep.finish().await.unwrap_err();
    assert!(read(exports, "a.zip").await.is_none());
    let mut later = exports.create("a.zip", 2).await.unwrap();
    later.write(Bytes::from_static(b"later")).await.unwrap();
    assert_eq!(later.finish().await.unwrap(), Stored::Whole);
    assert_eq!(read(exports, "a.zip").await.unwrap(), b"later");
    exports.remove("a.zip").await.unwrap();
}

async fn write(exports: &dyn Exports, name: &str, pieces: &[&[u8]]) {
    let mut upload = exports.create(name, 1).await.unwrap();
    for piece in pieces {
        upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    assert_eq!(upload.finish().await.unwrap(), Stored::Whole);
}

async fn read(exports: &dyn Exports, name: &str) -> Option<Vec<u8>> {
    let bytes = exports.open(name).await.unwrap()?;
    Some(bytes.try_collect::<Vec<_>>().await.unwrap().concat())
}

/// What was written once and cannot be written over says so, and stands as it did.
async fn tells_what_is_fixed(exports: &dyn Exports) {
    for pieces in [vec![Bytes::from_static(b"later")], vec![Bytes::from(vec![7; 9 << 20]); 2]] {
        let mut upload = exports.create("a.zip", 2).await.unwrap();
        for piece in pieces {
            upload.write(piece).await.unwrap();
        }
        assert_eq!(upload.finish().await.unwrap(), Stored::Fixed);
        assert_eq!(read(exports, "a.zip").await.unwrap(), b"first");
    }
}

#[tokio::test]
async fn what_a_policy_keeps_is_told_apart() {
    let memory = MemoryExports::new();
    memory.fix();
    write(&memory, "a.zip", &[b"first"]).await;
    tells_what_is_fixed(&memory).await;
    let server = BlobServer::start(Policy::default()).await;
    server.create_container("dsr-exports");
    let exports = BlobExports::open(&server.blob("dsr-exports"), Links::Plain).unwrap();
    for hold in [true, false] {
        write(&exports, "a.zip", &[b"first"]).await;
        let year = SignedDuration::from_hours(24 * 365);
        match hold {
            true => server.legal_hold("dsr-exports", "a.zip", &Which::Current, true),
            false => server.immutable("dsr-exports", "a.zip", &Which::Current, year),
        }
        tells_what_is_fixed(&exports).await;
        server.legal_hold("dsr-exports", "a.zip", &Which::Current, false);
    }
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(&MemoryExports::new()).await;
    brings_nothing_back(&MemoryExports::new()).await;
}

#[tokio::test]
async fn folder_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let exports = FolderExports::open(&folder.path().join("new/exports")).unwrap();
    keeps_the_contract(&exports).await;
    brings_nothing_back(&exports).await;
    let left = std::fs::read_dir(folder.path().join("new/exports")).unwrap().count();
    assert_eq!(left, 0, "nothing half written stays");
}

#[tokio::test]
async fn folder_archives_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let exports = FolderExports::open(folder.path()).unwrap();
    write(&exports, "a.zip", &[b"private"]).await;
    let mode = std::fs::metadata(folder.path().join("a.zip")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for name in ["../a.zip", "/etc/a.zip", "", ".", "..", "a/b.zip"] {
        assert!(exports.create(name, 1).await.is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn azurite_keeps_the_contract() {
    let azurite = Azurite::start().await;
    for (container, credential) in
        [("dsr-exports", azurite.account_key()), ("dsr-exports-2", azurite.sas("rwdlac"))]
    {
        let exports =
            BlobExports::open(&azurite.blob(container, credential), Links::Plain).unwrap();
        keeps_the_contract(&exports).await;
        assert!(azurite.names(container).await.is_empty(), "nothing half written stays");
        let url = azurite.container_url(container);
        assert_eq!(exports.url("a.zip"), format!("{url}/a.zip"), "no secret in it");
    }
}

/// Whoever has the link needs nothing else, and can do nothing else.
#[tokio::test]
async fn a_link_by_the_accounts_key_opens_one_archive_for_reading() {
    let azurite = Azurite::start().await;
    let blob = azurite.blob("dsr-exports", azurite.account_key());
    let exports = BlobExports::open(&blob, Links::Signed).unwrap();
    for name in ["r-1.zip", "r-2.zip.age"] {
        write(&exports, name, &[name.as_bytes()]).await;
    }
    let now = second(jiff::Timestamp::now());
    let day = now + SignedDuration::from_hours(24);
    let link = exports.link("r-1.zip", now, Some(day)).await.unwrap().unwrap();
    assert_eq!(link.until, day);
    assert_eq!(exports.url("r-1.zip"), link.expose().split('?').next().unwrap());
    assert_eq!(fetched(Method::GET, link.expose()).await, (200, "r-1.zip".to_owned()));
    let other = link.expose().replace("r-1.zip", "r-2.zip.age");
    for (method, url) in [(Method::GET, &*other), (Method::DELETE, link.expose())] {
        assert_eq!(fetched(method, url).await.0, 403);
    }
    let past = exports.link("r-1.zip", now, Some(now - SignedDuration::from_hours(1))).await;
    assert_eq!(fetched(Method::GET, past.unwrap().unwrap().expose()).await.0, 403);
    assert!(!format!("{link:?}").contains("sig="));
    let week = exports.link("r-1.zip", now, None).await.unwrap().unwrap();
    assert!(week.until <= now + SignedDuration::from_hours(7 * 24));
    let plain = BlobExports::open(&blob, Links::Plain).unwrap();
    assert!(plain.link("r-1.zip", now, None).await.unwrap().is_none());
    let sas = BlobExports::open(&azurite.blob("c", azurite.sas("r")), Links::Signed).unwrap();
    assert!(sas.link("r-1.zip", now, None).await.unwrap().is_none(), "ours is not given away");
}

/// The same by a key that the service gives out. Our server asks for no token, so it is entered
/// with an account key here.
#[tokio::test]
async fn a_delegated_link_opens_one_archive_for_reading() {
    let server = BlobServer::start(Policy::default()).await;
    server.create_container("dsr-exports");
    server.put("dsr-exports", "r-1.zip", b"archive");
    server.put("dsr-exports", "r-2.zip", b"another");
    let container = Container::open(&server.blob("dsr-exports")).unwrap();
    let now = second(server.now());
    let until = link::end(now, Some(now + SignedDuration::from_hours(24 * 30)));
    let url = link::delegated(&container, "r-1.zip", now, until).await.unwrap();
    assert_eq!(fetched(Method::GET, url.as_str()).await, (200, "archive".to_owned()));
    assert_eq!(fetched(Method::DELETE, url.as_str()).await.0, 403);
    let other = url.as_str().replace("r-1.zip", "r-2.zip");
    assert_eq!(fetched(Method::GET, &other).await.0, 403);
    let later = now + SignedDuration::from_hours(24 * 8);
    let refused = link::delegated(&container, "r-1.zip", now, later).await.unwrap_err();
    assert!(matches!(refused, Trouble::Refused { status: 400, .. }), "not for longer than a week");
    server.advance_clock(SignedDuration::from_hours(24 * 7));
    assert_eq!(fetched(Method::GET, url.as_str()).await.0, 403, "its time is over");
}

/// A way into a container for who writes and does nothing else.
#[tokio::test]
async fn a_delegated_way_in_is_for_writing_alone() {
    let server = BlobServer::start(Policy::default()).await;
    for container in ["dsr-logs", "dsr-others"] {
        server.create_container(container);
    }
    let container = Container::open(&server.blob("dsr-logs")).unwrap();
    let now = second(server.now());
    let url = link::delegated_writing(&container, now, link::end(now, None)).await.unwrap();
    let below = |container: &str, name: &str| {
        let url = url.as_str().replace("dsr-logs?", &format!("{container}{name}?"));
        assert_ne!(url.contains("dsr-others"), container == "dsr-logs");
        url
    };
    let put = async |url: String| {
        let request = Client::new().put(url).header("x-ms-blob-type", "BlockBlob").body("log");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(put(below("dsr-logs", "/activity.json")).await, 201);
    assert_eq!(put(below("dsr-others", "/activity.json")).await, 403);
    for (method, name) in
        [(Method::GET, "/activity.json"), (Method::DELETE, "/activity.json"), (Method::GET, "")]
    {
        let list = if name.is_empty() { "&restype=container&comp=list" } else { "" };
        let url = format!("{}{list}", below("dsr-logs", name));
        assert_eq!(fetched(method.clone(), &url).await.0, 403, "{method} {name}");
    }
    server.advance_clock(SignedDuration::from_hours(24 * 7));
    assert_eq!(put(below("dsr-logs", "/late.json")).await, 403, "its time is over");
}

fn second(time: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(time.as_second()).unwrap()
}

/// Status and body that somebody gets who has nothing but the URL.
async fn fetched(method: Method, url: &str) -> (u16, String) {
    let answer = Client::new().request(method, url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn azurite_that_refuses_archives_says_so_at_the_upload() {
    let azurite = Azurite::start().await;
    azurite.create_container("dsr-exports").await;
    let exports = BlobExports::open(&azurite.blob("dsr-exports", azurite.sas("rl")), Links::Plain);
    let exports = exports.unwrap();
    let mut upload = exports.create("a.zip", 1).await.unwrap();
    upload.write(Bytes::from_static(b"private")).await.unwrap();
    let failure = upload.finish().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert!(!format!("{failure:?}").contains("sig="));
}
