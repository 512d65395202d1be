//! Patterns of names, as shells have them: `*` stays within a segment, `**` goes over `/`.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use crate::domain::item::Item;
use crate::domain::layout::Layout;

/// A pattern of source or item names.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

/// The text is no pattern.
#[derive(Debug, thiserror::Error)]
#[error("a pattern has *, **, ?, [a-z] and {{a,b}}; \\ takes their meaning away")]
pub struct IllegalPattern(#[source] globset::Error);

impl Pattern {
    /// The pattern as written. `ExperimentRun/**` is everything below that folder,
    /// `{ArtifactZip,ComputeRecord}/**` below either, `**/*.ipynb` all notebooks.
    ///
    /// # Errors
    /// [`IllegalPattern`].
    pub fn new(text: &str) -> Result<Self, IllegalPattern> {
        let mut builder = GlobBuilder::new(text);
        builder.literal_separator(true).backslash_escape(true);
        let glob = builder.build().map_err(IllegalPattern)?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// Whether a whole name is of this pattern.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Whether the name of an item is of this pattern: its path, or its path in its container.
    pub fn fits(&self, item: &Item) -> bool {
        let Layout { container, path, .. } = item.layout();
        let whole = |container: &str| self.matches(&format!("{container}/{path}"));
        self.matches(path) || container.is_some_and(whole)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_folders() {
        let long = "a/".repeat(500);
        let table = [
            ("**", "a", true),
            ("**", long.as_str(), true),
            ("*", "a/b", false),
            ("ExperimentRun/**", "ExperimentRun/dcid.r1/run.json", true),
            ("ExperimentRun/**", "ExperimentRunner/x", false),
            ("ExperimentRun/dcid.*/run.json", "ExperimentRun/dcid.r1/run.json", true),
            ("ExperimentRun/dcid.*/run.json", "ExperimentRun/dcid.r1/a/run.json", false),
            ("{ArtifactZip,ComputeRecord}/**", "ComputeRecord/dcid.r1", true),
            ("**/*.ipynb", "Users/ann/a.ipynb", true),
            ("**/*.ipynb", "a.ipynb", true),
            ("**/*.IPYNB", "a.ipynb", false),
            ("**/*.csv", "山田/é\t'\".csv", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        for illegal in ["[", "{a", "a\\"] {
            assert!(Pattern::new(illegal).is_err(), "{illegal}");
        }
    }
}
