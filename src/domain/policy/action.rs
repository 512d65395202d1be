//! What can be done with one item: what a policy decides, a plan lists and the ledger counts.

use serde::{Deserialize, Serialize};

use crate::domain::asked::thing::Aside;
use crate::domain::policy::declared::Declared;

/// What is done with one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do", content = "why")]
pub enum Action {
    /// Its bytes go into the archive.
    Export,
    /// It is removed under the ETag seen.
    Delete,
    /// It is a snapshot, and goes if its current form does: the store removes none without the
    /// other. Nothing is done with it.
    Along,
    /// It is written anew without the subject, under the ETag seen; or this is done.
    Redact(Otherwise),
    /// It is a thing that is put aside, and not erased.
    PutAside(Aside),
    /// It stays, for this reason.
    Keep(String),
    /// Nothing can be done with what could not be read; it is listed. A stable word, then ` in `
    /// and the place, which may speak of the subject.
    List(String),
    /// Nothing is done with what could not be read, because somebody declared that it holds no
    /// person.
    Declare {
        /// As of [`Action::List`].
        reason: String,
        /// Who declared it, when and why.
        declared: Declared,
    },
}

/// What is done with an item that was to be redacted and cannot be: its form is unknown, or its own
/// name speaks of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Remove it.
    Delete,
    /// Leave it and say so: the request is then completed in part only.
    Leave,
}

/// [`Action`] as a word that says nothing of the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionWord {
    /// Goes into the archive.
    Export,
    /// Is removed.
    Delete,
    /// Goes if its current form does.
    Along,
    /// Is written anew.
    Redact,
    /// Is registered no more.
    Unregister,
    /// Is hidden.
    Archive,
    /// Stays.
    Keep,
    /// Is listed as unreadable.
    List,
    /// Was not looked through, and is declared to hold no person.
    Declare,
}

impl ActionWord {
    /// Every word.
    pub const ALL: [Self; 9] = [
        Self::Export,
        Self::Delete,
        Self::Along,
        Self::Redact,
        Self::Unregister,
        Self::Archive,
        Self::Keep,
        Self::List,
        Self::Declare,
    ];

    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Delete => "delete",
            Self::Along => "along",
            Self::Redact => "redact",
            Self::Unregister => "unregister",
            Self::Archive => "archive",
            Self::Keep => "keep",
            Self::List => "list",
            Self::Declare => "declare",
        }
    }

    /// Whether nothing was found in the item, because it could not be looked through. Such lines of
    /// a plan are those of the last look.
    pub fn is_unsearched(self) -> bool {
        match self {
            Self::List | Self::Declare => true,
            Self::Export
            | Self::Delete
            | Self::Along
            | Self::Redact
            | Self::Unregister
            | Self::Archive
            | Self::Keep => false,
        }
    }

    /// The action of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

impl Action {
    /// Which it is, without its reason.
    pub fn word(&self) -> ActionWord {
        match self {
            Self::Export => ActionWord::Export,
            Self::Delete => ActionWord::Delete,
            Self::Along => ActionWord::Along,
            Self::Redact(_) => ActionWord::Redact,
            Self::PutAside(Aside::Unregistered) => ActionWord::Unregister,
            Self::PutAside(Aside::Archived) => ActionWord::Archive,
            Self::Keep(_) => ActionWord::Keep,
            Self::List(_) => ActionWord::List,
            Self::Declare { .. } => ActionWord::Declare,
        }
    }
}

impl Otherwise {
    /// The treatment of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Delete, Self::Leave].into_iter().find(|each| each.word() == word)
    }

    /// The word in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Leave => "leave",
        }
    }
}
