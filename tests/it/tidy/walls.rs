//! Properties of the code that a reader relies on. Each failure names a file and line and says what
//! to do about it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dsrd::config::reading::layers;
use serde_json::Value;

use crate::tidy::source::{Faults, Source, root, sources};

/// Lines of code in a file, its tests, comments and blank lines not counted.
const CODE_LINES_MAX: usize = 400;

/// Files in a folder, its `mod.rs` not counted.
const FOLDER_FILES_MAX: usize = 10;

/// Characters in a line.
const LINE_CHARS_MAX: usize = 100;

/// What code that is not a test does without, and what it does instead.
const BANNED: [(&str, &str); 10] = [
    (".unwrap()", "use `expect` with the proof, or return the error"),
    ("todo!", "do it"),
    ("unimplemented!", "do it"),
    ("dbg!", "remove it"),
    ("print!", "print through cli::output, log through tracing"),
    ("println!", "print through cli::output, log through tracing"),
    ("eprint!", "print through cli::output, log through tracing"),
    ("eprintln!", "print through cli::output, log through tracing"),
    ("LIMIT $", "SQLite would plan anew for each value that is bound: write `LIMIT 0 + $`"),
    ("[allow(", "use #[expect(lint, reason = \"…\")]"),
];

#[test]
fn files_and_folders_stay_small() {
    let mut faults = Faults::default();
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for source in sources("src") {
        let lines = source.code().filter(|(_, line)| !line.trim().is_empty()).count();
        if lines > CODE_LINES_MAX {
            let text = format!("{lines} lines of code, {CODE_LINES_MAX} at most: cut along a noun");
            faults.add(&source, 1, &text);
        }
        if !source.path.ends_with("mod.rs") {
            let folder = source.path.parent().unwrap();
            *folders.entry(folder.to_owned()).or_default() += 1;
        }
    }
    for (folder, files) in folders.iter().filter(|(_, files)| **files > FOLDER_FILES_MAX) {
        faults.0.push(format!(
            "{}: {files} files, {FOLDER_FILES_MAX} at most: what belongs together gets a folder",
            folder.display()
        ));
    }
    faults.none();
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let mut faults = Faults::default();
    for source in sources("src").into_iter().chain(sources("tests")) {
        if !source.text.starts_with("//! ") {
            faults.add(&source, 1, "open with `//!`: what the file is for, in one to five lines");
        }
    }
    faults.none();
}

#[test]
fn tables_of_contents_hold_nothing_else() {
    let mut faults = Faults::default();
    let is_table = |source: &Source| {
        ["mod.rs", "lib.rs"].iter().any(|name| source.path.ends_with(name))
            || source.path == Path::new("tests/it/main.rs")
    };
    for source in sources("src").into_iter().chain(sources("tests")).filter(is_table) {
        for (number, line) in source.code() {
            let line = line.trim();
            let opens =
                ["mod ", "pub mod ", "#![", "#["].iter().any(|start| line.starts_with(start));
            let ends = line.ends_with(';') || line.ends_with(']');
            if !(line.is_empty() || opens && ends) {
                let text = "only prose, lint attributes and `mod` lines belong here: move it";
                faults.add(&source, number, text);
            }
        }
    }
    for source in sources("src") {
        for (number, line) in source.code().filter(|(_, line)| line.contains("pub use ")) {
            let text = format!("no re-exports: import by the full path ({})", line.trim());
            faults.add(&source, number, &text);
        }
    }
    faults.none();
}

#[test]
fn code_does_without_what_is_banned() {
    let mut faults = Faults::default();
    for source in sources("src") {
        for (number, line) in source.code() {
            for (word, instead) in BANNED {
                if contains_word(line, word) {
                    faults.add(&source, number, &format!("`{word}`: {instead}"));
                }
            }
        }
    }
    faults.none();
}

#[test]
fn tests_stand_at_the_foot() {
    let mut faults = Faults::default();
    for source in sources("src") {
        let Some(start) = source.tests_start() else { continue };
        let rest: Vec<&str> = source.text.lines().skip(start).collect();
        let opens = rest.first().is_some_and(|line| line.starts_with("mod tests"));
        let closes = rest.iter().position(|line| *line == "}" || *line == "mod tests;");
        if !opens || closes != Some(rest.len() - 1) {
            let text = "what is for tests alone is `mod tests`, and stands last in the file";
            faults.add(&source, start, text);
        }
    }
    faults.none();
}

#[test]
fn every_test_is_run() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    let mut faults = Faults::default();
    for source in sources("tests/it") {
        let stem = source.path.file_stem().unwrap().to_str().unwrap();
        let is_suite = source.path.parent() == Some(Path::new("tests/it")) && stem != "main";
        if is_suite && !main.lines().any(|line| line.starts_with(&format!("mod {stem};"))) {
            faults.add(&source, 1, &format!("nobody runs it: add `mod {stem};` to main.rs"));
        }
    }
    faults.none();
}

#[test]
fn lines_are_short() {
    let mut faults = Faults::default();
    // Snapshots and published examples are as long as they are.
    for source in sources("src") {
        for (index, line) in source.text.lines().enumerate() {
            let chars = line.chars().count();
            if chars > LINE_CHARS_MAX {
                let text = format!("{chars} characters, {LINE_CHARS_MAX} at most: wrap it");
                faults.add(&source, index + 1, &text);
            }
        }
    }
    faults.none();
}

#[test]
fn every_setting_is_explained_in_the_reference() {
    let path = "config/reference.toml";
    let entries = reference(&fs::read_to_string(root().join(path)).unwrap());
    let mut known = Vec::new();
    keys("", &layers::sample(), &mut known);
    // What `[exports]` and `[[sources]]` have both is explained once.
    let of_sources: Vec<String> =
        known.iter().filter_map(|key| key.strip_prefix("sources.").map(str::to_owned)).collect();
    known.retain(|key| {
        let of_exports = key.strip_prefix("exports.");
        of_exports.is_none_or(|key| key == "url" || !of_sources.iter().any(|other| other == key))
    });
    let mut faults = Faults::default();
    for key in &known {
        if !entries.iter().any(|entry| entry.key == *key && entry.explained) {
            faults.0.push(format!("{path}: {key} is missing, or has no comment above: explain it"));
        }
    }
    for entry in entries.iter().filter(|entry| !known.contains(&entry.key)) {
        let unshared = entry.key.strip_prefix("exports.").map(|key| format!("sources.{key}"));
        if !unshared.is_some_and(|key| known.contains(&key)) {
            let (line, key) = (entry.line, &entry.key);
            faults.0.push(format!("{path}:{line}: there is no setting {key}: remove it"));
        }
    }
    faults.none();
}

/// Whether `word` stands in `line` and is not the end of another.
fn contains_word(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let begins = word.starts_with(is_word);
    line.match_indices(word).any(|(at, _)| !begins || !line[..at].ends_with(is_word))
}

/// Every leaf of the settings, lists without their index.
fn keys(path: &str, value: &Value, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        // An empty one is an open table, whose keys are the operator's.
        Value::Object(object) if !object.is_empty() => {
            object.iter().for_each(|(key, value)| keys(&below(key), value, found));
        }
        Value::Array(list) if list.first().is_some_and(Value::is_object) => {
            keys(path, &list[0], found);
        }
        _ => found.push(path.to_owned()),
    }
}

/// A key that the reference mentions, in force or commented out.
struct Entry {
    line: usize,
    key: String,
    explained: bool,
}

/// Prose is a comment with a blank after its `#`; a setting that is commented out has none.
fn reference(text: &str) -> Vec<Entry> {
    let (mut entries, mut section, mut explained) = (Vec::new(), String::new(), false);
    for (index, line) in text.lines().enumerate() {
        let is_prose = line.starts_with("# ") || line == "#";
        let setting = line.strip_prefix('#').unwrap_or(line);
        if is_prose {
            explained = true;
        } else if setting.is_empty() {
            explained = false;
        } else if setting.starts_with('[') {
            section = setting.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = setting.split_once(" = ") {
            entries.push(Entry { line: index + 1, key: format!("{section}.{key}"), explained });
        }
    }
    entries
}
