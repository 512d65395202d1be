//! What the archive says of itself: `manifest.json`, its last entry.
//!
//! These types are the contract that `config/schema/manifest.schema.json` publishes. They name
//! items, so none of them has `Debug`, and they are written nowhere but into the archive.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::asked::thing::{Thing, ThingKind};
use crate::domain::coverage::covered::Covered;
use crate::domain::item::{Hit, Version};
use crate::domain::policy::declared::Declared;
use crate::domain::request::{Controller, RequestId, RequestKind};

/// Where the manifest lies in the archive.
pub const MANIFEST_PATH: &str = "manifest.json";

/// Where the page for people lies in the archive.
pub const REPORT_PATH: &str = "report.html";

/// Where the table of all files lies in the archive.
pub const FILES_PATH: &str = "files.csv";

/// Where the table of the person's runs lies in the archive.
pub const RUNS_PATH: &str = "runs.csv";

/// What the manifest of a resource says of masking.
pub const NOBODY_MASKED: &str = "No person asked for data about themselves, so nobody who is named \
    is masked. Keys, tokens and signatures are removed where the format can be rewritten.";

/// The first field of every manifest of this form.
pub const FORMAT: &str = "dsrd-manifest/1";

/// The whole manifest, its files as `F`: a reader that needs less of each keeps less of each.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest<F = ManifestFile> {
    /// [`FORMAT`].
    pub format: String,
    /// What it answers.
    pub request: ManifestRequest,
    /// Who is responsible for the data, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<Controller>,
    /// Name and version of the program that wrote it.
    pub program: String,
    /// What was not masked, and why, where that is another than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masking: Option<String>,
    /// Every file under `data/`, in the order of the archive.
    pub files: Vec<F>,
    /// What speaks, or may speak, of the person and is missing, or not whole. What nothing connects
    /// with the person is not named here: its name may be about somebody else.
    pub unreadable: Vec<ManifestUnreadable>,
    /// What could not be looked through and by its name, place and metadata is not the person's:
    /// how many, by source and reason.
    #[serde(default)]
    pub unsearched: Vec<ManifestUnsearched>,
    /// Where it was looked, and where not; of a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Covered>,
    /// What lies outside our reach, and what a person can do about it.
    pub manual_steps: Vec<ManualStep>,
    /// The page for people.
    pub report: ManifestReport,
    /// The tables: [`FILES_PATH`], then [`RUNS_PATH`].
    pub tables: Vec<ManifestTable>,
    /// What the lists above add up to.
    pub counts: ManifestCounts,
}

/// The request that the archive answers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestRequest {
    /// The producer's id for it.
    pub id: RequestId,
    /// `access` or `portability`; `export` of a resource.
    #[serde(rename = "type")]
    pub kind: RequestKind,
    /// The law that it invokes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub regulation: String,
    /// When the person asked.
    pub submitted_time: Timestamp,
    /// The language asked for, BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The resource that it names, where no person asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ManifestResource>,
}

/// A resource, as the request names it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestResource {
    /// What sort of resource it is.
    #[serde(rename = "type")]
    pub kind: ThingKind,
    /// What it is called.
    pub name: String,
    /// Which output of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

impl ManifestResource {
    /// That of a thing.
    pub fn of(thing: &Thing) -> Self {
        let Thing { kind, name, output, with_dependents: _, permanently: _ } = thing;
        Self { kind: *kind, name: name.clone(), output: output.clone() }
    }
}

/// One file of the archive and where it came from.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Name of the entry.
    pub path: String,
    /// The configured name of the source.
    pub source: String,
    /// The item's own name in that source.
    pub item: String,
    /// Which form of that name.
    pub version: Version,
    /// The run that it belongs to, as far as its place tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The validator under which it was read.
    pub etag: String,
    /// When it was last written, where the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// Hex SHA-256 of the bytes in the archive.
    pub sha256: String,
    /// How many bytes these are.
    pub size: u64,
    /// The media type that the source has for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Names and values kept beside the bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Index tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Where it speaks of the person; at most the configured number.
    pub places: Vec<Hit>,
    /// How the person's data came to be there.
    pub legal_tag: LegalTag,
    /// What was masked in it, and why; each sort once.
    pub masked: Vec<Masked>,
    /// Whether these are all the bytes of the item. If not, it is also among `unreadable`.
    pub complete: bool,
}

/// Things of one sort that were masked in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Masked {
    /// Which sort.
    pub what: MaskedKind,
    /// How many places.
    pub count: u64,
    /// Why, as a sentence.
    pub why: String,
}

/// The sorts of things that are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskedKind {
    /// Another person, by a name of their own inside the archive: `Person 2`.
    Person,
    /// A key, password, token or signature.
    Secret,
}

impl Masked {
    /// This many things of that sort, for the reason that goes with it.
    pub fn new(what: MaskedKind, count: u64) -> Self {
        let why = match what {
            MaskedKind::Person => {
                "A copy must not adversely affect the rights and freedoms of others."
            }
            MaskedKind::Secret => {
                "It opens systems to whoever reads it, and says nothing about the person."
            }
        };
        Self { what, count, why: why.to_owned() }
    }
}

/// What could not be given, or not whole.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestUnreadable {
    /// The configured name of the source.
    pub source: String,
    /// The item's own name in that source.
    pub item: String,
    /// Which form of that name.
    pub version: Version,
    /// A stable word, and what it was about.
    pub reason: String,
}

/// Items of one source that could not be looked through, for one reason.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestUnsearched {
    /// The configured name of the source.
    pub source: String,
    /// A stable word first.
    pub reason: String,
    /// How many.
    pub items: u64,
    /// Who declared that such items hold no person; none where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
}

/// The page for people, as it lies in the archive.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestReport {
    /// [`REPORT_PATH`].
    pub path: String,
    /// The language it is written in.
    pub language: String,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// How many bytes these are.
    pub size: u64,
}

/// A table, as it lies in the archive.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestTable {
    /// Name of the entry.
    pub path: String,
    /// Lines under its head.
    pub rows: u64,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// How many bytes these are.
    pub size: u64,
}

/// Something that only a person can do, because the system has no interface for it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualStep {
    /// Where.
    pub system: String,
    /// What to do there.
    pub what: String,
    /// The page to do it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who can do it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// How, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub takes: String,
    /// Whom to ask for there; in an archive of that very person, and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub object_ids: Vec<String>,
    /// Where what is to be handed over lies already: `ACCOUNT/CONTAINER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_to: Option<String>,
    /// Why a service that was to do it did not: a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_copied: Option<String>,
}

/// Sums over the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestCounts {
    /// Items that the find looked at; rows that were asked for are none of them.
    pub items_seen: u64,
    /// Entries under `data/`.
    pub files: u64,
    /// Their bytes, unpacked.
    pub bytes: u64,
    /// Files whose bytes broke off.
    pub incomplete: u64,
    /// Files in which something was masked.
    pub masked: u64,
    /// Entries of `unreadable`.
    pub unreadable: u64,
    /// Items that `unsearched` counts.
    #[serde(default)]
    pub unsearched: u64,
}

/// How the data came to be held, in the terms of the EDPB's guidelines 01/2022 on access: given by
/// the person, observed of them, or inferred from either. Told only where the workspace says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalTag {
    /// The person handed it in: it lies in their own user folder.
    Provided,
    /// It arose while the person used the workspace: documents, logs and compute records of runs
    /// that they created.
    Observed,
    /// It was computed by a run that they created: outputs, models, predictions.
    Inferred,
    /// Nothing says how it came about. That somebody uploaded it does not say who did.
    NotKnown,
}

impl LegalTag {
    /// Every tag.
    pub const ALL: [Self; 4] = [Self::Provided, Self::Observed, Self::Inferred, Self::NotKnown];

    /// The word in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provided => "provided",
            Self::Observed => "observed",
            Self::Inferred => "inferred",
            Self::NotKnown => "not_known",
        }
    }

    /// Why what has this tag is no part of what a person may take along; `None` if it is. Art. 20
    /// GDPR covers what the person provided, in the reading of WP 242 also what was observed of
    /// them, and not what was inferred. What is not known to be either stays out: it may be what
    /// others wrote about the person, and a request for access gives it.
    pub fn not_portable(self) -> Option<&'static str> {
        match self {
            Self::Provided | Self::Observed => None,
            Self::Inferred => Some("portability: inferred"),
            Self::NotKnown => Some("portability: not known to be provided or observed"),
        }
    }
}
