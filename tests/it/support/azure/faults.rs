//! What goes wrong, by plan: the n-th request of a verb for a kind, and how.

use std::collections::BTreeMap;

use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Course;
use crate::support::azure::refusal::{Envelope, Refusal};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Get,
    List,
    Put,
    Patch,
    /// Cancelling, queries apart.
    Act,
    Delete,
    /// A look at a long-running operation of the kind.
    Poll,
}

/// A way for one request to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, and nothing is done.
    Refused(Refusal),
    /// The connection closes; nothing is done.
    Dropped,
    /// It is done, and the connection closes.
    LostAnswer,
    /// It is done, and the connection closes after half of the answer's body.
    HalfAnswer,
    /// What it begins goes like this.
    Goes(Course),
}

impl Fault {
    /// 429, the bucket being empty.
    pub fn too_many(retry_after_s: u64) -> Self {
        let text = "The request is being throttled as the limit has been reached.";
        let refusal = Refusal::gateway(429, "SubscriptionRequestsThrottled", text);
        Self::Refused(refusal.with("Retry-After", retry_after_s.to_string()))
    }

    /// 409 of a management lock. The code is as everybody writes it; nobody recorded one here.
    pub fn locked(scope: &str) -> Self {
        let text = format!(
            "The scope '{scope}' cannot perform delete operation because following scope(s) are \
             locked: '{scope}'. Please remove the lock and try again."
        );
        Self::Refused(Refusal::gateway(409, "ScopeLocked", text))
    }

    /// 409: something is going on already.
    pub fn in_progress() -> Self {
        let text = "Another operation is in progress on the resource. Please retry later.";
        Self::Refused(Refusal::front_end(409, "ConflictingOperation", text))
    }

    /// A failure of the service, with a body.
    pub fn broken(status: u16) -> Self {
        let text = "The service encountered an internal error. Please retry your request.";
        Self::Refused(Refusal::gateway(status, "InternalServerError", text))
    }

    /// A failure of something before the service, without a body.
    pub fn broken_silently(status: u16) -> Self {
        Self::Refused(Refusal::new(Envelope::Nothing, status, "", ""))
    }

    /// 404 with a link to an operation, as the services of SDK v1 may answer.
    pub fn not_found_with_operation(link: &str) -> Self {
        let refusal = Refusal::model_management(404, "NotFound", "The service was not found.");
        Self::Refused(refusal.with("Operation-Location", link))
    }
}

/// The plan, and how far it has come.
#[derive(Debug, Default)]
pub struct Faults {
    planned: BTreeMap<(Verb, Kind, u64), Fault>,
    /// What goes wrong with all of a kind, as long as it stands.
    standing: BTreeMap<(Verb, Kind), Fault>,
    counts: BTreeMap<(Verb, Kind), u64>,
}

impl Faults {
    /// Lets the `number`-th such request from now on go wrong; 1 is the next.
    pub fn plan(&mut self, verb: Verb, kind: Kind, number: u64, fault: Fault) {
        let number = self.count(verb, kind) + number;
        self.planned.insert((verb, kind, number), fault);
    }

    /// Lets all such requests go wrong, or no more.
    pub fn stand(&mut self, verb: Verb, kind: Kind, fault: Option<Fault>) {
        self.standing.remove(&(verb, kind));
        self.standing.extend(fault.map(|fault| ((verb, kind), fault)));
    }

    /// Takes a request in, and says what goes wrong with it.
    pub fn begin(&mut self, verb: Verb, kind: Kind) -> Option<Fault> {
        *self.counts.entry((verb, kind)).or_default() += 1;
        let planned = self.planned.remove(&(verb, kind, self.count(verb, kind)));
        planned.or_else(|| self.standing.get(&(verb, kind)).cloned())
    }

    /// Such requests so far.
    pub fn count(&self, verb: Verb, kind: Kind) -> u64 {
        self.counts.get(&(verb, kind)).copied().unwrap_or_default()
    }
}
