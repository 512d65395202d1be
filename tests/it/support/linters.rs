//! Programs of others that judge the files of `deploy`. Which, and in which version, stands in
//! `tests/emulators/linter-requirements.txt`, but for those of the distribution (`tests/run`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Where the repository is.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program that pip installed, run from the root of the repository.
pub fn linter(name: &str) -> Command {
    let home = home();
    let program = home.join("bin").join(name);
    assert!(program.exists(), "{name} is missing: run tests/run once");
    let mut command = Command::new(program);
    command.env("PYTHONPATH", &home).current_dir(root());
    command
}

/// A script of ours that needs what pip installed.
pub fn script(name: &str) -> Command {
    let home = home();
    assert!(home.exists(), "what {name} needs is missing: run tests/run once");
    let mut command = Command::new("python3");
    command.arg(root().join("tests/it/foreign").join(name));
    command.env("PYTHONPATH", &home).current_dir(root());
    command
}

/// Runs a linter, and insists that it has nothing to say against it.
pub fn passes(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: install what is missing by running tests/run once")
    });
    let told = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}:\n{told}");
    told
}

/// All files below `deploy` whose names end like this, from the root of the repository; what a link
/// leads to is told where it lies.
pub fn files(end: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("deploy")]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.to_str().unwrap().ends_with(end) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file of deploy ends in {end}");
    found
}

/// The documents of a YAML file.
pub fn yaml(path: &str) -> Vec<Value> {
    let program = "import json, sys, yaml\n\
                   print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let mut command = Command::new("python3");
    command.args(["-c", program, path]).current_dir(root());
    command.env("PYTHONPATH", home());
    let told = passes(&mut command);
    serde_json::from_str(&told).unwrap()
}

fn home() -> PathBuf {
    root().join("tests/emulators/linters")
}
