//! The ledger as the stages use it: requests come in sealed, records are chained, and every record
//! is announced in the transaction that writes it.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, Stream, TryStreamExt};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::event::{Announcement, Content, Correspondence, Envelope, request_status};
use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::request::{Request, RequestId, RequestKind};
use crate::domain::state::{Counts, Event, Share, State};
use crate::evidence::certificate::document::Deployment;
use crate::evidence::certificate::hashes::Hashes;
use crate::evidence::chain::Link;
use crate::evidence::encryption::Encryption;
use crate::evidence::seal::{KEY_BYTES, MasterKey, NONCE_BYTES, PrintKey, Purpose, RequestKey};
use crate::matching::identity::patterns::canonical;
use crate::matching::watch::MarkKey;
use crate::ports::door::{Delivery, Label};
use crate::ports::exports::SignedLink;
use crate::ports::ledger::{
    Appended, Cleared, ItemEnd, Ledger, Opening, OpeningRequest, Record, SealedItem, SealedRequest,
    Standing,
};
use crate::ports::system::{Clock, Entropy};
use crate::ports::tasks::Lease;
use crate::stages::announce;
use crate::stages::message::fault::{Fault, Terms};
use crate::stages::message::read::{self, Message};
use crate::stages::message::sameness::essence;

/// Planned items read from the ledger at a time.
const PAGE: u32 = 1000;

/// All that the stages need to write the account.
pub struct Docket {
    /// Where it is kept.
    pub ledger: Arc<dyn Ledger>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where keys and nonces come from.
    pub entropy: Arc<dyn Entropy>,
    master_key: MasterKey,
    envelope: Envelope,
}

/// A request with its place in the ledger, its identities unsealed, while somebody works on it.
pub struct Case {
    /// What was asked.
    pub request: Request,
    /// Where it stands.
    pub standing: Standing,
    /// What the work is done under: once another has taken it over, nothing can be written.
    pub lease: Lease,
    key: RequestKey,
}

impl Case {
    /// How the archive is encrypted, where the request wants that.
    pub fn encryption(&self) -> Option<Encryption> {
        let to = self.request.options.encrypt_to.as_ref()?;
        Some(Encryption::new(to, &self.key.archive_secret()))
    }
}

/// One line of a request's plan.
pub struct Entry {
    /// Its place in the plan.
    pub ordinal: u64,
    /// What is done with what.
    pub planned: Planned,
    /// Whether acting on it has begun.
    pub begun: bool,
    /// What became of it, once known.
    pub outcome: Option<ItemOutcome>,
    /// Keyed digest of the bytes that took the place of its own, where it was rewritten.
    pub rewritten: Option<String>,
}

impl Docket {
    /// The account in `ledger`, its seals under `master_key` (64 hexadecimal digits).
    ///
    /// # Errors
    /// A master key of another form.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        master_key: &str,
        envelope: Envelope,
    ) -> Result<Self, Failure> {
        let master_key = MasterKey::from_hex(master_key)
            .map_err(|error| Failure::needs_person("taking the master key").because(error))?;
        Ok(Self { ledger, clock, entropy, master_key, envelope })
    }

    /// What opens the account of a valid request.
    pub fn opening(
        &self,
        request: &Request,
        body: &[u8],
        due: Timestamp,
        correspondence: &Correspondence,
    ) -> Opening {
        let key = RequestKey::new(request.id.clone(), self.random::<KEY_BYTES>());
        let sealed = SealedRequest {
            wrapped_key: self.master_key.wrap(&key, self.random()),
            body: key.seal(Purpose::Body, self.random(), body),
        };
        let record = self.record(&request.id, 1, Event::Accepted, "");
        let content = Content {
            request: &request.id,
            subject: &request.id,
            sequence: 1,
            name: "accepted",
            at: record.at,
            kind: Some(request.kind),
            regulation: Some(&request.regulation),
            due: Some(due),
            details: Map::new(),
        };
        Opening {
            announcement: self.envelope.announce(content, correspondence),
            record,
            digest: self.digest(essence(request).as_bytes()),
            former_digest: Some(self.digest(body)),
            request: Some(OpeningRequest {
                kind: request.kind,
                regulation: request.regulation.clone(),
                submitted: request.submitted,
                due,
                taken: self.clock.now(),
                persons: self.persons(request),
                callbacks: request.callbacks.clone(),
                sealed,
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
        let body = self.digest(&delivery.body);
        let digest = match &delivery.label.signature {
            Some(signature) => self.digest(format!("{body}{signature}").as_bytes()),
            None => body,
        };
        let id = RequestId::new(&format!("rejected-{}", &digest[..32]))
            .expect("hexadecimal digits are legal in an id");
        let codes = faults.iter().map(|fault| fault.code.to_owned()).collect();
        let record = self.record(&id, 1, Event::Rejected { codes }, "");
        let mut details = refusals(faults);
        if let (Some(claimed), Some(state)) = (claimed, living) {
            details.insert("subject_request_id".into(), claimed.as_str().into());
            details.insert("request_status".into(), request_status(state.word()).into());
        }
        let content = Content {
            request: &id,
            subject: claimed.filter(|_| living.is_none()).unwrap_or(&id),
            sequence: 1,
            name: "rejected",
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

    /// Appends what follows from the work on a case, announced; `None` if another writer was there
    /// first.
    pub async fn advance(&self, case: &Case, event: Event) -> Result<Option<Standing>, Failure> {
        self.append(&case.standing, event, Some(&case.lease)).await
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
        self.write(&case.standing, event, Some(&case.lease), link).await
    }

    /// Appends an event, announced; `None` if another writer was there first.
    pub async fn append(
        &self,
        standing: &Standing,
        event: Event,
        lease: Option<&Lease>,
    ) -> Result<Option<Standing>, Failure> {
        self.write(standing, event, lease, None).await
    }

    async fn write(
        &self,
        standing: &Standing,
        event: Event,
        lease: Option<&Lease>,
        link: Option<&SignedLink>,
    ) -> Result<Option<Standing>, Failure> {
        let state = standing
            .state
            .next(&event)
            .map_err(|error| Failure::permanent("moving a request on").because(error))?;
        let sequence = standing.sequence + 1;
        let record = self.record(&standing.id, sequence, event, &standing.head);
        let (name, mut details) = announce::wording(&record.event, state);
        if let Some(link) = link {
            announce::add_link(link, &mut details);
        }
        // What was erased until then stands, whatever becomes of the rest.
        if state == State::Failed && standing.kind == Some(RequestKind::Erasure) {
            let tally = self.ledger.tally(&standing.id).await?;
            if tally.by_outcome.values().any(|count| *count > 0) {
                let counts = Counts::new(self.seen(&standing.id).await?, &tally);
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
                ..standing.clone()
            })),
        }
    }

    /// Unseals a request, to work on it under the lease.
    pub async fn load(&self, standing: &Standing, lease: &Lease) -> Result<Case, Failure> {
        let id = &standing.id;
        let sealed = self.ledger.sealed(id).await?;
        let sealed = sealed.ok_or_else(|| Failure::permanent("the request rests already"))?;
        let unsealing = "unsealing a request; was the master key replaced?";
        let key = self
            .master_key
            .unwrap_key(id, &sealed.wrapped_key)
            .map_err(|error| Failure::needs_person(unsealing).because(error))?;
        let body = key
            .open(Purpose::Body, &sealed.body)
            .map_err(|error| Failure::needs_person(unsealing).because(error))?;
        match read::read(&body, &Label::default(), &Terms::of_the_ledger()) {
            Ok(Message::Request(request)) => {
                let (standing, lease) = (standing.clone(), lease.clone());
                Ok(Case { request: *request, standing, lease, key })
            }
            _ => Err(Failure::permanent("reading a request that this version does not admit")),
        }
    }

    /// Adds planned items under consecutive ordinals, sealed; `false` if the request has moved on
    /// and takes none.
    pub async fn add_items(
        &self,
        case: &Case,
        first: u64,
        planned: &[Planned],
    ) -> Result<bool, Failure> {
        let seal = |(ordinal, planned): (u64, &Planned)| SealedItem {
            ordinal,
            action: planned.action.word(),
            sealed: case.key.seal(Purpose::Item(ordinal), self.random(), &encode(planned)),
            begun: false,
            outcome: None,
            rewritten: None,
        };
        let items: Vec<SealedItem> = (first..).zip(planned).map(seal).collect();
        let Standing { id, sequence, .. } = &case.standing;
        self.ledger.add_items(&case.lease, id, *sequence, &items).await
    }

    /// Records what became of items.
    pub async fn record_outcomes(
        &self,
        case: &Case,
        outcomes: &[(u64, ItemOutcome)],
    ) -> Result<(), Failure> {
        let ends: Vec<ItemEnd> = outcomes.iter().cloned().map(ItemEnd::from).collect();
        self.record_ends(case, &ends).await
    }

    /// Records what became of items, some of which were rewritten; see [`Docket::hashes`].
    pub async fn record_ends(&self, case: &Case, ends: &[ItemEnd]) -> Result<(), Failure> {
        self.ledger.record_outcomes(&case.lease, &case.request.id, ends).await
    }

    /// A write that writes nothing: fails once another has taken the work over.
    pub async fn assert_ours(&self, case: &Case) -> Result<(), Failure> {
        self.ledger.begin_items(&case.lease, &case.request.id, &[]).await
    }

    /// Whether the request has got another record since: somebody else moved it on, or stopped it.
    pub async fn is_overtaken(&self, case: &Case) -> Result<bool, Failure> {
        let now = self.ledger.standing(&case.request.id).await?;
        Ok(now.is_none_or(|now| now.sequence != case.standing.sequence))
    }

    /// Forgets planned items.
    pub async fn clear_items(&self, case: &Case, which: Cleared) -> Result<(), Failure> {
        self.ledger.clear_items(&case.lease, &case.request.id, which).await
    }

    /// Planned items after `after`, unsealed, with their outcomes.
    pub async fn items(
        &self,
        case: &Case,
        after: Option<u64>,
        open_only: bool,
        limit: u32,
    ) -> Result<Vec<Entry>, Failure> {
        let items = self.ledger.items(&case.request.id, after, open_only, limit).await?;
        let open = |item: SealedItem| {
            let plain = case
                .key
                .open(Purpose::Item(item.ordinal), &item.sealed)
                .map_err(|error| Failure::permanent("unsealing a planned item").because(error))?;
            let planned = serde_json::from_slice(&plain).map_err(|_| {
                // The error would quote the item.
                Failure::permanent("reading a planned item that another version wrote")
            })?;
            let SealedItem { ordinal, begun, outcome, rewritten, .. } = item;
            Ok(Entry { ordinal, planned, begun, outcome, rewritten })
        };
        items.into_iter().map(open).collect()
    }

    /// The whole plan, page by page.
    pub fn entries<'a>(
        &'a self,
        case: &'a Case,
    ) -> impl Stream<Item = Result<Entry, Failure>> + 'a {
        stream::try_unfold(Some(None), move |after| async move {
            let Some(after) = after else { return Ok(None) };
            let page = self.items(case, after, false, PAGE).await?;
            let next = page.last().map(|last| Some(last.ordinal));
            Ok::<_, Failure>(Some((stream::iter(page.into_iter().map(Ok)), next)))
        })
        .try_flatten()
    }

    /// How many items the find of a request looked at.
    pub async fn seen(&self, id: &RequestId) -> Result<u64, Failure> {
        Ok(self.plan(id).await?.0)
    }

    /// What the plan of a request takes of each source.
    pub async fn shares(&self, id: &RequestId) -> Result<Vec<Share>, Failure> {
        Ok(self.plan(id).await?.1)
    }

    async fn plan(&self, id: &RequestId) -> Result<(u64, Vec<Share>), Failure> {
        let records = self.ledger.records(id).await?;
        let plan = records.into_iter().rev().find_map(|record| match record.event {
            Event::Planned { seen, sources, .. } => Some((seen, sources)),
            _ => None,
        });
        Ok(plan.unwrap_or_default())
    }

    /// Insists on the master key that the ledger was begun with: under another one no request could
    /// be unsealed, and all would fail.
    ///
    /// # Errors
    /// `NeedsPerson` with another key; the ledger's failure.
    pub async fn assert_key(&self) -> Result<(), Failure> {
        if self.ledger.agrees_on_key(&self.digest(b"dsrd/master-key/v1")).await? {
            return Ok(());
        }
        let text = "the ledger was begun with another one; give the daemon that one";
        Err(Failure::needs_person("taking the master key").because(text))
    }

    /// What prints of items are made with.
    pub fn print_key(&self) -> PrintKey {
        self.master_key.print_key()
    }

    /// Hashes what the certificate of a request is about; also the bytes that an item was rewritten
    /// to, for [`ItemEnd::rewritten`].
    pub fn hashes<'a>(&self, id: &'a RequestId) -> Hashes<'a> {
        Hashes::new(&self.master_key, id)
    }

    /// What erased people are recognised by.
    pub fn mark_key(&self) -> MarkKey {
        MarkKey::new(&self.master_key.tombstone_key())
    }

    /// Who this is, as certificates say it.
    pub fn deployment(&self) -> Deployment {
        let Envelope { source, controller_id } = self.envelope.clone();
        Deployment { controller_id, source }
    }

    /// Keyed digest: says whether two texts are the same, and nothing else.
    pub fn digest(&self, body: &[u8]) -> String {
        self.master_key.keyed_digest(body)
    }

    /// Keyed digests of the identities: says which requests are about one person, and nothing else.
    fn persons(&self, request: &Request) -> Vec<String> {
        let identities = request.subject.identities.iter();
        identities
            .map(canonical)
            .filter(|canonical| !canonical.is_empty())
            .map(|canonical| self.master_key.person_digest(&canonical))
            .collect()
    }

    fn record(&self, id: &RequestId, sequence: u64, event: Event, previous: &str) -> Record {
        // The ledger keeps milliseconds; a finer time would not survive it unchanged.
        let at = Timestamp::from_millisecond(self.clock.now().as_millisecond())
            .expect("cutting a time to milliseconds keeps it in range");
        let hash = Link { id, sequence, at, event: &event, previous }.hash();
        Record { id: id.clone(), sequence, at, event, previous: previous.to_owned(), hash }
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
            due: standing.due,
            details,
        };
        self.envelope.announce(content, &standing.correspondence)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

const _: () = assert!(NONCE_BYTES == 24, "random nonces need XChaCha20's width");

fn encode(planned: &Planned) -> Bytes {
    serde_json::to_vec(planned).expect("a planned item has text keys only").into()
}

fn refusals(faults: &[Fault]) -> Map<String, Value> {
    let each = faults.iter().map(
        |fault| json!({ "pointer": fault.pointer, "code": fault.code, "message": fault.message }),
    );
    let mut details = Map::new();
    details.insert("outcome".into(), "rejected".into());
    details.insert("refusals".into(), each.collect());
    details
}
