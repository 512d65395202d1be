//! The embedded default queue: what people and other programs drop into a folder.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use dsrd::adapters::folder::queue::{FolderQueue, submit};
use dsrd::domain::event::{Content, Correspondence, Envelope};
use dsrd::domain::request::RequestId;
use dsrd::ports::messages::announcer::{Announced, Announcer};
use dsrd::ports::messages::inbox::{Delivery, DeliveryToken, Inbox, Settlement};
use futures::FutureExt;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::time::timeout;

const MESSAGE_BYTES_MAX: usize = 1000;
/// Many polls: what has not come by then does not come.
const QUIET: Duration = Duration::from_millis(1500);
/// Far more than any delivery needs.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_request_is_taken_and_leaves_only_its_name() {
    let (root, queue) = queue();
    let name = submit(root.path(), b"{\"who\":\"ann\"}", "one.json", None).unwrap();

    let delivery = receive(&queue).await;
    assert_eq!(delivery.body, "{\"who\":\"ann\"}");
    assert_eq!(name_of(&delivery), name);
    queue.settle(delivery, Settlement::Taken).await.unwrap();

    assert_eq!(tree(root.path()), ["accepted/one.json = "]);
    assert!(comes(&queue).await.is_none());
}

#[tokio::test]
async fn a_refused_request_is_kept_whole_with_its_reason_beside_what_was_there() {
    let (root, queue) = queue();
    fs::write(root.path().join("rejected/one.json"), "an older one").unwrap();
    let whole = "x".repeat(MESSAGE_BYTES_MAX * 3);
    submit(root.path(), whole.as_bytes(), "one.json", None).unwrap();

    let delivery = receive(&queue).await;
    assert_eq!(delivery.body.len(), MESSAGE_BYTES_MAX + 1, "cut, and seen to be too long");
    queue.settle(delivery, Settlement::Refused("too_large".to_owned())).await.unwrap();

    assert_eq!(
        tree(root.path()),
        [
            "rejected/one.json = an older one".to_owned(),
            format!("rejected/one.json.2 = {whole}"),
            "rejected/one.json.2.reason.txt = too_large\n".to_owned(),
        ]
    );
}

#[tokio::test]
async fn hostile_names_neither_break_it_nor_leave_it() {
    let (root, queue) = queue();
    let outside = root.path().join("outside.json");
    fs::write(&outside, "not the queue's").unwrap();
    let incoming = root.path().join("incoming");
    let mut names: Vec<OsString> =
        ["-rf", "tab\there", "line\nbreak", "🦀.json", "a b%2f", "*"].map(OsString::from).into();
    names.push("n".repeat(255).into());
    names.push(OsString::from_vec(b"latin\xe9.json".to_vec()));
    // Reads as the one before, and is another.
    names.push(OsString::from_vec(b"latin\xe8.json".to_vec()));
    for name in &names {
        fs::write(incoming.join(name), "{}").unwrap();
    }
    fs::create_dir(incoming.join("folder.json")).unwrap();
    fs::write(incoming.join(".hidden.json"), "{}").unwrap();
    fs::write(incoming.join("upload.json.part"), "{}").unwrap();
    fs::write(incoming.join("upload.json.tmp"), "{}").unwrap();
    symlink(&outside, incoming.join("link.json")).unwrap();

    for count in 0..names.len() {
        let delivery = receive(&queue).await;
        let settlement = match count % 2 {
            0 => Settlement::Taken,
            _ => Settlement::Refused("bad".to_owned()),
        };
        queue.settle(delivery, settlement).await.unwrap();
    }

    assert!(comes(&queue).await.is_none());
    let left: BTreeSet<OsString> =
        fs::read_dir(&incoming).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let untouched = [".hidden.json", "folder.json", "upload.json.part", "upload.json.tmp"];
    assert_eq!(left, untouched.map(OsString::from).into());
    let reason = root.path().join("rejected/link.json.reason.txt");
    assert_eq!(fs::read_to_string(reason).unwrap(), "symbolic_link\n");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "not the queue's");
    let rejected = fs::read_dir(root.path().join("rejected")).unwrap().count();
    assert_eq!(rejected, 2 * (names.len() / 2 + 1), "each with its reason");
}

#[tokio::test]
async fn a_file_being_written_is_left_alone_until_it_stands_still() {
    let (root, queue) = queue();
    let path = root.path().join("incoming/slow.json");
    let receiving = receive(&queue);
    let writing = async {
        for n in 1..=12 {
            fs::write(&path, "x".repeat(n)).unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    let (delivery, ()) = tokio::join!(receiving, writing);
    assert_eq!(delivery.body.len(), 12);
}

#[tokio::test]
async fn what_is_overwritten_after_it_was_handed_out_comes_again() {
    let (root, queue) = queue();
    let path = root.path().join("incoming/again.json");
    fs::write(&path, "first").unwrap();
    let first = receive(&queue).await;
    fs::write(&path, "second one").unwrap();
    queue.settle(first, Settlement::Taken).await.unwrap();
    assert_eq!(receive(&queue).await.body, "second one");
}

#[tokio::test]
async fn the_oldest_comes_first_and_no_file_goes_to_two_receivers() {
    let (root, queue) = queue();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for n in 0..20_u64 {
        let path = root.path().join(format!("incoming/{:02}.json", 19 - n));
        fs::write(&path, n.to_string()).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(now + Duration::from_secs(n)).unwrap();
    }
    let other = queue.clone();
    let drain = async |queue: &FolderQueue| {
        let mut bodies = Vec::new();
        while let Some(delivery) = comes(queue).await {
            bodies.push(String::from_utf8(delivery.body.to_vec()).unwrap().parse().unwrap());
        }
        bodies
    };
    let (mine, theirs): (Vec<u64>, Vec<u64>) = tokio::join!(drain(&queue), drain(&other));
    assert!(mine.is_sorted() && theirs.is_sorted());
    let mut all = [mine, theirs].concat();
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
}

/// A receive that is dropped after its first poll, as who takes all that is there does it.
#[tokio::test]
async fn the_order_survives_receivers_that_stop_waiting() {
    let (root, queue) = queue();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let incoming = root.path().join("incoming");
    // Some of the same time: then their names decide.
    for n in 0..200_u64 {
        let path = incoming.join(format!("{n:03}.json"));
        fs::write(&path, n.to_string()).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(now + Duration::from_nanos(n / 3)).unwrap();
    }
    let mut bodies = Vec::new();
    while bodies.len() < 200 {
        let first = receive(&queue).await;
        bodies.push(first.body.clone());
        while let Some(Ok(next)) = queue.receive().now_or_never() {
            bodies.push(next.body.clone());
        }
    }
    let numbers: Vec<u64> =
        bodies.iter().map(|body| std::str::from_utf8(body).unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_younger_file_waits_for_an_older_one_that_stands_still_later() {
    let (root, queue) = queue();
    let incoming = root.path().join("incoming");
    let (older, younger) = (incoming.join("z.json"), incoming.join("a.json"));
    fs::write(&older, "export").unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    fs::write(&younger, "erasure").unwrap();
    let signing = async {
        for n in 1..=6 {
            fs::write(incoming.join("z.json.jws"), "s".repeat(n)).unwrap();
            tokio::time::sleep(Duration::from_millis(90)).await;
        }
    };
    let (first, ()) = tokio::join!(receive(&queue), signing);
    assert_eq!(first.body, "export");
    assert_eq!(receive(&queue).await.body, "erasure");
}

#[tokio::test]
async fn what_is_returned_keeps_its_place() {
    let (root, queue) = queue();
    for n in 0..3 {
        submit(root.path(), n.to_string().as_bytes(), &format!("{n}.json"), None).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let first = receive(&queue).await;
    assert_eq!(first.body, "0");
    queue.settle(first, Settlement::Returned).await.unwrap();
    for n in 0..3 {
        assert_eq!(receive(&queue).await.body, n.to_string());
    }
}

#[tokio::test]
async fn nobody_else_may_look_into_it() {
    use std::os::unix::fs::PermissionsExt;
    let (root, queue) = queue();
    let path = root.path().join("incoming/bad.json");
    fs::write(&path, "x").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let delivery = receive(&queue).await;
    queue.settle(delivery, Settlement::Refused("bad".to_owned())).await.unwrap();
    submit(root.path(), b"{}", "good.json", None).unwrap();
    let delivery = receive(&queue).await;
    queue.settle(delivery, Settlement::Taken).await.unwrap();
    let mode = |name: &str| {
        let metadata = fs::metadata(root.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    for folder in ["incoming", "accepted", "rejected", "events"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for file in ["rejected/bad.json", "rejected/bad.json.reason.txt", "accepted/good.json"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[tokio::test]
async fn what_was_not_settled_comes_again_after_a_restart_and_what_was_returned_at_once() {
    let (root, queue) = queue();
    submit(root.path(), b"kept", "kept.json", None).unwrap();
    let first = receive(&queue).await;
    assert!(comes(&queue).await.is_none(), "it is handed out once");

    queue.settle(first, Settlement::Returned).await.unwrap();
    assert_eq!(receive(&queue).await.body, "kept");

    drop(queue);
    let queue = FolderQueue::open(root.path(), MESSAGE_BYTES_MAX).unwrap();
    assert_eq!(receive(&queue).await.body, "kept");
}

#[tokio::test]
async fn a_receive_that_is_dropped_takes_nothing() {
    let (root, queue) = queue();
    submit(root.path(), b"patient", "patient.json", None).unwrap();
    for _ in 0..50 {
        let impatient = timeout(Duration::from_millis(9), queue.receive()).await;
        if let Ok(delivery) = impatient {
            assert_eq!(delivery.unwrap().body, "patient");
            return;
        }
    }
    assert_eq!(receive(&queue).await.body, "patient");
}

#[tokio::test]
async fn submitting_under_a_name_that_is_taken_adds_a_number_and_bad_names_are_refused() {
    let (root, _queue) = queue();
    let names: Vec<String> =
        (0..3).map(|_| submit(root.path(), b"{}", "same.json", None).unwrap()).collect();
    assert_eq!(names, ["same.json", "same.2.json", "same.3.json"]);
    for name in ["", "../up.json", "a/b.json", ".hidden", "x.tmp", "x.jws", &"n".repeat(300)] {
        assert!(submit(root.path(), b"{}", name, None).is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_signature_is_taken_with_its_request_and_goes_with_it() {
    let (root, queue) = queue();
    submit(root.path(), b"good", "one.json", Some("h..s")).unwrap();
    let delivery = receive(&queue).await;
    assert_eq!(delivery.label.signature.as_deref(), Some("h..s"));
    queue.settle(delivery, Settlement::Taken).await.unwrap();
    assert_eq!(tree(root.path()), ["accepted/one.json = "], "no guess at the body can be tested");

    submit(root.path(), b"bad", "two.json", Some("h..t")).unwrap();
    let delivery = receive(&queue).await;
    queue.settle(delivery, Settlement::Refused("signature_wrong".to_owned())).await.unwrap();
    assert_eq!(
        tree(root.path())[1..],
        [
            "rejected/two.json = bad",
            "rejected/two.json.jws = h..t",
            "rejected/two.json.reason.txt = signature_wrong\n",
        ]
    );
    fs::write(root.path().join("incoming/three.json"), "plain").unwrap();
    assert_eq!(receive(&queue).await.label.signature, None);
}

#[tokio::test]
async fn a_signature_is_no_request_and_one_being_written_is_waited_for() {
    let (root, queue) = queue();
    let incoming = root.path().join("incoming");
    fs::write(incoming.join("slow.json.jws"), "").unwrap();
    assert!(comes(&queue).await.is_none());

    fs::write(incoming.join("slow.json"), "{}").unwrap();
    let writing = async {
        for n in 1..=12 {
            fs::write(incoming.join("slow.json.jws"), "s".repeat(n)).unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    let (delivery, ()) = tokio::join!(receive(&queue), writing);
    assert_eq!(delivery.label.signature, Some("s".repeat(12)));

    // Cut, lest it fill the memory; whoever checks it sees that it is too long.
    fs::write(incoming.join("long.json.jws"), "s".repeat(1 << 20)).unwrap();
    fs::write(incoming.join("long.json"), "{}").unwrap();
    let length = receive(&queue).await.label.signature.unwrap().len();
    assert!((4097..10_000).contains(&length), "{length}");
}

#[tokio::test]
async fn signed_requests_of_one_name_get_a_number_and_each_its_signature() {
    let (root, queue) = queue();
    fs::write(root.path().join("incoming/same.json.jws"), "left behind").unwrap();
    let sign = |text| submit(root.path(), b"{}", "same.json", Some(text)).unwrap();
    assert_eq!(["a", "b"].map(sign), ["same.2.json", "same.3.json"]);
    let (one, two) = (receive(&queue).await, receive(&queue).await);
    for delivery in [&one, &two] {
        let expected = if name_of(delivery) == "same.2.json" { "a" } else { "b" };
        assert_eq!(delivery.label.signature.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn an_event_announced_twice_is_one_file() {
    let (root, queue) = queue();
    let envelope = Envelope { source: "urn:test".to_owned(), controller_id: "c".to_owned() };
    let request = RequestId::new("a:1").unwrap();
    let content = Content {
        request: &request,
        subject: &request,
        sequence: 7,
        name: "completed",
        at: Timestamp::UNIX_EPOCH,
        kind: None,
        regulation: None,
        due: None,
        details: serde_json::Map::new(),
    };
    let announcement = envelope.announce(content, &Correspondence::default());
    for _ in 0..2 {
        assert_eq!(queue.announce(&announcement).await.unwrap(), Announced::Confirmed);
    }
    let file = format!("events/a~3a1-0000000007-completed-{}.json", announcement.id);
    assert_eq!(tree(root.path()), [format!("{file} = {}", announcement.body)]);
}

fn queue() -> (TempDir, FolderQueue) {
    let root = tempfile::tempdir().unwrap();
    let queue = FolderQueue::open(root.path(), MESSAGE_BYTES_MAX).unwrap();
    (root, queue)
}

/// The next delivery.
async fn receive(queue: &FolderQueue) -> Delivery {
    timeout(PATIENCE, queue.receive()).await.unwrap().unwrap()
}

/// The next delivery; `None` where none comes.
async fn comes(queue: &FolderQueue) -> Option<Delivery> {
    timeout(QUIET, queue.receive()).await.ok().map(Result::unwrap)
}

fn name_of(delivery: &Delivery) -> &str {
    match &delivery.token {
        DeliveryToken::File(name) => name,
        _ => panic!("a folder hands out files"),
    }
}

/// Every file with its content, in order of their names.
fn tree(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for folder in ["incoming", "accepted", "rejected", "events"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let content = fs::read_to_string(entry.path()).unwrap();
            lines.push(format!("{folder}/{name} = {content}"));
        }
    }
    lines.sort();
    lines
}
