//! A backup that was taken amid requests, as `deploy/README.md` says, put into a fresh place with
//! both keys: whatever was done since, each request that it knows comes to its right end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::linters::root;
use crate::support::program::Home;

/// People with a request each, and items that speak of each of them.
const PEOPLE: usize = 4;
const ITEMS: usize = 60;

const PATIENCE: Duration = Duration::from_secs(120);

/// Backups that are restored: the first, the last, and one between.
const RESTORED: usize = 3;

#[test]
fn a_ledger_from_a_backup_amid_requests_comes_to_right_ends() {
    let home = Home::new();
    for person in 0..PEOPLE {
        for item in 0..ITEMS {
            home.put(&format!("p{person}/{item}.txt"), format!("person{person}@contoso.com\n"));
        }
    }
    home.put("nobody.txt", "nothing of anybody");
    let daemon = home.serve();
    let kind = |person: usize| if person.is_multiple_of(2) { "access" } else { "erasure" };
    for person in 0..PEOPLE {
        let address = format!("person{person}@contoso.com");
        let file = home.request(&format!("r-{person}"), kind(person), &[("email", &address)]);
        home.done(&["submit", file.to_str().unwrap()]);
    }
    let backups = backups_until_the_end(&home);
    for person in 0..PEOPLE {
        home.wait_for_event(&format!("r-{person}"), "completed");
    }
    drop(daemon);
    let after = home.names();
    assert_eq!(backups.last().unwrap().1.len(), PEOPLE, "all were known at last");
    let certified = certificates(&home);
    assert_eq!(certified.len(), PEOPLE / 2);

    let chosen = (0..RESTORED).map(|which| which * (backups.len() - 1) / (RESTORED - 1));
    for (backup, known) in chosen.map(|which| &backups[which]) {
        // The fresh place has the keys and the ledger; sources, archives and queue are elsewhere.
        let fresh = tempfile::tempdir().unwrap();
        let data = fresh.path();
        fs::copy(backup, data.join("ledger.db")).unwrap();
        for key in ["master.key", "signing.key"] {
            fs::copy(home.path("dsrd-data").join(key), data.join(key)).unwrap();
        }
        let path = |below: &str| data.join(below).to_str().unwrap().to_owned();
        let settings = [
            ("DSRD__LEDGER__URL", format!("sqlite:{}", path("ledger.db"))),
            ("DSRD__LEDGER__MASTER_KEY_FILE", path("master.key")),
            ("DSRD__DEPLOYMENT__SIGNING_KEY_FILE", path("signing.key")),
        ];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let restored = home.start(&[], &settings);
        wait(|| ended(&states(&data.join("ledger.db")), known.len()));
        drop(restored);
        let ends = states(&data.join("ledger.db"));
        assert!(ends.values().all(|state| state == "completed"), "{known:?} came to {ends:?}");
        assert_eq!(known.keys().collect::<Vec<_>>(), ends.keys().collect::<Vec<_>>());
        home.done(&["verify", "ledger", &path("ledger.db")]);
        assert_eq!(home.names(), after, "nothing else was touched");
        // It may be all that is left of what was erased.
        let now = certificates(&home);
        for (path, bytes) in &certified {
            assert_eq!(now.get(path), Some(bytes), "{path} was written over");
        }
        for file in evidence(&home) {
            let kind = if file.ends_with(".zip") { "archive" } else { "certificate" };
            let mut command = home.command(&["verify", kind, &file]);
            let verified = command.envs(settings).output().unwrap();
            assert!(verified.status.success(), "{file}: {verified:?}");
        }
    }
}

/// What the runbook tells to do is what was done here.
#[test]
fn the_runbook_says_so() {
    let text = fs::read_to_string(root().join("deploy/README.md")).unwrap();
    for said in ["VACUUM INTO", "pg_dump", "master.key", "signing.key"] {
        assert!(text.contains(said), "deploy/README.md does not speak of {said}");
    }
}

/// Backups while the daemon works, each with the states in it, until all have ended.
fn backups_until_the_end(home: &Home) -> Vec<(std::path::PathBuf, BTreeMap<String, String>)> {
    let ledger = home.path("dsrd-data/ledger.db");
    let mut backups: Vec<(std::path::PathBuf, BTreeMap<String, String>)> = Vec::new();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < PATIENCE, "{:?}", backups.last());
        let path = home.path(&format!("backup-{}.db", backups.len()));
        let statement = format!("VACUUM INTO '{}'", path.display());
        Connection::open(&ledger).unwrap().execute_batch(&statement).unwrap();
        let states = states(&path);
        let is_over = ended(&states, PEOPLE);
        let is_new = backups.last().is_none_or(|(_, before)| *before != states);
        match is_new && !states.is_empty() {
            true => backups.push((path, states)),
            false => fs::remove_file(path).unwrap(),
        }
        if is_over {
            assert!(backups.len() >= RESTORED, "nothing happened between: {backups:?}");
            return backups;
        }
    }
}

/// Archives and certificates. A restored ledger writes again what its request had not ended with.
fn evidence(home: &Home) -> Vec<String> {
    let listed = fs::read_dir(home.path("dsrd-data/exports")).unwrap();
    let paths = listed.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let evidence: Vec<String> =
        paths.filter(|path| path.ends_with(".zip") || path.ends_with(".json")).collect();
    assert!(evidence.len() >= PEOPLE, "{evidence:?}");
    evidence
}

/// Where each request stands in a ledger.
/// Certificates, with what they say.
fn certificates(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let all = evidence(home).into_iter().filter(|path| path.ends_with(".json"));
    all.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn states(ledger: &Path) -> BTreeMap<String, String> {
    let connection = Connection::open(ledger).unwrap();
    let mut statement = connection.prepare("SELECT id, state FROM requests").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn ended(states: &BTreeMap<String, String>, how_many: usize) -> bool {
    let open = ["accepted", "finding", "planned", "acting", "waiting", "verifying"];
    states.len() == how_many && !states.values().any(|state| open.contains(&state.as_str()))
}

fn wait(until: impl Fn() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < PATIENCE, "it did not come to an end");
        std::thread::sleep(Duration::from_millis(50));
    }
}
