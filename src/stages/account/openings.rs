//! What opens an account: that of a request that is accepted, or of a message that is refused.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::event::{Content, Correspondence, request_status};
use crate::domain::request::{Request, RequestId};
use crate::domain::state::{Event, State};
use crate::ports::ledger::{Opening, OpeningRequest};
use crate::ports::messages::inbox::Delivery;
use crate::ports::standing::Standing;
use crate::stages::account::records::Account;
use crate::stages::announce;
use crate::stages::message::fault::Fault;
use crate::stages::message::sameness::{essence, essence_of};

impl Account {
    /// What opens the account of a valid request.
    pub fn opening(
        &self,
        request: &Request,
        body: &[u8],
        due: Timestamp,
        correspondence: &Correspondence,
    ) -> Opening {
        let record = self.record(&request.id, 1, Event::Accepted, "");
        let (name, details) = announce::wording(&record.event, State::Accepted);
        let content = Content {
            request: &request.id,
            subject: &request.id,
            sequence: record.sequence,
            name,
            at: record.at,
            kind: Some(request.kind),
            regulation: Some(&request.regulation),
            due: Some(due),
            details,
        };
        Opening {
            announcement: self.envelope.announce(content, correspondence),
            record,
            digest: self.keys.digest(essence(request).as_bytes()),
            former_digest: Some(self.keys.digest(body)),
            request: Some(OpeningRequest {
                kind: request.kind,
                regulation: request.regulation.clone(),
                submitted: request.submitted,
                due,
                taken: self.clock.now(),
                persons: self.keys.persons(request),
                callbacks: request.callbacks.clone(),
                sealed: self.seal(request),
            }),
            claimed: None,
            correspondence: correspondence.clone(),
        }
    }

    /// What opens the account of a message that was refused, under an id of its own: the one it
    /// claims may be that of a good request. The same message again is the same account; the same
    /// body with another signature is another message, and may have another fault.
    ///
    /// Where the claimed id is that of a request in the ledger, the event is about the message
    /// alone, and says how that request stands: nobody may take it for the request's end.
    pub fn rejection(
        &self,
        delivery: &Delivery,
        claimed: Option<&RequestId>,
        living: Option<State>,
        faults: &[Fault],
    ) -> Opening {
        let correspondence = &delivery.correspondence;
        let (id, digest) = self.refusal(&delivery.body, delivery.label.signature.as_deref());
        let codes = faults.iter().map(|fault| fault.code.to_owned()).collect();
        let record = self.record(&id, 1, Event::Rejected { codes }, "");
        let (name, mut details) = announce::wording(&record.event, State::Rejected);
        add_refusals(faults, &mut details);
        if let (Some(claimed), Some(state)) = (claimed, living) {
            details.insert("subject_request_id".into(), claimed.as_str().into());
            details.insert("request_status".into(), request_status(state.word()).into());
        }
        let content = Content {
            request: &id,
            subject: claimed.filter(|_| living.is_none()).unwrap_or(&id),
            sequence: record.sequence,
            name,
            at: record.at,
            kind: None,
            regulation: None,
            due: None,
            details,
        };
        Opening {
            announcement: self.envelope.announce(content, correspondence),
            record,
            digest,
            former_digest: None,
            request: None,
            claimed: claimed.cloned(),
            correspondence: correspondence.clone(),
        }
    }

    /// Under which id a message is refused, if it is, and its digest.
    pub fn refusal(&self, body: &[u8], signature: Option<&str>) -> (RequestId, String) {
        let body = self.keys.digest(body);
        let digest = match signature {
            Some(signature) => self.keys.digest(format!("{body}{signature}").as_bytes()),
            None => body,
        };
        let id = RequestId::new(&format!("rejected-{}", &digest[..32]))
            .expect("hexadecimal digits are legal in an id");
        (id, digest)
    }

    /// Whether a request in the ledger asks for what this message asks for.
    pub fn asks_the_same(&self, standing: &Standing, body: &[u8]) -> bool {
        let Some(asked) = essence_of(body) else { return false };
        let digests = [self.keys.digest(asked.as_bytes()), self.keys.digest(body)];
        digests.contains(&standing.digest)
    }
}

fn add_refusals(faults: &[Fault], details: &mut Map<String, Value>) {
    let each = faults.iter().map(
        |fault| json!({ "pointer": fault.pointer, "code": fault.code, "message": fault.message }),
    );
    details.insert("outcome".into(), "rejected".into());
    details.insert("refusals".into(), each.collect());
}
