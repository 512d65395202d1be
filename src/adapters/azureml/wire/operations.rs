//! Long-running operations: what an answer says of the next look, what is kept of it as the handle
//! of a ticket, and what a look tells.
//!
//! A polling URL is signed, lets in whoever has it, and is another with each answer: the newest is
//! kept. It leads to the endpoint that we asked; one that leads elsewhere is not followed, and then
//! the resource itself is looked at.

use serde::{Deserialize, Serialize};

use crate::adapters::azure::wire::answer::plain;
use crate::adapters::azureml::wire::answer::{Answer, code};
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::failure::Failure;
use crate::ports::sources::{Erased, Followed, Ticket};

const POLLING: &str = "asking how far an operation has come";

/// How often a resource is looked at that nothing else tells of.
pub const LOOK_MS: u64 = 30_000;

/// The same of what this machine answers for.
const LOOK_HERE_MS: u64 = 1_000;

/// What a ticket's handle says.
#[derive(Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Handle {
    /// There is a document that says in words how it goes (`Azure-AsyncOperation`).
    Status {
        /// Where.
        url: String,
    },
    /// There is a place that answers 202 until the end (`Location`).
    Result {
        /// Where.
        url: String,
    },
    /// There is a document of model management that says how it goes (`Operation-Location`).
    Operation {
        /// Where.
        url: String,
    },
    /// It has ended when the resource is gone.
    Resource,
    /// It is the source of runs, and one that is about to go may still use it.
    Used {
        /// How often that was found.
        looks: u32,
    },
    /// A vault was deleted, and does not show among those that were.
    Deleted {
        /// How often that was found.
        looks: u32,
    },
    /// A run was asked to end; it is to be deleted once it has.
    Cancelled,
    /// Something else is done with the resource: it is still to be begun.
    Turn {
        /// Whether what it stands for is to be left.
        detach: bool,
    },
}

/// What a look tells.
pub enum Polled {
    /// The service says that it is done.
    Over,
    /// It is at it: in how many milliseconds to look again, and where if that is another place.
    Running(u64, Option<Handle>),
    /// It gave up: its code.
    Failed(String),
    /// It knows nothing of it.
    Unknown,
}

impl Handle {
    /// The handle as a ticket keeps it.
    pub fn written(&self) -> String {
        serde_json::to_string(self).expect("strings can be written")
    }

    /// A handle that a ticket kept.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|_| Failure::permanent("reading a ticket's handle"))
    }

    /// The ticket of what is looked at in so many milliseconds.
    pub fn ticket(&self, look_in_ms: u64) -> Ticket {
        Ticket { handle: self.written(), look_in_ms }
    }
}

/// In how many milliseconds to look at a resource that nothing else tells of.
pub fn look_ms(entry: &Entry) -> u64 {
    if entry.is_here() { LOOK_HERE_MS } else { LOOK_MS }
}

/// The ticket of what an answer of 202 says was begun.
pub fn begun(entry: &Entry, answer: &Answer) -> Ticket {
    let by_status = link(entry, answer, STATUS).map(|url| Handle::Status { url });
    let by_result = || link(entry, answer, RESULT).map(|url| Handle::Result { url });
    let by_operation = || link(entry, answer, OPERATION).map(|url| Handle::Operation { url });
    let handle = by_status.or_else(by_result).or_else(by_operation).unwrap_or(Handle::Resource);
    handle.ticket(answer.wait_ms())
}

/// Looks by the status document.
///
/// # Errors
/// What it is cannot be learned now.
pub async fn by_status(entry: &Entry, url: &str) -> Result<Polled, Failure> {
    let answer = match asked(entry, url).await? {
        Ok(answer) => answer,
        Err(end) => return Ok(end),
    };
    let word = answer.body["status"].as_str().unwrap_or_default();
    Ok(match word.to_ascii_lowercase().as_str() {
        "succeeded" => Polled::Over,
        "failed" | "canceled" | "cancelled" => {
            let told = plain(code(&answer.body).unwrap_or_default());
            Polled::Failed(if told.is_empty() { plain(word) } else { told })
        }
        // Services have words of their own for what is under way.
        _ => {
            let next = link(entry, &answer, STATUS).map(|url| Handle::Status { url });
            Polled::Running(answer.wait_ms(), next)
        }
    })
}

/// Looks by the result.
///
/// # Errors
/// What it is cannot be learned now.
pub async fn by_result(entry: &Entry, url: &str) -> Result<Polled, Failure> {
    let answer = match asked(entry, url).await? {
        Ok(answer) => answer,
        Err(end) => return Ok(end),
    };
    Ok(match answer.status {
        202 => {
            let next = link(entry, &answer, RESULT).map(|url| Handle::Result { url });
            Polled::Running(answer.wait_ms(), next)
        }
        _ => Polled::Over,
    })
}

/// Looks by the operation of model management, which has words of its own.
///
/// # Errors
/// What it is cannot be learned now.
pub async fn by_operation(entry: &Entry, url: &str) -> Result<Polled, Failure> {
    let answer = match asked(entry, url).await? {
        Ok(answer) => answer,
        Err(end) => return Ok(end),
    };
    let word = answer.body["state"].as_str().unwrap_or_default();
    Ok(match word.to_ascii_lowercase().as_str() {
        "succeeded" => Polled::Over,
        "failed" | "cancelled" | "canceled" | "timedout" => {
            let told = plain(answer.body["error"]["code"].as_str().unwrap_or_default());
            Polled::Failed(if told.is_empty() { plain(word) } else { told })
        }
        _ => Polled::Running(answer.wait_ms(), None),
    })
}

impl Polled {
    /// What a look told, where it is no end that the service speaks of: of that the resource tells.
    pub fn unless_over(self) -> Option<Followed> {
        match self {
            Self::Over => None,
            Self::Running(look_in_ms, handle) => {
                let handle = handle.map(|handle| handle.written());
                Some(Followed::Running { look_in_ms, handle, state: None })
            }
            Self::Failed(code) => Some(Followed::Failed(code)),
            Self::Unknown => Some(Followed::Unknown),
        }
    }
}

/// What comes of beginning again.
pub fn followed(erased: Erased) -> Followed {
    match erased {
        Erased::Done | Erased::AlreadyAbsent => Followed::Done,
        Erased::Begun(ticket) => {
            let (look_in_ms, handle) = (ticket.look_in_ms, Some(ticket.handle));
            Followed::Running { look_in_ms, handle, state: None }
        }
        // Nothing is under way: what is there now is another, and not ours to judge.
        Erased::Changed => Followed::Unknown,
        Erased::Blocked(barrier) => Followed::Blocked(barrier),
    }
}

const OPERATION: &str = "operation-location";
const STATUS: &str = "azure-asyncoperation";
const RESULT: &str = "location";

fn link(entry: &Entry, answer: &Answer, header: &'static str) -> Option<String> {
    Some(entry.own(answer.header(header)?)?.into())
}

/// The answer to a look, unless it is the end.
async fn asked(entry: &Entry, url: &str) -> Result<Result<Answer, Polled>, Failure> {
    let Some(url) = entry.own(url) else { return Ok(Err(Polled::Unknown)) };
    let answer = entry.get(POLLING, url).await?;
    // A link can be too old to be good; then the resource tells.
    let is_stale = answer.code == "InvalidAsyncOperationToken";
    Ok(match answer.status {
        200..=299 => Ok(answer),
        404 => Err(Polled::Unknown),
        // Whoever may delete need not have the right to ask how far it is: the resource tells.
        403 if !is_stale => Err(Polled::Over),
        _ if is_stale => Err(Polled::Unknown),
        401 | 408 | 429 | 500.. => return Err(answer.failure(POLLING)),
        // The result of what failed is its error.
        status if answer.code.is_empty() => Err(Polled::Failed(status.to_string())),
        _ => Err(Polled::Failed(answer.code)),
    })
}
