//! Finds for one request and changes nothing, not even the ledger: what `dsrd preview` runs.

use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Unreadable};
use crate::domain::plan::{Action, Planned};
use crate::domain::policy::Policy;
use crate::domain::request::RequestKind;
use crate::ports::Clock;
use crate::stages::find::wanted;
use crate::stages::message::{self, Fault, Message};
use crate::stages::plan::plan;
use crate::stages::walk::{Look, Meter, Patience, Seen, Walk, walk};
use crate::worker::world::{Limits, Sources};

/// What is to be previewed, and in what.
pub struct Preview {
    /// What would be searched.
    pub sources: Sources,
    /// What would be done.
    pub policy: Policy,
    /// Every bound.
    pub limits: Limits,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What a preview meets, one at a time.
pub enum Met {
    /// An item that would be acted on.
    Finding(Finding, Action),
    /// An item that could not be read.
    Unreadable(Unreadable),
}

/// What the request asks for and how far the look came.
pub struct Summary {
    /// What was asked.
    pub kind: RequestKind,
    /// Items looked at.
    pub items: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Items that speak of the subject.
    pub found: u64,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The request is at fault.
    #[error("the request has {} faults", .0.len())]
    Faults(Vec<Fault>),
    /// It is a control message, which finds nothing.
    #[error("a control message cannot be previewed")]
    NotARequest,
    /// The sources could not be walked.
    #[error("looking through the sources")]
    Failed(#[source] Failure),
}

impl Preview {
    /// Walks the sources for the request in `body` and hands over what it meets, with the pass's
    /// meter for a progress bar.
    ///
    /// # Errors
    /// [`PreviewError`].
    pub async fn run(
        &self,
        body: &[u8],
        meter: Arc<Meter>,
        mut meet: impl FnMut(Met),
    ) -> Result<Summary, PreviewError> {
        let terms = self.limits.terms(&self.sources, &*self.clock);
        let request = match message::read(body, &terms) {
            Ok(Message::Request(request)) => request,
            Ok(Message::Control(_)) => return Err(PreviewError::NotARequest),
            Err(refusal) => return Err(PreviewError::Faults(refusal.faults)),
        };
        let mut with = Walk::new(&[&request.subject], self.limits.walk(), Patience::Spent);
        with.meter = Arc::clone(&meter);
        let mut found = 0;
        let sources = wanted(&self.sources, std::iter::once(&*request));
        let mut seen = pin!(walk(&sources, with));
        while let Some(seen) = seen.next().await {
            let seen = seen.map_err(PreviewError::Failed)?;
            // An item may speak of the subject and still be unreadable in part; both are said.
            if let Seen::Item(Look { item, unreadable, .. }) = &seen {
                for reason in unreadable {
                    let (item, reason) = (item.clone(), reason.clone());
                    meet(Met::Unreadable(Unreadable { item, reason }));
                }
            }
            match plan(&request, 0, &self.policy, &seen) {
                Some(Planned { finding, action: Action::List(reason) }) => {
                    if matches!(seen, Seen::Lost { .. }) {
                        meet(Met::Unreadable(Unreadable { item: finding.item, reason }));
                    }
                }
                Some(Planned { finding, action }) => {
                    found += 1;
                    meet(Met::Finding(finding, action));
                }
                None => {}
            }
        }
        Ok(Summary { kind: request.kind, items: meter.items(), bytes: meter.bytes(), found })
    }
}
