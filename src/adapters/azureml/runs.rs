//! Runs that have not ended are cancelled before they are deleted: the service deletes none that
//! may still write.
//!
//! Cancelling takes as long as the machine likes, so that it is a ticket's first half. Whoever dies
//! on the way finds out by looking at the run, which says where it stands: one that is being
//! cancelled is waited for, and one that has ended is deleted.

use crate::adapters::azure::wire::answer::plain;
use crate::adapters::azureml::kinds::RUN;
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::operations::{Handle, LOOK_MS};
use crate::domain::failure::Failure;
use crate::ports::sources::Erased;

const LOOKING: &str = "asking where a run stands";
const CANCELLING: &str = "cancelling a run";

/// How often a run is looked at whose machine does not respond: it may stay so for ever.
const NOT_RESPONDING_LOOK_MS: u64 = 3_600_000;

/// The service's words for a run of which nothing more comes.
const ENDED: [&str; 3] = ["Completed", "Failed", "Canceled"];

/// The service's words for a run that is on its way there, and cannot be hurried.
const ENDING: [&str; 3] = ["CancelRequested", "Finalizing", "NotResponding"];

/// The service's code for who deletes a run that has not ended.
pub const NOT_ENDED: &str = "JobNotInTerminalState";

/// A run that has not ended.
pub struct Unended {
    /// The service's word for where it stands.
    pub state: String,
}

impl Unended {
    /// In how many milliseconds to look again.
    pub fn look_in_ms(&self) -> u64 {
        if self.state == "NotResponding" { NOT_RESPONDING_LOOK_MS } else { LOOK_MS }
    }

    /// Whether somebody has to ask it to end.
    pub fn goes_on(&self) -> bool {
        !ENDING.contains(&self.state.as_str())
    }
}

/// Whether the address is that of a run's job.
pub fn is_job(address: &Address) -> bool {
    *address.sort == RUN && address.below.is_none()
}

/// The run at an address, where it is there and says that it has not ended.
///
/// # Errors
/// The service does not say.
pub async fn unended(entry: &Entry, address: &Address) -> Result<Option<Unended>, Failure> {
    let Some(path) = address.path().filter(|_| is_job(address)) else { return Ok(None) };
    let answer = entry.get(LOOKING, entry.url(&path)).await?;
    let status = match answer.status {
        200 => answer.body["properties"]["status"].as_str().map(plain),
        _ if answer.is_absent() => None,
        _ => return Err(answer.failure(LOOKING)),
    };
    let unended = status.filter(|status| !status.is_empty() && !ENDED.contains(&status.as_str()));
    Ok(unended.map(|state| Unended { state }))
}

/// Asks a run to end; what is begun so is to be deleted once it has.
///
/// # Errors
/// There is no answer, or a refusal that has no word.
pub async fn cancel(entry: &Entry, address: &Address) -> Result<Erased, Failure> {
    let path = address.path();
    let path = path.ok_or_else(|| Failure::permanent("cancelling a run: no URL leads there"))?;
    let url = entry.url(&format!("{path}/cancel"));
    let answer = entry.post(CANCELLING, url).await?;
    Ok(match (answer.status, answer.barrier()) {
        (_, Some(barrier)) => Erased::Blocked(barrier),
        // What cannot be cancelled ends by itself, or has ended just now.
        (200..=299 | 400 | 409, None) => {
            Erased::Begun(Handle::Cancelled.ticket(answer.wait_ms().min(LOOK_MS)))
        }
        _ if answer.is_absent() => Erased::AlreadyAbsent,
        _ => return Err(answer.failure(CANCELLING)),
    })
}
