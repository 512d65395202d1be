//! What is installed: the program and its symbols (`deploy/build`), the image, the package, and the
//! unit that runs it. Nothing is built anew: cargo is told to the script as one that has built the
//! binary of these tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;
use toml::Table;

use crate::support::linters::{files, passes, root};
use crate::support::program::Home;

/// Of `systemd-analyze security`: 0 is locked away, 10 is open. What is left to it is the network.
const EXPOSURE_MAX: &str = "20";

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
    let link = fs::read(&stripped).unwrap();
    assert!(memchr::memmem::find(&link, b"dsrd.debug\0").is_some(), "it names its symbols");
    let version = Command::new(&stripped).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"dsrd "), "{version:?}");
    let left: Vec<_> = fs::read_dir(home.path().join("to")).unwrap().collect();
    assert_eq!(left.len(), 4, "{left:?}");
    let said = |name| fs::read_to_string(home.path().join("to").join(name)).unwrap();
    assert!(said("dsrd.1").contains(".TH dsrd 1") && said("dsrd.bash").contains("_dsrd()"));
}

/// What an earlier build left is not passed off as this one's.
#[test]
fn a_build_that_failed_deploys_nothing() {
    let home = TempDir::new().unwrap();
    let built = build(home.path(), "return 101");
    assert_eq!(built.status.code(), Some(101), "{built:?}");
    assert!(!home.path().join("to").exists());
}

/// What the program is compiled of is in the image's context, which has no more than that.
#[test]
fn the_image_is_built_from_all_that_the_program_is_made_of() {
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let taken: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let manifest = manifest();
    let mut needed = vec!["Cargo.toml".to_owned(), "Cargo.lock".to_owned(), "src".to_owned()];
    needed.push(manifest["bin"][0]["path"].as_str().unwrap().to_owned());
    for bench in manifest["bench"].as_array().unwrap() {
        needed.push(bench["path"].as_str().unwrap().to_owned());
    }
    let dockerfile = fs::read_to_string(root().join("deploy/Dockerfile")).unwrap();
    assert!(dockerfile.contains("\n    deploy/build /dist\n"), "{dockerfile}");
    needed.push("deploy/build".to_owned());
    let mut waiting = vec![root().join("src")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            // A file that is compiled in, from the root of the repository.
            let text = fs::read_to_string(&path).unwrap();
            let included = text.split("include_str!(\"").skip(1);
            let included = included.map(|rest| rest.split('"').next().unwrap());
            let outside = included.filter(|name| name.starts_with("../"));
            needed.extend(outside.map(|name| name.trim_start_matches("../").to_owned()));
        }
    }
    assert!(needed.len() > 15, "{needed:?}");
    for name in needed {
        let has = |taken: &&str| Path::new(&name).starts_with(taken);
        // What one file of ours includes of another of ours is in `src`.
        let has = taken.iter().any(has) || root().join("src").join(&name).exists();
        assert!(has, ".dockerignore keeps {name} from the image");
    }
}

#[test]
fn the_package_holds_what_the_unit_needs_and_what_there_is() {
    let manifest = manifest();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets: Vec<[&str; 2]> = deb["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| [0, 1].map(|part| asset[part].as_str().unwrap()))
        .collect();
    for [from, to] in &assets {
        let built = from.starts_with("target/deploy/dist/");
        assert!(built || root().join(from).exists(), "there is no {from} for {to}");
    }
    let installed = |to: &str| assets.iter().any(|[_, there]| format!("/{there}").starts_with(to));
    let unit = fs::read_to_string(root().join("deploy/dsrd.service")).unwrap();
    let [program, settings] = ["ExecStart=", "--config "]
        .map(|key| unit.split(key).nth(1).unwrap().split_whitespace().next().unwrap());
    assert!(installed(&program.replace("bin/dsrd", "bin/")) && installed(settings), "{assets:?}");
    assert_eq!(deb["conf-files"][0].as_str(), Some(settings));
    // One version everywhere.
    let version = env!("CARGO_PKG_VERSION");
    let chart = fs::read_to_string(root().join("deploy/helm/dsrd/Chart.yaml")).unwrap();
    assert!(chart.contains(&format!("\nappVersion: {version}\n")), "{chart}");
    let changes = fs::read_to_string(root().join("deploy/debian/changelog")).unwrap();
    assert!(changes.starts_with(&format!("dsrd ({version}-1) ")), "{changes}");
}

#[test]
fn the_unit_leaves_the_program_what_it_needs_and_no_more() {
    let analyze = |args: &[&str]| passes(Command::new("systemd-analyze").args(args).arg(unit()));
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    analyze(&["security", "--offline=true", "--no-pager", &threshold]);
    // It would like the program to be where the package puts it.
    let mut verify = Command::new("systemd-analyze");
    let verified = verify.args(["verify", "--man=no"]).arg(unit()).output().unwrap();
    let told = String::from_utf8(verified.stderr).unwrap();
    let ours = |line: &&str| line.contains("dsrd.service") && !line.contains("not executable");
    assert_eq!(told.lines().find(ours), None, "{told}");
}

/// What `Type=notify` and `WatchdogSec=` rely on, as systemd would hear it.
#[test]
fn a_service_manager_hears_that_it_serves_lives_and_stops() {
    let home = Home::new();
    let manager = UnixDatagram::bind(home.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let heard = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let socket = home.path("notify");
    let environment = [("NOTIFY_SOCKET", socket.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let daemon = home.start(&[], &environment);
    assert_eq!(heard(), "READY=1");
    for _ in 0..3 {
        assert_eq!(heard(), "WATCHDOG=1");
    }
    daemon.signal("-TERM");
    let mut told = heard();
    while told == "WATCHDOG=1" {
        told = heard();
    }
    assert_eq!(told, "STOPPING=1");
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

/// Settings that are installed or shown are settings.
#[test]
fn settings_in_it_are_accepted() {
    for path in files(".toml") {
        let read = dsrd::config::reading::layers::read(Some(&root().join(&path)), []);
        let built = read.map(|file| dsrd::config::build::settings(&file).map(drop));
        assert!(matches!(built, Ok(Ok(()))), "{path:?}: {built:?}");
    }
}

fn manifest() -> Table {
    fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap()
}

fn unit() -> std::path::PathBuf {
    root().join("deploy/dsrd.service")
}

/// Runs the script from `home`, where cargo does `what`: a function that bash takes over.
fn build(home: &Path, what: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/build");
    let mut command = Command::new(script);
    command.arg("to").current_dir(home).env("BASH_FUNC_cargo%%", format!("() {{ {what}; }}"));
    command.output().unwrap()
}
