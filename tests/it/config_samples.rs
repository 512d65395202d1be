//! Every settings file in the repository is one that the daemon would run with.

use std::fs;
use std::path::{Path, PathBuf};

use dsrd::config::build;
use dsrd::config::reading::layers;
use dsrd::matching::limits::ItemLimits;
use serde_json::Value;

#[test]
fn every_sample_is_accepted() {
    let samples = samples();
    assert!(samples.len() >= 4, "{samples:?}");
    for path in samples {
        let file = layers::read(Some(&path), []).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let missing = SECRETS_ARE_ELSEWHERE;
        if let Err(error) = build::settings(&file) {
            let faults: Vec<_> = error.0.iter().filter(|fault| !fault.contains(missing)).collect();
            assert!(faults.is_empty(), "{path:?}: {faults:?}");
        }
    }
}

/// A sample may name files under `/run/secrets`, which only a deployment has.
const SECRETS_ARE_ELSEWHERE: &str = "_file cannot be read";

#[test]
fn the_reference_states_the_defaults() {
    let read = |path: Option<&Path>| serde_json::to_value(layers::read(path, []).unwrap()).unwrap();
    let (defaults, reference) = (read(None), read(Some(&config().join("reference.toml"))));
    assert_eq!(reference, defaults);
}

#[test]
fn what_is_read_without_settings_is_read_within_the_default_limits() {
    let defaults = layers::read(None, []).unwrap().limits;
    assert_eq!(ItemLimits::default(), ItemLimits::from(&defaults));
}

#[test]
fn every_alternative_of_the_reference_is_a_setting() {
    let text = fs::read_to_string(config().join("reference.toml")).unwrap();
    let mut section = "";
    let mut tried = 0;
    for line in text.lines() {
        if line.starts_with('[') {
            section = line;
        }
        // Prose has a blank after its `#`.
        let Some(setting) = line.strip_prefix('#').filter(|rest| is_setting(rest)) else {
            continue;
        };
        if setting.starts_with('[') {
            section = setting;
            continue;
        }
        let name = if section == "[[sources]]" { "name = \"x\"\n" } else { "" };
        let name = if setting.starts_with("name ") { "" } else { name };
        let sample = tempfile::NamedTempFile::new().unwrap();
        fs::write(sample.path(), format!("{section}\n{name}{setting}\n")).unwrap();
        let read = layers::read(Some(sample.path()), []);
        assert!(read.is_ok(), "{section} {setting}: {}", read.err().unwrap());
        tried += 1;
    }
    assert!(tried > 10, "only {tried} alternatives");
}

fn is_setting(text: &str) -> bool {
    !text.is_empty() && !text.starts_with([' ', '#'])
}

#[test]
fn defaults_keep_to_this_machine() {
    let defaults = serde_json::to_value(layers::read(None, []).unwrap()).unwrap();
    let listen = defaults["http"]["listen"].as_str().unwrap();
    assert!(listen.starts_with("127.0.0.1:"), "{listen}");
    for url in
        [&defaults["queue"]["url"], &defaults["exports"]["url"], &defaults["sources"][0]["url"]]
    {
        assert!(url.as_str().is_some_and(|url| url.starts_with("dir:")), "{url}");
    }
    assert_ne!(defaults["limits"], Value::Null);
}

fn samples() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![config()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found
}

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}
