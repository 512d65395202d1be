//! A folder that was mounted and is away: an empty one stands there, and nobody is told that nothing
//! is held about anybody.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::program::{Daemon, Home, wait_for};

const ANN: [(&str, &str); 1] = [("email", "ann@contoso.com")];

/// A plan of more than one item waits for somebody.
const SETTINGS: &str = "[guard]\nitems_max = 1\n[limits]\nretry_delay_ms_min = 20\n\
                        retry_delay_ms_max = 200\n";

fn home() -> Home {
    let home = Home::new();
    for name in ["a.txt", "b.txt"] {
        home.put(name, "by ann@contoso.com");
    }
    home.put("c.txt", "by nobody");
    home.write("dsrd.toml", SETTINGS);
    home
}

fn serve(home: &Home) -> Daemon {
    home.serve_with(&["--config", "dsrd.toml"])
}

fn submit(home: &Home, id: &str, kind: &str) {
    let path = home.request(id, kind, &ANN);
    home.done(&["--config", "dsrd.toml", "submit", path.to_str().unwrap()]);
}

fn status(home: &Home, id: &str) -> String {
    home.run(&["--config", "dsrd.toml", "status", id]).out
}

/// Takes what is mounted away.
fn unmount(home: &Home) {
    fs::rename(home.source(), home.path("away")).unwrap();
    fs::create_dir(home.source()).unwrap();
}

fn mount(home: &Home) {
    fs::remove_dir(home.source()).unwrap();
    fs::rename(home.path("away"), home.source()).unwrap();
}

fn waits_for_it(home: &Home, id: &str) {
    let told = "is what was mounted there away?";
    wait_for("the request to wait for the folder", || status(home, id).contains(told));
}

/// Also where the daemon is started after the machine was, and the mount failed.
#[test]
fn nobody_is_told_that_nothing_is_held() {
    let home = home();
    let daemon = serve(&home);
    submit(&home, "r-1", "access");
    let completed = home.wait_for_event("r-1", "completed");
    assert_eq!(completed["data"]["results_count"], 2, "{completed:#}");
    daemon.end("-TERM");
    unmount(&home);
    let _daemon = serve(&home);
    submit(&home, "r-2", "access");
    waits_for_it(&home, "r-2");
    mount(&home);
    let completed = home.wait_for_event("r-2", "completed");
    assert_eq!(completed["data"]["results_count"], 2, "{completed:#}");
}

/// What was planned is not taken for gone.
#[test]
fn nothing_is_certified_as_gone() {
    let home = home();
    let _daemon = serve(&home);
    submit(&home, "r-1", "erasure");
    home.wait_for_event("r-1", "held");
    unmount(&home);
    home.done(&["--config", "dsrd.toml", "approve", "r-1", "--reason", "seen"]);
    waits_for_it(&home, "r-1");
    mount(&home);
    let completed = home.wait_for_event("r-1", "completed");
    assert_eq!(completed["data"]["counts"]["outcomes"]["erased"], 2, "{completed:#}");
    assert_eq!(home.names(), ["c.txt"]);
}

/// A folder that our own hand emptied is what it was; and one that is meant to be empty is told so
/// by anything in it.
#[test]
fn an_empty_folder_is_no_fault() {
    let home = Home::new();
    home.put("a.txt", "by ann@contoso.com");
    home.write("dsrd.toml", SETTINGS);
    let _daemon = serve(&home);
    submit(&home, "r-1", "erasure");
    home.wait_for_event("r-1", "completed");
    assert!(home.names().is_empty());
    submit(&home, "r-2", "access");
    home.wait_for_event("r-2", "completed");
    unmount(&home);
    submit(&home, "r-3", "access");
    waits_for_it(&home, "r-3");
    home.put(".keep", "");
    home.wait_for_event("r-3", "completed");
}

/// Pipes are not opened, and their names are names.
#[test]
fn what_is_no_file_is_found_by_its_name() {
    let home = home();
    let made = Command::new("mkfifo").arg(home.source().join("pipe ann@contoso.com")).status();
    assert!(made.unwrap().success());
    symlink("/dev/null", home.source().join("link ann@contoso.com")).unwrap();
    let _daemon = serve(&home);
    submit(&home, "r-1", "erasure");
    home.wait_for_event("r-1", "held");
    home.done(&["--config", "dsrd.toml", "approve", "r-1", "--reason", "seen"]);
    let completed = home.wait_for_event("r-1", "completed");
    assert_eq!(completed["data"]["counts"]["outcomes"]["erased"], 4, "{completed:#}");
    assert_eq!(home.names(), ["c.txt"]);
}
