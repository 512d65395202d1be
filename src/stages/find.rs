//! Walks the sources once for all waiting requests and ledgers what speaks of each subject, as a
//! plan.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::plan::{Action, Planned};
use crate::domain::policy::Policy;
use crate::domain::request::Request;
use crate::domain::state::Event;
use crate::ports::sources::Source;
use crate::stages::docket::{Case, Docket};
use crate::stages::plan::plan;
use crate::stages::walk::{Walk, walk};

/// What the walk found for one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Items that got an action.
    pub items: u64,
    /// Items that can only be listed.
    pub unreadable: u64,
}

/// Planned items kept in memory for one request before they are ledgered.
const BATCH: usize = 256;

/// Finds all `cases`, which are in the state `finding`, and brings each to `planned`. A request
/// that left that state meanwhile (it was cancelled) is left alone.
///
/// # Errors
/// A transient failure of a source or of the ledger; nothing but staged items is left behind, and
/// the next find clears those.
pub async fn find(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    cases: &[Case],
    with: Walk,
) -> Result<Vec<Found>, Failure> {
    let mut drafts: Vec<Draft<'_>> = cases.iter().map(Draft::new).collect();
    for draft in &drafts {
        docket.ledger.clear_items(&draft.case.request.id, false).await?;
    }
    let meter = Arc::clone(&with.meter);
    let requests = cases.iter().map(|case| &case.request);
    let mut seen = pin!(walk(&wanted(sources, requests), with));
    while let Some(seen) = seen.next().await {
        let seen = seen?;
        for (subject, draft) in drafts.iter_mut().enumerate() {
            if let Some(planned) = plan(&draft.case.request, subject, policy, &seen) {
                draft.add(docket, planned).await?;
            }
        }
    }
    let mut all = Vec::new();
    for draft in &mut drafts {
        draft.flush(docket).await?;
        let Found { items, unreadable } = draft.found;
        let (seen, policy) = (meter.items(), policy.digest());
        let planned = Event::Planned { items, unreadable, seen, policy };
        docket.append(&draft.case.standing, planned).await?;
        all.push(draft.found);
    }
    Ok(all)
}

/// The plan of one request while it grows.
struct Draft<'a> {
    case: &'a Case,
    found: Found,
    ledgered: u64,
    waiting: Vec<Planned>,
}

impl<'a> Draft<'a> {
    fn new(case: &'a Case) -> Self {
        Self { case, found: Found::default(), ledgered: 0, waiting: Vec::new() }
    }

    async fn add(&mut self, docket: &Docket, planned: Planned) -> Result<(), Failure> {
        match planned.action {
            Action::List(_) => self.found.unreadable += 1,
            Action::Export | Action::Delete | Action::Keep(_) => self.found.items += 1,
        }
        self.waiting.push(planned);
        if self.waiting.len() >= BATCH { self.flush(docket).await } else { Ok(()) }
    }

    async fn flush(&mut self, docket: &Docket) -> Result<(), Failure> {
        docket.add_items(self.case, self.ledgered, &self.waiting).await?;
        self.ledgered += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

/// The sources that at least one of the requests is about.
pub fn wanted<'a>(
    sources: &[Arc<dyn Source>],
    requests: impl Iterator<Item = &'a Request>,
) -> Vec<Arc<dyn Source>> {
    let mut names = BTreeSet::new();
    for request in requests {
        if request.options.sources.is_empty() {
            return sources.to_vec();
        }
        names.extend(request.options.sources.iter().map(String::as_str));
    }
    sources.iter().filter(|source| names.contains(source.name())).cloned().collect()
}
