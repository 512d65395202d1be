//! The account itself: record after record, each chained to the one before and announced in the
//! transaction that writes it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::coverage::tenant_logs;
use crate::domain::event::{Announcement, Content, Envelope, Facts, notice_id};
use crate::domain::failure::Failure;
use crate::domain::request::{Request, RequestId, RequestKind};
use crate::domain::state::{Event, Extension, State};
use crate::evidence::certificate::document::Deployment;
use crate::evidence::chain::Link;
use crate::ports::exports::SignedLink;
use crate::ports::ledger::{Appended, Ledger, Record};
use crate::ports::standing::Standing;
use crate::ports::system::Clock;
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::account::keys::Keys;
use crate::stages::announce;

/// All that the stages need to write the account.
pub struct Account {
    /// Where it is kept.
    pub ledger: Arc<dyn Ledger>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What it is sealed with.
    pub keys: Keys,
    /// What stands on every announcement.
    pub(super) envelope: Envelope,
}

impl Account {
    /// The account in `ledger`, sealed with these keys and announced in this envelope.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        keys: Keys,
        envelope: Envelope,
    ) -> Self {
        Self { ledger, clock, keys, envelope }
    }

    /// Appends what follows from the work on a case, announced; `None` if another writer was there
    /// first.
    pub async fn advance(&self, case: &Case, event: Event) -> Result<Option<Standing>, Failure> {
        self.write(&case.standing, event, Some(&case.lease), Some(&case.request), None).await
    }

    /// The same for the record that ends an export. The link goes into the event and into nothing
    /// else: the account is read by many and kept for good. The event is made here, once, so it is
    /// the same link however often the event goes out.
    pub async fn conclude(
        &self,
        case: &Case,
        event: Event,
        link: Option<&SignedLink>,
    ) -> Result<Option<Standing>, Failure> {
        self.write(&case.standing, event, Some(&case.lease), Some(&case.request), link).await
    }

    /// Appends an event, announced; `None` if another writer was there first.
    pub async fn append(
        &self,
        standing: &Standing,
        event: Event,
        lease: Option<&Lease>,
    ) -> Result<Option<Standing>, Failure> {
        self.write(standing, event, lease, None, None).await
    }

    async fn write(
        &self,
        standing: &Standing,
        event: Event,
        lease: Option<&Lease>,
        request: Option<&Request>,
        link: Option<&SignedLink>,
    ) -> Result<Option<Standing>, Failure> {
        let state = standing
            .state
            .next(&event)
            .map_err(|error| Failure::permanent("moving a request on").because(error))?;
        let sequence = standing.sequence + 1;
        let record = self.record(&standing.id, sequence, event, &standing.head);
        let (name, mut details) = announce::wording(&record.event, state);
        if let Some(waiting) = announce::waiting(&Facts::of(&record.event), record.at) {
            details.insert("waiting".into(), waiting);
        }
        if let Some(link) = link {
            announce::add_link(link, &mut details);
        }
        if let Some(request) = request.filter(|_| details.contains_key("counts")) {
            let coverage = Facts::of(&record.event).counts.and_then(|it| it.coverage.as_deref());
            let logs = coverage.and_then(|coverage| tenant_logs::of(&coverage.0));
            details.insert("manual_steps".into(), json!(announce::manual_steps(request, logs)));
        }
        // What was erased until then stands, whatever becomes of the rest.
        let is_of = |is: fn(RequestKind) -> bool| standing.kind.is_some_and(is);
        if state == State::Failed && is_of(|kind| !kind.is_export()) {
            let records = self.ledger.records(&standing.id).await?;
            let counts = self.counts_after(&standing.id, &records).await?;
            if !counts.outcomes.is_empty() {
                details.insert("counts".into(), announce::count(&counts));
            }
        }
        let announcement = self.announcement(standing, &record, name, details);
        match self.ledger.append(&record, Some(&announcement), lease).await? {
            Appended::Overtaken => Ok(None),
            Appended::Done => Ok(Some(Standing {
                state,
                sequence,
                head: record.hash,
                changed: record.at,
                due: due_after(standing, &record.event),
                ..standing.clone()
            })),
        }
    }

    /// A write that writes nothing: fails once another has taken the work over.
    pub async fn assert_ours(&self, case: &Case) -> Result<(), Failure> {
        self.ledger.begin_items(&case.lease, &case.request.id, &[]).await
    }

    /// Insists on the master key that the ledger was begun with: under another one no request could
    /// be unsealed, and all would fail.
    ///
    /// # Errors
    /// `NeedsPerson` with another key; the ledger's failure.
    pub async fn assert_key(&self) -> Result<(), Failure> {
        if self.ledger.agrees_on_key(&self.keys.own_digest()).await? {
            return Ok(());
        }
        let text = "the ledger is sealed under another one: give the daemon that one, or run \
                    `dsrd keys rotate master` again where it did not come to its end";
        Err(Failure::needs_person("taking the master key").because(text))
    }

    /// Who this is, as certificates say it.
    pub fn deployment(&self) -> Deployment {
        let Envelope { source, controller_id } = self.envelope.clone();
        Deployment { controller_id, source }
    }

    pub(super) fn record(
        &self,
        id: &RequestId,
        sequence: u64,
        event: Event,
        previous: &str,
    ) -> Record {
        // The ledger keeps milliseconds; a finer time would not survive it unchanged.
        let at = Timestamp::from_millisecond(self.clock.now().as_millisecond())
            .expect("cutting a time to milliseconds keeps it in range");
        let hash = Link { id, sequence, at, event: &event, previous }.hash();
        Record { id: id.clone(), sequence, at, event, previous: previous.to_owned(), hash }
    }

    /// The announcement that a request falls due soon, or that its time has passed, as if made
    /// `at`. It has no record; its id is made of what it says.
    pub fn notice(
        &self,
        standing: &Standing,
        due: Timestamp,
        passed: bool,
        at: Timestamp,
    ) -> Announcement {
        let told = json!({ "due_time": due.to_string(), "passed": passed });
        let content = Content {
            request: &standing.id,
            subject: &standing.id,
            sequence: standing.sequence,
            name: "due",
            at,
            kind: standing.kind,
            regulation: standing.regulation.as_deref(),
            due: standing.due,
            details: Map::from_iter([("due".to_owned(), told)]),
        };
        let what = format!("due {due} {}", if passed { "passed" } else { "soon" });
        let id = notice_id(&standing.id, &what);
        self.envelope.announce_as(id, content, &standing.correspondence)
    }

    fn announcement(
        &self,
        standing: &Standing,
        record: &Record,
        name: &str,
        details: Map<String, Value>,
    ) -> Announcement {
        let content = Content {
            request: &record.id,
            subject: &record.id,
            sequence: record.sequence,
            name,
            at: record.at,
            kind: standing.kind,
            regulation: standing.regulation.as_deref(),
            due: due_after(standing, &record.event),
            details,
        };
        self.envelope.announce(content, &standing.correspondence)
    }
}

/// When a request is due once that has happened.
fn due_after(standing: &Standing, event: &Event) -> Option<Timestamp> {
    if let Event::Extended(Extension { due, .. }) = event { Some(*due) } else { standing.due }
}
