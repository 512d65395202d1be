//! What the report is made from.

use crate::archive::about::About;
use crate::archive::manifest::{
    ManifestCounts, ManifestFile, ManifestUnreadable, ManifestUnsearched,
};
use crate::archive::packed::Sealed;
use crate::archive::runs::Runs;
use crate::archive::tally::Tally;

/// What the page tells of.
pub struct Contents<'a> {
    /// Who asks, and what.
    pub about: &'a About,
    /// The sums of the manifest.
    pub counts: ManifestCounts,
    /// Sums over the files.
    pub tally: &'a Tally,
    /// The files.
    pub files: &'a Sealed<ManifestFile>,
    /// What could not be given.
    pub unreadable: &'a Sealed<ManifestUnreadable>,
    /// What could not be looked through, counted.
    pub unsearched: &'a [ManifestUnsearched],
    /// The person's runs.
    pub runs: &'a Runs,
}

impl Contents<'_> {
    /// Whether nothing of it is about whoever reads the page.
    pub fn is_of_a_thing(&self) -> bool {
        self.about.kind.is_about_a_thing()
    }
}
