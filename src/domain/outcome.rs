//! What became of each item, and the tallies made of it.
//!
//! Every word here leaves the building in events and certificates, so none of them can hold a
//! person.

use std::collections::BTreeMap;

use crate::domain::asked::thing::Aside;

/// What became of one planned item. The words are those of DESIGN section 9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Its bytes are in the archive.
    Exported,
    /// It was removed under the ETag seen at the find.
    Erased,
    /// It was written anew without the subject, under the ETag seen at the find.
    Redacted,
    /// It is registered no more; what it stood for stays. No erasure.
    Unregistered,
    /// It was hidden, and stays. No erasure.
    Archived,
    /// It was gone already when we came to act.
    AlreadyAbsent,
    /// Policy keeps it; the reason is the operator's own word.
    Kept(String),
    /// Something outside our authority forbids it.
    Blocked(Barrier),
    /// It could not be read or decoded; a stable word says why.
    Unreadable(String),
    /// It could not be looked through, and the operator declared that it holds no person; the form
    /// that was declared.
    Declared(String),
    /// It was rewritten between the find and the act; found again by the verify sweep or not.
    Changed,
    /// Acting on it failed for good; a stable word says why.
    Failed(String),
    /// A service has begun to remove it, and finishes that by itself.
    Pending,
    /// A dry run would have acted on it.
    Planned,
}

/// An [`ItemOutcome`] without its reason. What follows from an outcome follows from its kind, and
/// is said here alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// See [`ItemOutcome::Exported`].
    Exported,
    /// See [`ItemOutcome::Erased`].
    Erased,
    /// See [`ItemOutcome::Redacted`].
    Redacted,
    /// See [`ItemOutcome::Unregistered`].
    Unregistered,
    /// See [`ItemOutcome::Archived`].
    Archived,
    /// See [`ItemOutcome::AlreadyAbsent`].
    AlreadyAbsent,
    /// See [`ItemOutcome::Kept`].
    Kept,
    /// See [`ItemOutcome::Blocked`].
    Blocked,
    /// See [`ItemOutcome::Unreadable`].
    Unreadable,
    /// See [`ItemOutcome::Declared`].
    Declared,
    /// See [`ItemOutcome::Changed`].
    Changed,
    /// See [`ItemOutcome::Failed`].
    Failed,
    /// See [`ItemOutcome::Pending`].
    Pending,
    /// See [`ItemOutcome::Planned`].
    Planned,
}

/// What forbids an erasure, and how the source put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// What it is.
    pub block: Block,
    /// The block's word; after a colon the source's own error code, where it gave one.
    detail: String,
}

/// The code of what a service lets nobody change: parts of a run's record, which go with the whole
/// run alone. It is ours; the service has none.
pub const FIXED: &str = "FixedByTheService";

/// The code of what a snapshot of a whole share keeps: nobody can change or remove a part of one.
/// It is ours; the service has none.
pub const IN_A_SHARE_SNAPSHOT: &str = "InAShareSnapshot";

/// The kinds of things that forbid an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// An active lease.
    Lease,
    /// A legal hold.
    LegalHold,
    /// A time-based immutability policy.
    Immutable,
    /// A management lock or a missing permission.
    Lock,
}

/// How many items ended in each way, by [`ItemOutcome::word`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Word to number of items.
    pub by_outcome: BTreeMap<String, u64>,
    /// Planned items that have no outcome yet.
    pub open: u64,
}

impl OutcomeKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Exported,
        Self::Erased,
        Self::Redacted,
        Self::Unregistered,
        Self::Archived,
        Self::AlreadyAbsent,
        Self::Kept,
        Self::Blocked,
        Self::Unreadable,
        Self::Declared,
        Self::Changed,
        Self::Failed,
        Self::Pending,
        Self::Planned,
    ];

    /// The stable word, as in events and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Erased => "erased",
            Self::Redacted => "redacted",
            Self::Unregistered => "unregistered",
            Self::Archived => "archived",
            Self::AlreadyAbsent => "already_absent",
            Self::Kept => "kept",
            Self::Blocked => "blocked",
            Self::Unreadable => "unreadable",
            Self::Declared => "declared",
            Self::Changed => "changed",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Planned => "planned",
        }
    }

    /// The kind of that word; `None` for one of a later version.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.word() == word)
    }

    /// Whether the request can still be called completed with this outcome in it.
    pub fn is_clean(self) -> bool {
        match self {
            Self::Exported
            | Self::Erased
            | Self::Redacted
            | Self::Unregistered
            | Self::Archived
            | Self::AlreadyAbsent
            | Self::Kept
            | Self::Declared
            | Self::Planned => true,
            Self::Blocked | Self::Unreadable | Self::Changed | Self::Failed | Self::Pending => {
                false
            }
        }
    }

    /// Whether nothing of the subject is left there any more, of an item that was to be erased.
    /// What stood there may still be recovered for a while.
    pub fn is_clear(self) -> bool {
        match self {
            Self::Erased | Self::Redacted | Self::AlreadyAbsent => true,
            Self::Exported
            | Self::Unregistered
            | Self::Archived
            | Self::Kept
            | Self::Blocked
            | Self::Unreadable
            | Self::Declared
            | Self::Changed
            | Self::Failed
            | Self::Pending
            | Self::Planned => false,
        }
    }

    /// Whether what ended so is expected to stand there still, at a second look. What could not be
    /// read is met anew each time, and the last look is believed: it may be read now, and may speak
    /// of nobody.
    pub fn stays(self) -> bool {
        match self {
            Self::Kept | Self::Blocked | Self::Failed => true,
            Self::Unreadable
            | Self::Declared
            | Self::Exported
            | Self::Erased
            | Self::Redacted
            | Self::Unregistered
            | Self::Archived
            | Self::AlreadyAbsent
            | Self::Changed
            | Self::Pending
            | Self::Planned => false,
        }
    }

    /// Whether it was put aside: that is no erasure.
    pub fn is_aside(self) -> bool {
        matches!(self, Self::Unregistered | Self::Archived)
    }

    /// Whether what was asked was not done with it; the reason is then told.
    pub fn is_refusal(self) -> bool {
        !self.is_clean() || self == Self::Kept
    }
}

impl From<Aside> for ItemOutcome {
    fn from(aside: Aside) -> Self {
        match aside {
            Aside::Unregistered => Self::Unregistered,
            Aside::Archived => Self::Archived,
        }
    }
}

impl ItemOutcome {
    /// The stable word of the outcome, as in events and metrics.
    pub fn word(&self) -> &'static str {
        self.kind().word()
    }

    /// Which it is, without its reason.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Exported => OutcomeKind::Exported,
            Self::Erased => OutcomeKind::Erased,
            Self::Redacted => OutcomeKind::Redacted,
            Self::Unregistered => OutcomeKind::Unregistered,
            Self::Archived => OutcomeKind::Archived,
            Self::AlreadyAbsent => OutcomeKind::AlreadyAbsent,
            Self::Kept(_) => OutcomeKind::Kept,
            Self::Blocked(_) => OutcomeKind::Blocked,
            Self::Unreadable(_) => OutcomeKind::Unreadable,
            Self::Declared(_) => OutcomeKind::Declared,
            Self::Changed => OutcomeKind::Changed,
            Self::Failed(_) => OutcomeKind::Failed,
            Self::Pending => OutcomeKind::Pending,
            Self::Planned => OutcomeKind::Planned,
        }
    }

    /// What stands behind the word, or an empty string.
    pub fn detail(&self) -> &str {
        match self {
            Self::Kept(reason)
            | Self::Unreadable(reason)
            | Self::Declared(reason)
            | Self::Failed(reason) => reason,
            Self::Blocked(barrier) => &barrier.detail,
            Self::Exported
            | Self::Erased
            | Self::Redacted
            | Self::Unregistered
            | Self::Archived
            | Self::AlreadyAbsent
            | Self::Changed
            | Self::Pending
            | Self::Planned => "",
        }
    }

    /// The outcome of that word and detail; `None` for a word of a later version.
    pub fn parse(word: &str, detail: &str) -> Option<Self> {
        Some(match OutcomeKind::parse(word)? {
            OutcomeKind::Exported => Self::Exported,
            OutcomeKind::Erased => Self::Erased,
            OutcomeKind::Redacted => Self::Redacted,
            OutcomeKind::Unregistered => Self::Unregistered,
            OutcomeKind::Archived => Self::Archived,
            OutcomeKind::AlreadyAbsent => Self::AlreadyAbsent,
            OutcomeKind::Kept => Self::Kept(detail.to_owned()),
            OutcomeKind::Blocked => Self::Blocked(Barrier::parse(detail)?),
            OutcomeKind::Unreadable => Self::Unreadable(detail.to_owned()),
            OutcomeKind::Declared => Self::Declared(detail.to_owned()),
            OutcomeKind::Changed => Self::Changed,
            OutcomeKind::Failed => Self::Failed(detail.to_owned()),
            OutcomeKind::Pending => Self::Pending,
            OutcomeKind::Planned => Self::Planned,
        })
    }

    /// See [`OutcomeKind::is_clean`].
    pub fn is_clean(&self) -> bool {
        self.kind().is_clean()
    }

    /// See [`OutcomeKind::is_refusal`].
    pub fn is_refusal(&self) -> bool {
        self.kind().is_refusal()
    }
}

impl Barrier {
    /// A block that the source put into this error code; empty where it has no codes.
    pub fn new(block: Block, code: &str) -> Self {
        let detail = match code {
            "" => block.word().to_owned(),
            code => format!("{}: {code}", block.word()),
        };
        Self { block, detail }
    }

    /// The block's word; after a colon the source's own error code, where it gave one.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    fn parse(detail: &str) -> Option<Self> {
        let word = detail.split_once(": ").map_or(detail, |(word, _)| word);
        Some(Self { block: Block::parse(word)?, detail: detail.to_owned() })
    }
}

impl Block {
    /// Every block.
    pub const ALL: [Self; 4] = [Self::Lease, Self::LegalHold, Self::Immutable, Self::Lock];

    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::LegalHold => "legal_hold",
            Self::Immutable => "immutable",
            Self::Lock => "lock",
        }
    }

    /// The block of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|block| block.word() == word)
    }
}

impl Tally {
    /// Items that ended in this way.
    pub fn of(&self, word: &str) -> u64 {
        self.by_outcome.get(word).copied().unwrap_or_default()
    }

    /// All items, with an outcome or without.
    pub fn total(&self) -> u64 {
        self.by_outcome.values().sum::<u64>() + self.open
    }
}
