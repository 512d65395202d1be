//! The code as text: its files, without what is for tests, without comments and literals.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What is wrong, a line each.
#[derive(Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, source: &Source, line: usize, text: &str) {
        self.0.push(format!("{}:{line}: {text}", source.path.display()));
    }

    /// Insists that there is none.
    pub fn none(self) {
        let text = self.0.iter().fold(String::new(), |mut text, fault| {
            writeln!(text, "  {fault}").unwrap();
            text
        });
        assert!(text.is_empty(), "\n{text}");
    }
}

/// A file of Rust.
pub struct Source {
    /// From the root of the repository.
    pub path: PathBuf,
    pub text: String,
    /// The text with blanks for every character of a comment or a literal.
    bare: String,
}

impl Source {
    /// What stands in the file there.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path: path.into(), bare: bare(&text), text }
    }

    /// First segment under `src/`.
    pub fn layer(&self) -> &str {
        let first = self.path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules deep it is: as many `super::` lead out of its layer.
    pub fn depth(&self) -> usize {
        let below = self.path.components().count() - 1;
        if self.path.ends_with("mod.rs") { below - 1 } else { below }
    }

    /// Number of the line that says what follows is for tests.
    pub fn tests_start(&self) -> Option<usize> {
        self.text.lines().position(|line| line.trim() == "#[cfg(test)]").map(|index| index + 1)
    }

    /// Numbered lines before the tests, without comments and literals.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = match self.tests_start() {
            _ if self.path.ends_with("tests.rs") => 0,
            start => start.map_or(usize::MAX, |start| start - 1),
        };
        self.bare.lines().take(end).enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// All Rust under a folder of the repository.
pub fn sources(folder: &str) -> Vec<Source> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_installed = path.ends_with("node_modules") || path.ends_with("target");
            if path.is_dir() && !is_installed {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source::new(path.strip_prefix(root()).unwrap(), text));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Blanks out comments, strings and characters; line breaks stay.
fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, bare.chars().next_back());
        if length == 0 {
            bare.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (gone, after) = rest.split_at(length);
            bare.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = after;
        }
    }
    bare
}

/// Bytes of the comment or literal that `text` begins with; 0 if it begins with none.
fn literal(text: &str, before: Option<char>) -> usize {
    let starts_word = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let open = text.strip_prefix(prefix).map(|rest| rest.trim_start_matches('#'));
        open.is_some_and(|rest| rest.starts_with('"')) && (prefix.is_empty() || starts_word)
    });
    if let Some(prefix) = prefix {
        let hashes = text[prefix.len()..].chars().take_while(|c| *c == '#').count();
        if hashes == 0 || prefix.contains('r') {
            return string(text, prefix, hashes);
        }
    }
    let mut chars = text.char_indices();
    match (chars.next(), chars.next(), chars.next()) {
        (Some((_, '\'')), Some((_, '\\')), Some((_, escaped))) => {
            // Skips the escaped character, which may be the quote itself.
            let skip = 2 + escaped.len_utf8();
            text[skip..].find('\'').map_or(0, |end| skip + end + 1)
        }
        (Some((_, '\'')), Some(_), Some((end, '\''))) => end + 1,
        // Anything else with a quote is a lifetime.
        _ => 0,
    }
}

fn string(text: &str, prefix: &str, hashes: usize) -> usize {
    let start = prefix.len() + hashes + 1;
    if prefix.contains('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        return text[start..].find(&close).map_or(text.len(), |end| start + end + close.len());
    }
    let mut escaped = false;
    for (index, c) in text[start..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return start + index + 1,
            _ => {}
        }
    }
    text.len()
}
