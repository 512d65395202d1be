//! The program itself, as a process in a folder of its own on the embedded default.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::contract::assert_event;

/// Longest wait for something that should happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder in which the program runs.
pub struct Home {
    folder: TempDir,
}

/// A daemon in a [`Home`]; killed where a test ends without it.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

/// What a run of the program left.
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Home {
    pub fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(home.source()).unwrap();
        home
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The folder that is searched.
    pub fn source(&self) -> PathBuf {
        self.path("dsrd-data/azureml")
    }

    /// Puts an item into the source.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Names in the source, sorted.
    pub fn names(&self) -> Vec<String> {
        let listed = fs::read_dir(self.source()).unwrap();
        let names = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Writes a request about `identities`, and gives its path.
    pub fn request(&self, id: &str, kind: &str, identities: &[(&str, &str)]) -> PathBuf {
        let identities: Vec<Value> = identities
            .iter()
            .map(|(kind, value)| json!({ "identity_type": kind, "identity_value": value }))
            .collect();
        let request = json!({
            "regulation": "gdpr",
            "subject_request_id": id,
            "subject_request_type": kind,
            "submitted_time": "2026-11-23T09:00:00Z",
            "subject_identities": identities,
        });
        self.write(&format!("{id}.json"), &request.to_string())
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The program with these arguments, in this folder, with nothing of our own environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dsrd"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("DSRD__HTTP__LISTEN", "")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Runs the program to its end, and insists on success.
    pub fn done(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}:\n{}{}", ran.out, ran.err);
        ran.out
    }

    /// Starts a daemon that logs JSON lines.
    pub fn serve(&self) -> Daemon {
        self.serve_with(&[])
    }

    /// Starts a daemon with further arguments.
    pub fn serve_with(&self, args: &[&str]) -> Daemon {
        let daemon = self.start(args, &[]);
        wait_for("the daemon to serve", || daemon.log().contains("serving"));
        daemon
    }

    /// Starts a daemon with further arguments and settings, and does not wait until it serves.
    pub fn start(&self, args: &[&str], settings: &[(&str, &str)]) -> Daemon {
        let log = self.path(&format!("log-{}", uuid::Uuid::new_v4()));
        let mut command = self.command(&["run"]);
        command.args(args).envs(settings.iter().copied());
        let child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Daemon { child, log }
    }

    /// The events that were announced, by the name of their file.
    pub fn events(&self) -> Vec<Value> {
        let Ok(listed) = fs::read_dir(self.path("dsrd-data/queue/events")) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let events: Vec<Value> = paths.iter().map(|path| json_in(path)).collect();
        events.iter().for_each(assert_event);
        events
    }

    /// Waits for the event of that name of a request.
    pub fn wait_for_event(&self, id: &str, name: &str) -> Value {
        let kind = format!("io.dsrd.request.{name}.v1");
        let find = || {
            self.events().into_iter().find(|event| event["type"] == kind && event["subject"] == id)
        };
        wait_for(&format!("{name} of {id}"), || find().is_some());
        find().unwrap()
    }
}

impl Daemon {
    /// Kills it, and waits until nothing of it is left: what it locked is free then.
    pub fn kill(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Its id as a process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Sends a signal and waits for the end; gives the exit code and the log.
    pub fn end(self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        self.wait()
    }

    /// Waits until it ends by itself; gives the exit code and the log.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        (status.code(), self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Ran {
    /// What a process left.
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
        let code = output.status.code().expect("it was not killed");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Standard output, each line as JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Looks again and again until something holds.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(10));
    }
}

/// The JSON in a file.
pub fn json_in(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
