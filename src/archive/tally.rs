//! What the files of an archive add up to.

use std::collections::BTreeMap;

use crate::archive::manifest::{LegalTag, ManifestFile, MaskedKind};

/// Sums over the files.
#[derive(Default)]
pub struct Tally {
    /// By the name of their source.
    pub sources: BTreeMap<String, OfSource>,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Files whose bytes broke off.
    pub incomplete: u64,
    /// Files in which something is masked.
    pub masked: u64,
    /// Places at which another person is.
    pub persons: u64,
    /// Places at which a secret is.
    pub secrets: u64,
}

/// Sums over the files from one source.
#[derive(Default)]
pub struct OfSource {
    /// Files, by how the data came about.
    pub files: BTreeMap<LegalTag, u64>,
    /// Bytes, unpacked.
    pub bytes: u64,
}

impl Tally {
    /// Adds a file.
    pub fn add(&mut self, file: &ManifestFile) {
        let source = self.sources.entry(file.source.clone()).or_default();
        *source.files.entry(file.legal_tag).or_default() += 1;
        source.bytes += file.size;
        self.bytes += file.size;
        self.incomplete += u64::from(!file.complete);
        self.masked += u64::from(!file.masked.is_empty());
        self.persons += masked(file, MaskedKind::Person);
        self.secrets += masked(file, MaskedKind::Secret);
    }
}

/// How many things of a sort are masked in a file.
pub fn masked(file: &ManifestFile, what: MaskedKind) -> u64 {
    file.masked.iter().filter(|masked| masked.what == what).map(|masked| masked.count).sum()
}
