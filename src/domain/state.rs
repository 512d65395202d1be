//! The life of a request as one function.
//!
//! The ledger stores [`Event`]s; the state is their fold. No other code builds a later state.
//! Nothing in an event may speak of the subject: events outlive the seal. What a person wrote as a
//! reason is theirs to keep clean, and is length-bounded where it enters.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::coverage::covered::{Coverage, Covered};
use crate::domain::inventory::Untouched;
use crate::domain::outcome::{OutcomeKind, Tally};
use crate::domain::policy::declared::DeclaredItems;
use crate::domain::policy::guard::{Share, is_zero};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Bytes arrived; nothing is ledgered yet. Never stored.
    Received,
    /// In the ledger, waiting for a sweep.
    Accepted,
    /// A sweep is looking for the subject.
    Finding,
    /// Exactly one action per finding is ledgered.
    Planned,
    /// Waits for a person.
    Held,
    /// The plan is being carried out.
    Acting,
    /// What is left of the plan is under way at services, which finish it by themselves.
    Waiting,
    /// Being looked at again with fresh eyes.
    Verifying,
    /// Verified: nothing left (erasure) or archive read back whole (export).
    Completed,
    /// Verified, but some items could not be read, reached or acted on; they are listed.
    PartiallyCompleted,
    /// Ended without its purpose; a person may retry.
    Failed,
    /// Withdrawn by a person: before anything was touched, or after it failed.
    Cancelled,
    /// Never was a request: the faults were announced.
    Rejected,
}

/// What happened to a request, in the order of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A valid request was committed.
    Accepted,
    /// An invalid message was answered with these stable fault codes.
    Rejected {
        /// Code of each fault, in the order of the message.
        codes: Vec<String>,
    },
    /// A sweep took it along.
    FindStarted,
    /// The sweep ended and the plan is in the ledger whole.
    Planned {
        /// Items with an action.
        items: u64,
        /// Items that could not be read.
        unreadable: u64,
        /// Items looked at; rows that were asked for are none of them.
        seen: u64,
        /// Hex SHA-256 of the policy that the plan was made by.
        policy: String,
        /// The same by source; what the guard looks at.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<Share>,
        /// Where it was looked, and where not; of a person.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        coverage: Vec<Covered>,
    },
    /// A guard wants a person to look first.
    Held {
        /// Which guard, with its numbers.
        reason: String,
    },
    /// A person let it go on.
    Approved(Decision),
    /// A person stopped a held request.
    Refused(Decision),
    /// A person withdrew it.
    Cancelled(Decision),
    /// A person ended what was being carried out; what was done until then stands.
    Stopped(Decision),
    /// A person wants a failed request tried again.
    Retried(Decision),
    /// A person took more time for it, as its law allows once. It stays where it is, and what was
    /// under way for it is begun again: like any record it overtakes whoever works on the request.
    Extended(Extension),
    /// The first planned item is about to be acted on.
    ActStarted,
    /// All that is left of the plan was begun at services, which finish it by themselves.
    WaitStarted {
        /// How many items.
        pending: u64,
        /// The same by source.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<Awaited>,
        /// When what is not finished by then is given up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_at_most: Option<Timestamp>,
    },
    /// Every planned item has an outcome.
    Acted {
        /// Name and digest of the archive, for an export.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archive: Option<Archive>,
    },
    /// The second look found items that still speak of the subject, and they joined the plan; or a
    /// service did not do what it had begun.
    LeftOver {
        /// How many.
        items: u64,
    },
    /// The second look ended it, and the outcome is this.
    Verified {
        /// What became of the items.
        counts: Counts,
        /// The archive, for an export: it was read back whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archive: Option<Archive>,
        /// When the last item was erased, or nothing was found to erase.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logically_erased_at: Option<Timestamp>,
        /// When soft-deleted copies have expired; the same time where none are kept, absent where
        /// nothing was erased or a source does not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unrecoverable_after: Option<Timestamp>,
        /// What became of the items that were none of an erasure's business.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        untouched: Option<Box<Untouched>>,
        /// The signed statement of all this, for an erasure; none for a dry run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Box<Evidence>>,
    },
    /// A later sweep came across what speaks of the person again, in places where nothing was left:
    /// something was restored, or written late. A report: nothing is erased without a new request.
    Returned {
        /// Items that were not reported before.
        items: u64,
        /// The same by source.
        sources: Vec<Regained>,
    },
    /// It ended without its purpose.
    Failed {
        /// A stable word and what to do, free of personal data.
        reason: String,
    },
}

/// What services are at in one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Its name.
    pub source: String,
    /// How many items.
    pub items: u64,
}

/// What came back to one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regained {
    /// Its name.
    pub source: String,
    /// How many items.
    pub items: u64,
}

/// A person's decision and who took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who, as the message named them.
    pub actor: String,
    /// Why, in their words.
    pub reason: String,
    /// Who vouched for the message, where messages must be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// A decision to take more time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Who decided, and why.
    #[serde(flatten)]
    pub decision: Decision,
    /// When the request is due since then.
    pub due: Timestamp,
}

/// Who signed a message, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Id of the key, as the operator named it.
    pub key: String,
    /// When, by the clock of whoever signed; whole seconds.
    pub at: Timestamp,
}

/// The archive that an export wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Name in the exports store; made of the request id alone.
    pub name: String,
    /// Where a person fetches it, as the store gives it; no link that opens it by itself.
    pub url: String,
    /// Hex SHA-256 of the whole archive, as it is stored.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Files under `data/`.
    pub files: u64,
    /// When it is removed, once that is known; absent where archives are kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What is told beside it of the tenant's logs, where the find could not tell yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_logs: Option<Box<Covered>>,
}

/// A certificate, where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name in the exports store; made of the request id alone.
    pub name: String,
    /// Where a person fetches it, as the store gives it.
    pub url: String,
    /// Hex SHA-256 of the document.
    pub sha256: String,
}

/// The tally of a finished request, as announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Items that the find looked at; rows that were asked for are none of them.
    pub seen: u64,
    /// Items of those that were known, and not read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub known: u64,
    /// Items that spoke of the subject, whatever became of them.
    pub found: u64,
    /// Outcome word to number of items.
    pub outcomes: std::collections::BTreeMap<String, u64>,
    /// What was not done, and why; like refusals are one entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// What was not looked through because somebody declared that it holds no person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<DeclaredItems>,
    /// Where it was looked, and where not; counted, where there are very many places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Box<Coverage>>,
    /// Of how many items it is kept which they are, where something was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Box<Left>>,
}

/// What is kept for the operator about the items that a request left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// How many.
    pub items: u64,
    /// Until when the operator can learn which.
    pub known_until: Timestamp,
}

/// Items of one source that were not read, not erased or not taken along, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Name of the source.
    pub source: String,
    /// The word of the outcome: `blocked`, `unreadable`, `kept`, `changed`, `failed`.
    pub outcome: String,
    /// A stable word first; what the source answered may follow a colon.
    pub reason: String,
    /// How many items.
    pub items: u64,
}

/// An event that the state does not admit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {state:?} cannot take the event {event}")]
pub struct IllegalEvent {
    /// Where the request stands.
    pub state: State,
    /// The event's word.
    pub event: &'static str,
}

impl State {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 13] = [
        Self::Received,
        Self::Accepted,
        Self::Finding,
        Self::Planned,
        Self::Held,
        Self::Acting,
        Self::Waiting,
        Self::Verifying,
        Self::Completed,
        Self::PartiallyCompleted,
        Self::Failed,
        Self::Cancelled,
        Self::Rejected,
    ];

    /// The state after `event`, or a refusal that names both.
    ///
    /// # Errors
    /// [`IllegalEvent`] for every pair that is not an arm below.
    pub fn next(&self, event: &Event) -> Result<Self, IllegalEvent> {
        Ok(match (self, event) {
            (Self::Received, Event::Accepted) => Self::Accepted,
            (Self::Received, Event::Rejected { .. }) => Self::Rejected,

            (Self::Accepted, Event::FindStarted) => Self::Finding,
            (Self::Finding, Event::Planned { .. }) => Self::Planned,
            (Self::Planned, Event::Held { .. }) => Self::Held,
            (Self::Held, Event::Approved(_))
            | (Self::Planned | Self::Waiting, Event::ActStarted) => Self::Acting,
            (Self::Acting, Event::WaitStarted { .. }) => Self::Waiting,
            (Self::Acting | Self::Waiting, Event::Acted { .. }) => Self::Verifying,
            (Self::Verifying | Self::Waiting, Event::LeftOver { .. }) => Self::Acting,
            // A dry run rests with its plan: nothing was touched, so nothing is looked at again.
            (Self::Verifying | Self::Planned, Event::Verified { counts, .. }) => {
                if counts.is_clean() { Self::Completed } else { Self::PartiallyCompleted }
            }

            (Self::Held, Event::Refused(_) | Event::Cancelled(_))
            // One that failed is given up: it holds up no other request of the person any more.
            | (
                Self::Accepted | Self::Finding | Self::Planned | Self::Failed,
                Event::Cancelled(_),
            ) => Self::Cancelled,
            (
                Self::Accepted
                | Self::Finding
                | Self::Planned
                | Self::Acting
                | Self::Waiting
                | Self::Verifying,
                Event::Failed { .. },
            )
            | (Self::Acting | Self::Waiting | Self::Verifying, Event::Stopped(_)) => Self::Failed,
            (Self::Failed, Event::Retried(_)) => Self::Accepted,
            (Self::Completed | Self::PartiallyCompleted, Event::Returned { .. })
            | (
                Self::Accepted
                | Self::Finding
                | Self::Planned
                | Self::Held
                | Self::Acting
                | Self::Waiting
                | Self::Verifying
                | Self::Failed,
                Event::Extended(_),
            ) => *self,

            (state, event) => return Err(IllegalEvent { state: *state, event: event.word() }),
        })
    }

    /// The fold of a request's whole ledger.
    ///
    /// # Errors
    /// The first event that does not follow from those before it.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, IllegalEvent> {
        events.into_iter().try_fold(Self::Received, |state, event| state.next(event))
    }

    /// Whether the request needs its identities no longer: they are shredded on entering.
    pub fn rests(self) -> bool {
        match self {
            Self::Completed | Self::PartiallyCompleted | Self::Cancelled | Self::Rejected => true,
            // A failed request can be retried, and needs its identities for that.
            Self::Failed
            | Self::Received
            | Self::Accepted
            | Self::Finding
            | Self::Planned
            | Self::Held
            | Self::Acting
            | Self::Waiting
            | Self::Verifying => false,
        }
    }

    /// Whether nothing more happens by itself; what `submit --wait` waits for.
    pub fn is_end(self) -> bool {
        self.rests() || self == Self::Failed
    }

    /// The word used in the ledger, in `status` and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Finding => "finding",
            Self::Planned => "planned",
            Self::Held => "held",
            Self::Acting => "acting",
            Self::Waiting => "waiting",
            Self::Verifying => "verifying",
            Self::Completed => "completed",
            Self::PartiallyCompleted => "partially_completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl Decision {
    /// Why a request that this person stopped goes on no more.
    pub fn stop_reason(&self) -> String {
        let Self { actor, reason, .. } = self;
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("stopped by {actor}{why}")
    }
}

impl Event {
    /// The event's word, as in the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected { .. } => "rejected",
            Self::FindStarted => "find_started",
            Self::Planned { .. } => "planned",
            Self::Held { .. } => "held",
            Self::Approved(_) => "approved",
            Self::Refused(_) => "refused",
            Self::Cancelled(_) => "cancelled",
            Self::Stopped(_) => "stopped",
            Self::Retried(_) => "retried",
            Self::Extended(_) => "extended",
            Self::ActStarted => "act_started",
            Self::WaitStarted { .. } => "wait_started",
            Self::Acted { .. } => "acted",
            Self::LeftOver { .. } => "left_over",
            Self::Verified { .. } => "verified",
            Self::Returned { .. } => "returned",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Event {
    /// The decision that a person took, where it is one.
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Approved(decision)
            | Self::Refused(decision)
            | Self::Cancelled(decision)
            | Self::Retried(decision)
            | Self::Stopped(decision)
            | Self::Extended(Extension { decision, .. }) => Some(decision),
            Self::Accepted
            | Self::Rejected { .. }
            | Self::FindStarted
            | Self::Planned { .. }
            | Self::Held { .. }
            | Self::ActStarted
            | Self::WaitStarted { .. }
            | Self::Acted { .. }
            | Self::LeftOver { .. }
            | Self::Verified { .. }
            | Self::Returned { .. }
            | Self::Failed { .. } => None,
        }
    }
}

impl Counts {
    /// Whether every item ended as the request wanted, or as the operator's policy says, and every
    /// place was looked at that was to be. A word that this version does not know is none of these
    /// ways.
    pub fn is_clean(&self) -> bool {
        let is_clean = |word: &str| OutcomeKind::parse(word).is_some_and(OutcomeKind::is_clean);
        self.outcomes.iter().all(|(word, count)| *count == 0 || is_clean(word))
            && !self.coverage.as_ref().is_some_and(|coverage| coverage.is_short())
    }

    /// The counts of a tally, in which so many items are only listed: nothing was found in them,
    /// because they could not be read.
    pub fn new(seen: u64, tally: &Tally, listed: u64) -> Self {
        let found = tally.total().saturating_sub(listed);
        Self { seen, found, outcomes: tally.by_outcome.clone(), ..Self::default() }
    }
}
