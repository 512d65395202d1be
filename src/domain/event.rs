//! What an event says, and how we announce it: `CloudEvents` 1.0 in structured mode (DESIGN 4.2).
//!
//! The body is a table of named fields, all of them ids, times, counts and words of ours, and where
//! the operator wants it a link that opens the archive. A new field is added here or not at all.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::domain::inventory::Untouched;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::{Archive, Awaited, Counts, Decision, Event, Evidence, Regained};

/// What an event says beyond its word, fact by fact, for all who tell of it: other systems, people
/// who ask, the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// How many items it is about: planned, under way at services, left over, come back.
    pub items: Option<u64>,
    /// How many of those that were planned could not be read.
    pub unreadable: Option<u64>,
    /// How many items were looked at for the plan.
    pub seen: Option<u64>,
    /// How many of those were known, and not read.
    pub known: Option<u64>,
    /// What became of all of them.
    pub counts: Option<&'a Counts>,
    /// Where an export is.
    pub archive: Option<&'a Archive>,
    /// When the last item was erased.
    pub logically_erased_at: Option<Timestamp>,
    /// When nothing of it can be recovered.
    pub unrecoverable_after: Option<Timestamp>,
    /// What became of everything else.
    pub untouched: Option<Untouched>,
    /// Where the certificate is.
    pub certificate: Option<&'a Evidence>,
    /// What came back, by source.
    pub returned: Option<&'a [Regained]>,
    /// What services are at, by source.
    pub awaited: Option<&'a [Awaited]>,
    /// When what services have not finished is given up.
    pub until_at_most: Option<Timestamp>,
    /// Codes of what is wrong with a message.
    pub faults: Option<&'a [String]>,
    /// Who decided, and why.
    pub decision: Option<&'a Decision>,
    /// Why it is held, or failed.
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> Facts<'a> {
    /// Those of an event.
    pub fn of(event: &'a Event) -> Self {
        let nothing = Self { decision: event.decision(), ..Self::default() };
        match event {
            Event::Planned { items, unreadable, seen, policy: _, sources, coverage: _ } => Self {
                items: Some(*items),
                unreadable: Some(*unreadable),
                seen: Some(*seen),
                known: Some(sources.iter().map(|share| share.known).sum()),
                ..nothing
            },
            Event::WaitStarted { pending, sources, until_at_most } => Self {
                items: Some(*pending),
                awaited: Some(sources),
                until_at_most: *until_at_most,
                ..nothing
            },
            Event::LeftOver { items } => Self { items: Some(*items), ..nothing },
            Event::Acted { archive } => Self { archive: archive.as_ref(), ..nothing },
            Event::Verified {
                counts,
                archive,
                logically_erased_at,
                unrecoverable_after,
                untouched,
                certificate,
            } => Self {
                counts: Some(counts),
                archive: archive.as_ref(),
                logically_erased_at: *logically_erased_at,
                unrecoverable_after: *unrecoverable_after,
                untouched: untouched.as_deref().copied(),
                certificate: certificate.as_deref(),
                ..nothing
            },
            Event::Returned { items, sources } => {
                Self { items: Some(*items), returned: Some(sources), ..nothing }
            }
            Event::Held { reason } | Event::Failed { reason } => {
                Self { reason: Some(reason.into()), ..nothing }
            }
            Event::Stopped(decision) => {
                Self { reason: Some(decision.stop_reason().into()), ..nothing }
            }
            Event::Rejected { codes } => Self { faults: Some(codes), ..nothing },
            Event::Accepted
            | Event::FindStarted
            | Event::Approved(_)
            | Event::Refused(_)
            | Event::Cancelled(_)
            | Event::Retried(_)
            | Event::Extended(_)
            | Event::ActStarted => nothing,
        }
    }
}

impl Facts<'_> {
    /// What services are at since then, in a sentence for people.
    pub fn waits_for(&self, since: Timestamp) -> Option<String> {
        let sources = self.awaited?.iter();
        let sources: Vec<String> =
            sources.map(|of| format!("{} ({} items)", of.source, of.items)).collect();
        let sources = match sources.is_empty() {
            true => "a service".to_owned(),
            false => sources.join(", "),
        };
        let until = self.until_at_most.map(|until| format!(", until {until} at most"));
        Some(format!("waits for {sources} since {since}{}", until.unwrap_or_default()))
    }
}

/// An event ready to be published. Made once, when its record is ledgered, and never again, so that
/// a repeated publish is the same to the byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Announcement {
    /// `UUIDv5` of request id and ledger sequence; consumers deduplicate by it.
    pub id: Uuid,
    /// Which request.
    pub request: RequestId,
    /// Ledger sequence of the record it announces.
    pub sequence: u64,
    /// The event's name, without prefix and version: `completed`.
    pub name: String,
    /// The `CloudEvent` as JSON.
    pub body: String,
    /// Whom to answer besides the exchange.
    pub correspondence: Correspondence,
    /// How often it was tried and put off.
    pub tries: u32,
}

impl Announcement {
    /// The `CloudEvents` type: `io.dsrd.request.completed.v1`.
    pub fn event_type(&self) -> String {
        event_type(&self.name)
    }
}

impl fmt::Debug for Announcement {
    /// Without the body: it may hold a link that opens an archive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, request, sequence, name, body: _, correspondence, tries } = self;
        f.debug_struct("Announcement")
            .field("id", id)
            .field("request", request)
            .field("sequence", sequence)
            .field("name", name)
            .field("correspondence", correspondence)
            .field("tries", tries)
            .finish_non_exhaustive()
    }
}

fn event_type(name: &str) -> String {
    format!("{TYPE_PREFIX}request.{name}.{TYPE_VERSION}")
}

/// Whom a producer wants answered, as its message said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correspondence {
    /// Queue that also gets the events.
    pub reply_to: Option<String>,
    /// Given back as it came.
    pub correlation_id: Option<String>,
    /// W3C trace context of the message.
    pub traceparent: Option<String>,
    /// The producer's id for the message.
    pub message_id: Option<String>,
}

/// Types of our events begin with this.
pub const TYPE_PREFIX: &str = "io.dsrd.";

/// Version of the event contract, as in the type's suffix.
const TYPE_VERSION: &str = "v1";

/// Namespace of event ids: fixed for good, or consumers would meet old events as new ones.
const EVENT_NAMESPACE: Uuid = Uuid::from_u128(0x5d7e_52c1_9d0b_4a53_8d7b_6c1f_0d5e_a2b4);

/// The id of the event that announces record `sequence` of `request`.
pub fn event_id(request: &RequestId, sequence: u64) -> Uuid {
    Uuid::new_v5(&EVENT_NAMESPACE, format!("{request}/{sequence}").as_bytes())
}

/// The id of what is told of a request beside its account: the same for the same words.
pub fn notice_id(request: &RequestId, words: &str) -> Uuid {
    Uuid::new_v5(&EVENT_NAMESPACE, format!("{request}/{words}").as_bytes())
}

/// What goes around every event of one deployment.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// `source` of the events: a URI of the deployment.
    pub source: String,
    /// `controller_id` of the `OpenDSR` body.
    pub controller_id: String,
}

/// What one event says.
pub struct Content<'a> {
    /// The ledger's id; the event's id is made of it.
    pub request: &'a RequestId,
    /// The id that producers know: another one only where a message was rejected.
    pub subject: &'a RequestId,
    /// Ledger sequence of the record.
    pub sequence: u64,
    /// `accepted`, `progressed`, `completed`, ….
    pub name: &'a str,
    /// When the record was written.
    pub at: Timestamp,
    /// What was asked; `None` for a rejected message.
    pub kind: Option<RequestKind>,
    /// The law it invokes.
    pub regulation: Option<&'a str>,
    /// By when it is expected to be done.
    pub due: Option<Timestamp>,
    /// Fields of `data` beyond those that every event has.
    pub details: Map<String, Value>,
}

impl Envelope {
    /// The announcement of `content`.
    pub fn announce(&self, content: Content<'_>, to: &Correspondence) -> Announcement {
        self.announce_as(event_id(content.request, content.sequence), content, to)
    }

    /// The same under another id.
    pub fn announce_as(&self, id: Uuid, content: Content<'_>, to: &Correspondence) -> Announcement {
        let mut event = json!({
            "specversion": "1.0",
            "id": id.to_string(),
            "source": self.source,
            "type": event_type(content.name),
            "subject": content.subject.as_str(),
            "time": content.at.to_string(),
            "datacontenttype": "application/json",
            // The CloudEvents "sequence" extension orders as text, so the number is padded.
            "sequence": format!("{:010}", content.sequence),
        });
        let mut extend = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                event[key] = Value::from(value);
            }
        };
        // Attributes of CloudEvents have no control characters; those of AMQP may.
        let plain = |id: &&str| !id.is_empty() && !id.contains(char::is_control);
        extend("correlationid", to.correlation_id.as_deref().filter(plain));
        extend("traceparent", to.traceparent.as_deref());
        extend("dataregulation", content.regulation);
        event["data"] = self.data(&content);
        Announcement {
            id,
            request: content.request.clone(),
            sequence: content.sequence,
            name: content.name.to_owned(),
            body: event.to_string(),
            correspondence: to.clone(),
            tries: 0,
        }
    }

    fn data(&self, content: &Content<'_>) -> Value {
        let mut data = Map::new();
        data.insert("controller_id".into(), self.controller_id.clone().into());
        data.insert("subject_request_id".into(), content.subject.as_str().into());
        data.insert("request_status".into(), request_status(content.name).into());
        if let Some(kind) = content.kind {
            if kind.is_about_a_thing() {
                data.insert("resource_request_id".into(), content.subject.as_str().into());
                data.insert("resource_request_type".into(), kind.word().into());
            } else {
                data.insert("subject_request_type".into(), kind.word().into());
            }
        }
        if let Some(due) = content.due {
            data.insert("expected_completion_time".into(), due.to_string().into());
        }
        data.extend(content.details.clone());
        Value::Object(data)
    }
}

/// The `OpenDSR` status behind one of our event names, or the word of a state.
pub fn request_status(name: &str) -> &'static str {
    match name {
        "accepted" => "pending",
        "completed" | "partially_completed" | "returned" => "completed",
        // OpenDSR has no word for "refused"; `outcome` tells it apart. What failed is not over:
        // a person retries it, or cancels it for good.
        "rejected" | "cancelled" => "cancelled",
        _ => "in_progress",
    }
}
