//! `deploy/build`: what is installed, and its symbols beside it. Nothing is built anew: cargo is
//! told to the script as one that has built the binary of these tests.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Its folder is the caller's, and its binary the one that cargo names, wherever that is.
#[test]
fn what_is_deployed_has_its_symbols_beside_it() {
    let home = TempDir::new().unwrap();
    let binary = env!("CARGO_BIN_EXE_dsrd");
    let said = format!(r#"{{"target":{{"name":"dsrd"}},"executable":"{binary}","fresh":true}}"#);
    let built = build(home.path(), &format!("echo '{{\"executable\":null}}'; echo '{said}'"));
    assert!(built.status.success(), "{built:?}");
    let [stripped, symbols] = ["dsrd", "dsrd.debug"].map(|name| home.path().join("to").join(name));
    let size = |path: &Path| path.metadata().unwrap().len();
    assert!(size(&stripped) < size(Path::new(binary)) && size(&symbols) > 0);
    assert_eq!(symbols.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let link = std::fs::read(&stripped).unwrap();
    assert!(memchr::memmem::find(&link, b"dsrd.debug\0").is_some(), "it names its symbols");
    let version = Command::new(&stripped).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"dsrd "), "{version:?}");
    let left: Vec<_> = std::fs::read_dir(home.path().join("to")).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// What an earlier build left is not passed off as this one's.
#[test]
fn a_build_that_failed_deploys_nothing() {
    let home = TempDir::new().unwrap();
    let built = build(home.path(), "return 101");
    assert_eq!(built.status.code(), Some(101), "{built:?}");
    assert!(!home.path().join("to").exists());
}

/// Runs the script from `home`, where cargo does `what`: a function that bash takes over.
fn build(home: &Path, what: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/build");
    let mut command = Command::new(script);
    command.arg("to").current_dir(home).env("BASH_FUNC_cargo%%", format!("() {{ {what}; }}"));
    command.output().unwrap()
}
