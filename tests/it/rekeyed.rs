//! Another master key or signing key takes the place of the one in force: over both databases, and
//! by the program, stopped anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use dsrd::adapters::sql::store::SqlLedger;
use dsrd::config::secret::Secret;
use dsrd::domain::failure::{Failure, FailureKind};
use dsrd::ports::sealings::{Anew, Replaced, Sealing, Sealings, Successor};
use dsrd::ports::tasks::Tasks;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use crate::support::lives::Life;
use crate::support::postgres::Postgres;
use crate::support::program::{Home, Ran, wait_for};

/// More than one page of rows.
const PEOPLE: u64 = 11_000;

#[tokio::test]
async fn sqlite_is_sealed_anew_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    all_or_nothing_is_sealed_anew(&format!("sqlite:{}/l.db", folder.path().display())).await;
}

#[tokio::test]
async fn postgres_is_sealed_anew_whole_or_not_at_all_and_shuts_others_out() {
    let server = Postgres::start().await;
    let url = server.database("sealed_anew").await;
    all_or_nothing_is_sealed_anew(&url).await;
    others_are_shut_out(&server.database("shut_out").await).await;
}

async fn open(url: &str) -> SqlLedger {
    SqlLedger::open(&Secret::new(url.to_owned())).await.unwrap()
}

fn successor<'a>(former: &'a str, digest: &'a str, anew: Anew<'a>) -> Successor<'a> {
    Successor { former, digest, anew }
}

async fn all_or_nothing_is_sealed_anew(url: &str) {
    let ledger = open(url).await;
    let again = |_: &Sealing, sealed: &[u8]| Ok([b"again ", sealed].concat());
    let unkeyed = ledger.replace_key(&successor("one", "two", &again)).await.unwrap();
    assert_eq!(unkeyed, Replaced::Unkeyed);
    assert!(ledger.agrees_on_key("one").await.unwrap());
    for id in ["r-1", "r-2"] {
        Life::begin(&ledger, id, 100).await;
    }
    let mut beside = AnyConnection::connect(url).await.unwrap();
    let mut fill = async |statement: &str| {
        let bytes = if url.starts_with("sqlite:") { "x'73'" } else { "'s'::bytea" };
        let statement = statement.replace("{sealed}", bytes);
        beside.execute(AssertSqlSafe(statement)).await.unwrap();
    };
    fill("INSERT INTO sweeps (id, purpose, closed) VALUES (1, 'find', 0), (2, 'verify', 0)").await;
    fill(
        "INSERT INTO shards (sweep, number, source, done, items, bytes, marker) VALUES \
         (1, 0, 'a', 0, 0, 0, {sealed}), (1, 1, 'a', 0, 0, 0, NULL), (2, 7, 'a', 0, 0, 0, {sealed})",
    )
    .await;
    fill(
        "INSERT INTO follow_ups (request, part, wrapped_key, sealed, items, ends_at) VALUES \
         ('r-1', 0, {sealed}, {sealed}, 1, 9), ('r-1', 1, {sealed}, {sealed}, 1, 9)",
    )
    .await;
    fill(
        "INSERT INTO purges (id, source, place, stage, sealed, opened_at, noted_at) VALUES \
         ('p-1', 'a', 'b', 'begun', {sealed}, 1, 1), ('p-2', 'a', 'c', 'begun', NULL, 1, 1)",
    )
    .await;
    fill(&format!(
        "INSERT INTO people (sweep, mark, sealed) WITH RECURSIVE n (i) AS \
         (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE}) \
         SELECT 1 + i % 2, 'm' || CAST(i AS TEXT), {{sealed}} FROM n"
    ))
    .await;
    let before = everything(url).await;

    let fails_late = |sealing: &Sealing, sealed: &[u8]| match sealing {
        Sealing::Person { sweep: 2, mark } if mark.ends_with("99") => {
            Err(Failure::permanent("it does not open"))
        }
        _ => Ok([b"again ", sealed].concat()),
    };
    let failed = ledger.replace_key(&successor("one", "two", &fails_late)).await;
    assert_eq!(failed.unwrap_err().kind, FailureKind::Permanent);
    assert_eq!(everything(url).await, before, "nothing of it");
    let other = ledger.replace_key(&successor("three", "two", &again)).await.unwrap();
    assert_eq!((other, everything(url).await), (Replaced::Other, before.clone()));

    let done = ledger.replace_key(&successor("one", "two", &again)).await.unwrap();
    assert_eq!(done, Replaced::Now { sealed: PEOPLE + 2 + 2 + 2 + 1 });
    let after = everything(url).await;
    assert_eq!(after.len(), before.len());
    for (place, sealed) in &before {
        let expected = sealed.as_ref().map(|sealed| [b"again ", sealed.as_slice()].concat());
        assert_eq!(after[place], expected, "{place}");
    }
    assert!(ledger.is_keyed_by("two").await.unwrap() && !ledger.is_keyed_by("one").await.unwrap());
    let before = ledger.replace_key(&successor("one", "two", &again)).await.unwrap();
    assert_eq!((before, everything(url).await), (Replaced::Before, after));
}

/// All that the master key seals, by where it is.
async fn everything(url: &str) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let mut all = BTreeMap::new();
    for (table, key, column) in [
        ("requests", "id", "wrapped_key"),
        ("follow_ups", "request || '/' || CAST(part AS TEXT)", "wrapped_key"),
        ("shards", "CAST(sweep AS TEXT) || '/' || CAST(number AS TEXT)", "marker"),
        ("purges", "id", "sealed"),
        ("people", "CAST(sweep AS TEXT) || '/' || mark", "sealed"),
    ] {
        let rows = format!("SELECT {key} AS place, {column} AS sealed FROM {table}");
        for row in connection.fetch_all(AssertSqlSafe(rows)).await.unwrap() {
            let place = format!("{table} {}", row.get::<String, _>("place"));
            all.insert(place, row.get::<Option<Vec<u8>>, _>("sealed"));
        }
    }
    all
}

/// Of a server: whoever is in the midst of a write is waited for, and whoever begins one later
/// writes nothing.
async fn others_are_shut_out(url: &str) {
    let (ours, theirs) = (open(url).await, open(url).await);
    for ledger in [&ours, &theirs] {
        assert!(ledger.agrees_on_key("one").await.unwrap());
    }
    Life::begin(&theirs, "r-1", 100).await;
    let lease = theirs.claim("request/r-1", 60_000).await.unwrap().unwrap();
    let again = |_: &Sealing, sealed: &[u8]| Ok(sealed.to_vec());
    // Whatever is written at the same time is written before or not at all.
    let storm = async {
        let mut written = 0;
        while theirs.renew(&lease, 60_000).await.is_ok() {
            written += 1;
        }
        written
    };
    let replace = async {
        sleep_ms(200).await;
        ours.replace_key(&successor("one", "two", &again)).await.unwrap()
    };
    let (written, replaced) = tokio::join!(storm, replace);
    assert!(written > 0 && replaced == Replaced::Now { sealed: 1 }, "{written} {replaced:?}");
    let refused = theirs.renew(&lease, 60_000).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::NeedsPerson);
    assert!(refused.chain().contains("its master key was replaced"), "{}", refused.chain());
    let begun_again = open(url).await;
    assert!(begun_again.agrees_on_key("two").await.unwrap());
    assert!(begun_again.renew(&lease, 60_000).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_master_key_was_replaced_beside_it_ends() {
    let server = Postgres::start().await;
    let url = server.database("replaced_beside").await;
    let settings = [("DSRD__LEDGER__URL", url.as_str())];
    let home = Home::new();
    let daemons = [home.start(&[], &settings), home.start(&[], &settings)];
    for daemon in &daemons {
        wait_for("the daemon to serve", || daemon.log().contains("serving"));
    }
    // It is refused while daemons are known to be at work; these were cut off, and forgotten.
    sqlx::any::install_default_drivers();
    let mut ledger = AnyConnection::connect(&url).await.unwrap();
    wait_for("the key to be replaced", || {
        tokio::task::block_in_place(|| {
            let forget = ledger.execute("DELETE FROM daemons");
            tokio::runtime::Handle::current().block_on(forget).unwrap();
        });
        let mut rotate = home.command(&["keys", "rotate", "master"]);
        let ran = Ran::of(rotate.envs(settings).output().unwrap());
        assert!(ran.code == 0 || ran.err.contains("a daemon works on"), "{}", ran.err);
        ran.code == 0
    });
    for daemon in daemons {
        let (code, log) = daemon.wait();
        assert_eq!(code, Some(1), "{log}");
        assert!(log.contains("the ledger is sealed under another one"), "{log}");
    }
    // Whoever starts it again does so with the new one.
    let daemon = home.start(&[], &settings);
    wait_for("the daemon to serve", || daemon.log().contains("serving"));
    assert_eq!(daemon.end("-TERM").0, Some(0));
}

async fn sleep_ms(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

const SETTINGS: &str = "[guard]\nitems_max = 2\n\n[[policy]]\npath = \"kept/**\"\n\
     action = \"keep\"\nreason = \"Art. 17(3)(b): tax records\"\n";

/// A home in which one erasure rests that left something, and another one is held.
fn home() -> Home {
    let home = Home::new();
    home.write("dsrd.toml", SETTINGS);
    home.put("a.txt", "bob@contoso.com\n");
    home.put("kept/a.txt", "bob@contoso.com\n");
    for item in 0..3 {
        home.put(&format!("{item}.txt"), "carol@contoso.com\n");
    }
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    submit(&home, "r-bob", "bob@contoso.com");
    home.wait_for_event("r-bob", "completed");
    submit(&home, "r-carol", "carol@contoso.com");
    home.wait_for_event("r-carol", "held");
    let busy = home.run(&["keys", "rotate", "master", "--config", "dsrd.toml"]);
    assert!(busy.code == 1 && busy.err.contains("stop it first"), "{}", busy.err);
    assert!(!home.path("dsrd-data/master.key.next").exists());
    assert_eq!(daemon.end("-TERM").0, Some(0));
    home
}

fn submit(home: &Home, id: &str, address: &str) {
    let file = home.request(id, "erasure", &[("email", address)]);
    done(home, &["submit", file.to_str().unwrap()]);
}

fn run(home: &Home, args: &[&str]) -> Ran {
    home.run(&[args, &["--config", "dsrd.toml"]].concat())
}

fn done(home: &Home, args: &[&str]) -> String {
    let ran = run(home, args);
    assert_eq!(ran.code, 0, "{args:?}:\n{}{}", ran.out, ran.err);
    ran.out
}

/// What only the ledger's own key opens, and whether a request from before comes to its end.
fn assert_all_opens(home: &Home) {
    assert!(done(home, &["status", "r-bob", "--left"]).contains("kept/a.txt"));
    assert!(done(home, &["status", "r-carol", "--plan"]).contains("2.txt"));
    done(home, &["verify", "ledger"]);
}

#[test]
fn all_that_was_begun_comes_to_its_end_under_another_master_key() {
    let home = home();
    let key = || fs::read_to_string(home.path("dsrd-data/master.key")).unwrap();
    let first = key();
    for round in 1..=2 {
        let out = done(&home, &["keys", "rotate", "master"]);
        assert!(out.contains("the ledger is sealed anew, in "), "{out}");
        assert!(out.contains(&format!("master.key.{round}")), "{out}");
        let file = home.path("dsrd-data/master.key");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!home.path("dsrd-data/master.key.next").exists());
        assert!(key().ends_with(&format!("\n{}\n", first.trim())) && key() != first);
        assert_all_opens(&home);
    }
    // The former keys open nothing.
    for former in ["dsrd-data/master.key.1", "dsrd-data/master.key.2"] {
        let settings = [("DSRD__LEDGER__MASTER_KEY_FILE", former)];
        let mut left = home.command(&["status", "r-bob", "--left"]);
        let ran = Ran::of(left.envs(settings).output().unwrap());
        assert!(ran.code == 1 && ran.err.contains("seal"), "{former}: {}{}", ran.out, ran.err);
        let mut serve = home.command(&["run"]);
        let ran = Ran::of(serve.envs(settings).output().unwrap());
        assert!(ran.code != 0 && ran.err.contains("another one"), "{former}: {}", ran.err);
    }

    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    done(&home, &["approve", "r-carol"]);
    home.wait_for_event("r-carol", "completed");
    // The same message is known again, and so is an erased person.
    submit(&home, "r-bob", "bob@contoso.com");
    home.put("back.txt", "bob@contoso.com\n");
    submit(&home, "r-dan", "dan@contoso.com");
    home.wait_for_event("r-dan", "completed");
    home.wait_for_event("r-bob", "returned");
    assert_eq!(daemon.end("-TERM").0, Some(0));
    let rejected = |event: &serde_json::Value| event["type"] == "io.dsrd.request.rejected.v1";
    assert!(!home.events().iter().any(rejected), "{:?}", home.events());
    for (id, address) in [("r-bob", "bob@contoso.com"), ("r-carol", "carol@contoso.com")] {
        let path = format!("dsrd-data/exports/{id}.certificate.json");
        let whose = format!("email={address}");
        let out = done(&home, &["verify", "certificate", &path, "--identity", &whose]);
        assert!(out.contains("it is about the person"), "{id}: {out}");
    }
}

#[test]
fn whoever_is_stopped_on_the_way_to_another_master_key_begins_again() {
    let home = home();
    // Killed after the ledger was sealed anew, and before the file was replaced.
    let next = "dsrd-data/master.key.next";
    for _ in ["written", "sealed"] {
        done(&home, &["keys", "rotate", "master", "--to", next]);
    }
    let ran = run(&home, &["run"]);
    assert!(ran.code != 0 && ran.err.contains("keys rotate master"), "{}", ran.err);
    // Killed once more, after the former one was kept.
    fs::hard_link(home.path("dsrd-data/master.key"), home.path("dsrd-data/master.key.1")).unwrap();
    let out = done(&home, &["keys", "rotate", "master"]);
    assert!(out.contains("was sealed anew before"), "{out}");
    assert_all_opens(&home);
    // Killed before anything but the file was written, and anywhere else.
    for millis in 0..25 {
        let mut rotate = home.command(&["keys", "rotate", "master"]);
        let rotate = rotate.stdout(Stdio::null()).stderr(Stdio::null());
        let mut rotate = rotate.spawn().unwrap();
        sleep(Duration::from_millis(millis * 3));
        rotate.kill().ok();
        rotate.wait().unwrap();
        if millis % 5 == 0 {
            done(&home, &["keys", "rotate", "master"]);
            assert_all_opens(&home);
        }
    }
    done(&home, &["keys", "rotate", "master"]);
    assert_all_opens(&home);
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    done(&home, &["approve", "r-carol"]);
    home.wait_for_event("r-carol", "completed");
    drop(daemon);
}

#[test]
fn a_master_key_that_comes_from_elsewhere_is_written_where_it_is_told() {
    let home = home();
    let key = fs::read_to_string(home.path("dsrd-data/master.key")).unwrap();
    fs::remove_file(home.path("dsrd-data/master.key")).unwrap();
    let with = |key: &str, args: &[&str]| {
        let mut command = home.command(args);
        Ran::of(command.env("DSRD__LEDGER__MASTER_KEY", key.trim()).output().unwrap())
    };
    let untold = with(&key, &["keys", "rotate", "master"]);
    assert!(untold.code == 1 && untold.err.contains("--to FILE"), "{}", untold.err);
    let wrong = with(&"7".repeat(64), &["keys", "rotate", "master", "--to", "new.key"]);
    assert!(wrong.code == 1 && wrong.err.contains("another master key"), "{}", wrong.err);
    assert!(!home.path("new.key").exists(), "nothing is left behind");
    let own = with(&key, &["keys", "rotate", "master", "--to", "own.key"]);
    assert!(own.code == 0 && own.out.contains("nothing is sealed"), "{}{}", own.out, own.err);
    home.write("own.key", &key);
    let own = with(&key, &["keys", "rotate", "master", "--to", "own.key"]);
    assert!(own.code == 1 && own.err.contains("is to be replaced"), "{}", own.err);
    for sealed in ["nothing is sealed under it yet", "is sealed anew, in", "was sealed anew before"]
    {
        let told = with(&key, &["keys", "rotate", "master", "--to", "new.key"]);
        assert!(told.code == 0 && told.out.contains(sealed), "{}{}", told.out, told.err);
    }
    let new = fs::read_to_string(home.path("new.key")).unwrap();
    let left = with(&new, &["status", "r-bob", "--left"]);
    assert!(left.code == 0 && left.out.contains("kept/a.txt"), "{}{}", left.out, left.err);
    let half = with(new.lines().next().unwrap(), &["run"]);
    assert!(half.code != 0 && half.err.contains("another one"), "{}", half.err);
}

#[test]
fn earlier_certificates_hold_by_the_list_of_keys() {
    let home = home();
    let former = done(&home, &["config", "--public-key"]);
    let out = done(&home, &["keys", "rotate", "signing"]);
    assert!(out.contains("dsrd keys list"), "{out}");
    assert!(!home.path("dsrd-data/signing.key.next").exists());
    let present = done(&home, &["config", "--public-key"]);
    assert_ne!(former, present);
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    done(&home, &["approve", "r-carol"]);
    home.wait_for_event("r-carol", "completed");
    drop(daemon);
    let list = done(&home, &["keys", "list"]);
    for key in [&former, &present] {
        let pem = key.split_once('\n').unwrap().1;
        assert_eq!(list.matches(pem).count(), 1, "{list}");
    }
    home.write("former.pem", &former);
    home.write("present.pem", &present);
    home.write("list.pem", &list);
    home.write("cut.pem", list.trim_end().strip_suffix("-----END PUBLIC KEY-----").unwrap());
    home.write("none.pem", "");
    let table = [
        // by, of the former key, of the present one
        ("former.pem", 0, 4),
        ("present.pem", 4, 0),
        ("list.pem", 0, 0),
        ("cut.pem", 1, 1),
        ("none.pem", 1, 1),
    ];
    for (keys, of_former, of_present) in table {
        for (id, code) in [("r-bob", of_former), ("r-carol", of_present)] {
            let path = format!("dsrd-data/exports/{id}.certificate.json");
            let ran = run(&home, &["verify", "certificate", &path, "--public-key", keys]);
            assert_eq!(ran.code, code, "{id} by {keys}: {}{}", ran.out, ran.err);
        }
    }
}
