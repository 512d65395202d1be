//! Requests that live in a ledger, record by record, for tests of the ledger itself.

use dsrd::domain::event::{Announcement, Content, Correspondence, Envelope};
use dsrd::domain::outcome::ItemOutcome;
use dsrd::domain::policy::action::ActionWord;
use dsrd::domain::request::{RequestId, RequestKind};
use dsrd::domain::state::{Decision, Event};
use dsrd::evidence::chain::Link;
use dsrd::ports::ledger::{
    Appended, ItemEnd, Ledger, Opened, Opening, OpeningRequest, Record, SealedItem, SealedRequest,
};
use dsrd::ports::tasks::Lease;
use jiff::Timestamp;

/// One request and its last record.
pub struct Life {
    /// The head of its account.
    pub last: Record,
}

impl Life {
    /// A request that was accepted at `at`, in seconds since 1970, and is due a day later.
    pub async fn begin(ledger: &dyn Ledger, id: &str, at: i64) -> Self {
        let opening = opening(id, at);
        let last = opening.record.clone();
        assert_eq!(ledger.open(&[&opening]).await.unwrap(), [Opened::New]);
        Self { last }
    }

    /// The record that would come next.
    pub fn next(&self, event: Event) -> Record {
        let Record { id, sequence, at, hash, .. } = &self.last;
        record(id.as_str(), sequence + 1, at.as_second() + 1, event, hash)
    }

    /// Takes these events one after the other, each announced.
    pub async fn go(&mut self, ledger: &dyn Ledger, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let record = self.next(event);
            let announcement = announcement(&record);
            let appended = ledger.append(&record, Some(&announcement), None).await.unwrap();
            assert_eq!(appended, Appended::Done, "{:?}", record.event);
            self.last = record;
        }
    }

    /// Whose.
    pub fn id(&self) -> &RequestId {
        &self.last.id
    }
}

/// A whole erasure after its acceptance.
pub fn erasure() -> [Event; 5] {
    let counts = dsrd::domain::state::Counts::default();
    let (logically_erased_at, unrecoverable_after) = (Some(second(500)), None);
    [
        Event::FindStarted,
        planned(),
        Event::ActStarted,
        Event::Acted { archive: None },
        Event::Verified {
            counts,
            archive: None,
            logically_erased_at,
            unrecoverable_after,
            untouched: None,
            certificate: None,
        },
    ]
}

/// A plan, as an event.
pub fn planned() -> Event {
    Event::Planned {
        items: 3,
        unreadable: 0,
        seen: 9,
        policy: "policy".to_owned(),
        sources: Vec::new(),
        coverage: Vec::new(),
    }
}

/// A lease for one write.
pub async fn own(ledger: &dyn Ledger) -> Lease {
    ledger.claim("test", 0).await.unwrap().expect("it lapses at once")
}

/// A person's decision.
pub fn decision() -> Decision {
    Decision { actor: "op".to_owned(), reason: "asked for".to_owned(), signed: None }
}

/// What a valid request opens with; its sealed parts are its id's own.
pub fn opening(id: &str, at: i64) -> Opening {
    let record = record(id, 1, at, Event::Accepted, "");
    Opening {
        digest: format!("digest of {id}"),
        former_digest: Some(format!("digest of the bytes of {id}")),
        request: Some(OpeningRequest {
            kind: RequestKind::Erasure,
            regulation: "gdpr".to_owned(),
            submitted: second(at),
            due: second(at + 86_400),
            taken: second(at),
            persons: vec![format!("person of {id}")],
            callbacks: Vec::new(),
            sealed: SealedRequest {
                wrapped_key: format!("key of {id}").into_bytes(),
                body: format!("body of {id}").into_bytes(),
            },
        }),
        claimed: None,
        correspondence: correspondence(),
        announcement: announcement(&record),
        record,
    }
}

/// What a rejected message opens with.
pub fn rejection(id: &str, at: i64) -> Opening {
    let event = Event::Rejected { codes: vec!["missing".to_owned()] };
    let record = record(id, 1, at, event, "");
    let announcement = announcement(&record);
    Opening { request: None, announcement, record, ..opening(id, at) }
}

/// Ends of items that were not rewritten.
pub fn ended(outcomes: &[(u64, ItemOutcome)]) -> Vec<ItemEnd> {
    outcomes.iter().cloned().map(ItemEnd::from).collect()
}

/// Planned items with these ordinals.
pub fn sealed_items(ordinals: impl IntoIterator<Item = u64>) -> Vec<SealedItem> {
    let item = |ordinal| SealedItem {
        ordinal,
        action: ActionWord::Delete,
        sealed: format!("sealed item {ordinal}").into_bytes(),
        begun: false,
        outcome: None,
        rewritten: None,
    };
    ordinals.into_iter().map(item).collect()
}

/// The announcement of a record.
pub fn announcement(record: &Record) -> Announcement {
    let envelope = Envelope { source: "urn:test".to_owned(), controller_id: "test".to_owned() };
    let content = Content {
        request: &record.id,
        subject: &record.id,
        sequence: record.sequence,
        name: record.event.word(),
        at: record.at,
        kind: None,
        regulation: None,
        due: None,
        details: serde_json::Map::new(),
    };
    envelope.announce(content, &correspondence())
}

/// A producer that wants an answer.
pub fn correspondence() -> Correspondence {
    Correspondence {
        reply_to: Some("answers".to_owned()),
        correlation_id: Some("c-1".to_owned()),
        traceparent: None,
        message_id: Some("m-1".to_owned()),
    }
}

/// So many seconds after 1970.
pub fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn record(id: &str, sequence: u64, at: i64, event: Event, previous: &str) -> Record {
    let (id, at) = (RequestId::new(id).unwrap(), second(at));
    let hash = Link { id: &id, sequence, at, event: &event, previous }.hash();
    Record { id, sequence, at, event, previous: previous.to_owned(), hash }
}
