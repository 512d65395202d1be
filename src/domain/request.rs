//! What was asked, for whom, and by when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::asked::subject::Subject;
use crate::domain::asked::thing::{Aside, Thing, ThingKind};
use crate::domain::callbacks::url::CallbackUrl;

/// A valid request of a data subject (DESIGN 4.1). Holds the subject, so it has no `Serialize`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The producer's id for it.
    pub id: RequestId,
    /// What was asked.
    pub kind: RequestKind,
    /// The law it invokes, as written: `gdpr`, `ccpa`, ….
    pub regulation: String,
    /// When the person asked.
    pub submitted: Timestamp,
    /// What it is about.
    pub asked: Asked,
    /// Whom to tell by HTTP; none once the request is read from the ledger, which has them apart.
    pub callbacks: Vec<CallbackUrl>,
    /// What `extensions.dsrd` says.
    pub options: Options,
}

/// What a request is about.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A person: whatever speaks of that person anywhere.
    Person(Subject),
    /// A resource of a workspace: it alone, and what belongs to it.
    Thing(Thing),
}

/// The part of a request that is ours: `extensions.dsrd`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these sources; all when empty.
    pub sources: Vec<String>,
    /// Find and plan, touch nothing.
    pub dry_run: bool,
    /// Redact where the policy would delete.
    pub redact: bool,
    /// Whom an archive is encrypted to; in the clear without.
    pub encrypt_to: Option<EncryptTo>,
    /// BCP 47 language of what the person reads.
    pub language: Option<String>,
    /// Wins over the due date that the law gives.
    pub due_time: Option<Timestamp>,
}

/// Who is responsible for the data, as the person is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// The organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whom to ask there: an address, a page, a telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// Whom an archive is encrypted to, checked when the request was read.
#[derive(Clone)]
pub enum EncryptTo {
    /// Whoever holds the private key of one of these age recipients, `age1…`.
    Recipients(Vec<String>),
    /// Whoever knows the passphrase.
    Passphrase(Zeroizing<String>),
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A copy of what is held (Art. 15).
    Access,
    /// A copy in structured form (Art. 20).
    Portability,
    /// Erasure (Art. 17).
    Erasure,
    /// A copy of a thing: what its service says of it, and its files.
    #[serde(rename = "export")]
    ExportThing,
    /// A thing is to be deleted.
    #[serde(rename = "delete")]
    DeleteThing,
    /// A thing is to be registered no more.
    #[serde(rename = "unregister")]
    UnregisterThing,
    /// A thing is to be hidden.
    #[serde(rename = "archive")]
    ArchiveThing,
}

/// An id that is safe as a file name, a header value and a log field: 1 to 128 characters out of
/// `A-Z a-z 0-9 . _ : -`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

/// The text is not a [`RequestId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a request id has 1 to 128 characters out of A-Z a-z 0-9 . _ : - and begins with a letter or \
     digit"
)]
pub struct IllegalRequestId;

/// Longest id, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Longest [`RequestId::file_name`], in bytes. File systems take 255, of which endings need some.
pub const FILE_NAME_BYTES_MAX: usize = 128;

impl Request {
    /// Whether it is about what a source holds.
    pub fn concerns(&self, source: &str) -> bool {
        let wanted = &self.options.sources;
        wanted.is_empty() || wanted.iter().any(|name| name == source)
    }

    /// The person it is about, in a slice; none where it is about a thing.
    pub fn people(&self) -> &[Subject] {
        match &self.asked {
            Asked::Person(subject) => std::slice::from_ref(subject),
            Asked::Thing(_) => &[],
        }
    }

    /// The thing it is about.
    pub fn thing(&self) -> Option<&Thing> {
        match &self.asked {
            Asked::Person(_) => None,
            Asked::Thing(thing) => Some(thing),
        }
    }
}

impl RequestId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// [`IllegalRequestId`] where the text has another form.
    pub fn new(text: &str) -> Result<Self, IllegalRequestId> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins_well && text.len() <= REQUEST_ID_BYTES_MAX && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IllegalRequestId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a part of file names: no two ids share one, on no file system, and it is at most
    /// [`FILE_NAME_BYTES_MAX`] long.
    ///
    /// Ids in lower case, without `:` and `_`, stay as they are. Where systems would take two ids
    /// for one (they differ in case), or refuse one, `~` and two hexadecimal digits stand for a
    /// character. Earlier versions wrote no `~`, so that none of their names is met again.
    pub fn file_name(&self) -> String {
        let first = self.0.split('.').next().unwrap_or_default();
        let mut name = String::new();
        for (at, c) in self.0.char_indices() {
            let is_plain = matches!(c, 'a'..='z' | '0'..='9' | '.' | '-');
            if is_plain && (at > 0 || !is_device(first)) {
                name.push(c);
            } else {
                // Ids are ASCII.
                name.push_str(&format!("~{:02x}", u32::from(c)));
            }
        }
        if name.len() <= FILE_NAME_BYTES_MAX {
            return name;
        }
        // Twice `~` follows on nothing above.
        let digest = hex::encode(Sha256::digest(&self.0));
        name.truncate(FILE_NAME_BYTES_MAX - 2 - digest.len());
        format!("{name}~~{digest}")
    }
}

/// Whether Windows takes a name for a device, whatever ending it has.
fn is_device(name: &str) -> bool {
    let numbered = |start| {
        name.strip_prefix(start).is_some_and(|end: &str| matches!(end.as_bytes(), [b'0'..=b'9']))
    };
    matches!(name, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl TryFrom<String> for RequestId {
    type Error = IllegalRequestId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl fmt::Debug for EncryptTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptTo(not shown)")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RequestKind {
    /// Every kind; those about things last.
    pub const ALL: [Self; 7] = [
        Self::Access,
        Self::Portability,
        Self::Erasure,
        Self::ExportThing,
        Self::DeleteThing,
        Self::UnregisterThing,
        Self::ArchiveThing,
    ];

    /// The kind of that word in the ledger.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What is asked about a person by that word; `export` and `delete` are synonyms.
    pub fn of_person(word: &str) -> Option<Self> {
        match word {
            "access" | "export" => Some(Self::Access),
            "portability" => Some(Self::Portability),
            "erasure" | "delete" => Some(Self::Erasure),
            _ => None,
        }
    }

    /// What is asked about a thing by that word.
    pub fn of_thing(word: &str) -> Option<Self> {
        Self::parse(word).filter(|kind| kind.is_about_a_thing())
    }

    /// Whether it is about a thing, and not about a person.
    pub fn is_about_a_thing(self) -> bool {
        match self {
            Self::Access | Self::Portability | Self::Erasure => false,
            Self::ExportThing | Self::DeleteThing | Self::UnregisterThing | Self::ArchiveThing => {
                true
            }
        }
    }

    /// The word of the design.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Portability => "portability",
            Self::Erasure => "erasure",
            Self::ExportThing => "export",
            Self::DeleteThing => "delete",
            Self::UnregisterThing => "unregister",
            Self::ArchiveThing => "archive",
        }
    }

    /// Whether it can be asked of such a thing: whether the service has an operation for it.
    ///
    /// Whatever can be named can be copied. Compute is unregistered by detaching it, a datastore
    /// has nothing of its own to delete, and a pipeline output is data, which goes with its run.
    pub fn suits(self, thing: ThingKind) -> bool {
        let others: &[Self] = match thing {
            ThingKind::Run
            | ThingKind::Experiment
            | ThingKind::Environment
            | ThingKind::Component => &[Self::DeleteThing, Self::ArchiveThing],
            ThingKind::Model | ThingKind::Dataset => {
                &[Self::DeleteThing, Self::UnregisterThing, Self::ArchiveThing]
            }
            ThingKind::Compute => &[Self::DeleteThing, Self::UnregisterThing],
            ThingKind::WebService
            | ThingKind::OnlineEndpoint
            | ThingKind::BatchEndpoint
            | ThingKind::Workspace
            | ThingKind::Schedule => &[Self::DeleteThing],
            ThingKind::Datastore => &[Self::UnregisterThing],
            ThingKind::PipelineOutput => &[],
        };
        self == Self::ExportThing || others.contains(&self)
    }

    /// How a thing is put aside by it; `None` where it is not.
    pub fn aside(self) -> Option<Aside> {
        match self {
            Self::UnregisterThing => Some(Aside::Unregistered),
            Self::ArchiveThing => Some(Aside::Archived),
            Self::Access
            | Self::Portability
            | Self::Erasure
            | Self::ExportThing
            | Self::DeleteThing => None,
        }
    }

    /// Whether it ends in an archive.
    pub fn is_export(self) -> bool {
        matches!(self, Self::Access | Self::Portability | Self::ExportThing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn file_name(id: &str) -> String {
        RequestId::new(id).unwrap().file_name()
    }

    /// Every sort of thing with all that can be asked of it.
    #[test]
    fn what_can_be_asked_of_a_thing() {
        let table = [
            ("run", "export delete archive"),
            ("experiment", "export delete archive"),
            ("model", "export delete unregister archive"),
            ("dataset", "export delete unregister archive"),
            ("compute", "export delete unregister"),
            ("web_service", "export delete"),
            ("online_endpoint", "export delete"),
            ("batch_endpoint", "export delete"),
            ("workspace", "export delete"),
            ("pipeline_output", "export"),
            ("environment", "export delete archive"),
            ("component", "export delete archive"),
            ("schedule", "export delete"),
            ("datastore", "export unregister"),
        ];
        let told = ThingKind::ALL.map(|thing| {
            let suiting = RequestKind::ALL.into_iter().filter(|kind| kind.suits(thing));
            let words: Vec<&str> = suiting.map(RequestKind::word).collect();
            (thing.word(), words.join(" "))
        });
        assert_eq!(told, table.map(|(thing, verbs)| (thing, verbs.to_owned())));
        let verbs = RequestKind::ALL.into_iter().filter(|kind| kind.is_about_a_thing());
        for verb in verbs {
            assert_eq!(RequestKind::of_thing(verb.word()), Some(verb));
        }
        assert_eq!(RequestKind::of_person("export"), Some(RequestKind::Access));
    }

    #[test]
    fn ids_as_file_names() {
        let table = [
            ("a7551968-d5d6-44b2-9831-815ac9017798", "a7551968-d5d6-44b2-9831-815ac9017798"),
            ("case.7-b", "case.7-b"),
            ("case:1", "case~3a1"),
            ("case_1", "case~5f1"),
            ("CASE-1", "~43~41~53~45-1"),
            ("con", "~63on"),
            ("nul.zip", "~6eul.zip"),
            ("com1", "~63om1"),
            ("com10", "com10"),
            ("console", "console"),
        ];
        for (id, expected) in table {
            assert_eq!(file_name(id), expected);
        }
    }

    /// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
    #[test]
    fn no_two_ids_share_a_file_name() {
        let alphabet = ["a", "A", "0", ".", "_", ":", "-", "~", "con", "5f", "3a"];
        let mut ids: Vec<String> = vec![String::new()];
        for _ in 0..4 {
            let longer = |id: &String| alphabet.map(|part| format!("{id}{part}"));
            ids.extend(ids.iter().flat_map(longer).collect::<Vec<_>>());
        }
        for length in [40, 41, 42, 43, 44, 60, 125, 127, 128] {
            for c in ["A", "_", ":", "a", "."] {
                ids.push(format!("a{}", c.repeat(length - 1)));
                ids.push(format!("a{}B", c.repeat(length - 2)));
                ids.push(format!("a{}C", c.repeat(length - 2)));
            }
        }
        ids.sort();
        ids.dedup();
        let mut names = BTreeMap::new();
        for id in ids.iter().filter_map(|id| RequestId::new(id).ok()) {
            let name = id.file_name();
            assert!(name.len() <= FILE_NAME_BYTES_MAX && !name.starts_with('.'), "{id}");
            assert_eq!(name.to_lowercase(), name, "{id}");
            assert!(!is_device(name.split('.').next().unwrap()), "{id}");
            if let Some(other) = names.insert(name, id.clone()) {
                panic!("{other} and {id}");
            }
        }
        assert!(names.len() > 5_000);
    }
}
