//! The ledger as the stages use it: requests come in sealed, records are chained, and every record
//! is announced in the transaction that writes it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::event::{Announcement, Content, Correspondence, Envelope, request_status};
use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::guard::Share;
use crate::domain::request::{Request, RequestId, RequestKind};
use crate::domain::state::{Counts, Event, State};
use crate::evidence::certificate::document::Deployment;
use crate::evidence::certificate::hashes::Hashes;
use crate::evidence::chain::Link;
use crate::evidence::encryption::Encryption;
use crate::evidence::seal::{
    BrokenSeal, KEY_BYTES, MasterKey, NONCE_BYTES, PrintKey, Purpose, RequestKey,
};
use crate::matching::identity::patterns::canonical;
use crate::matching::watch::MarkKey;
use crate::ports::door::{Delivery, Label};
use crate::ports::exports::SignedLink;
use crate::ports::ledger::{Appended, Ledger, Opening, OpeningRequest, Record, SealedRequest};
use crate::ports::standing::Standing;
use crate::ports::system::{Clock, Entropy};
use crate::ports::tasks::{Lease, Shard};
use crate::stages::announce;
use crate::stages::message::fault::{Fault, Terms};
use crate::stages::message::read::{self, Message};
use crate::stages::message::sameness::essence;

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
    /// Items whose outcome was recorded since it was loaded; may be read meanwhile.
    pub recorded: Arc<AtomicU64>,
    pub(super) key: RequestKey,
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
        let (id, digest) = self.refusal(&delivery.body, delivery.label.signature.as_deref());
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

    /// Under which id a message is refused, if it is, and its digest.
    pub fn refusal(&self, body: &[u8], signature: Option<&str>) -> (RequestId, String) {
        let body = self.digest(body);
        let digest = match signature {
            Some(signature) => self.digest(format!("{body}{signature}").as_bytes()),
            None => body,
        };
        let id = RequestId::new(&format!("rejected-{}", &digest[..32]))
            .expect("hexadecimal digits are legal in an id");
        (id, digest)
    }

    /// Whether a request in the ledger asks for what this message asks for.
    pub fn asks_the_same(&self, standing: &Standing, body: &[u8]) -> bool {
        let asked = match read::read(body, &Label::default(), &Terms::of_the_ledger()) {
            Ok(Message::Request(request)) => self.digest(essence(&request).as_bytes()),
            Ok(_) | Err(_) => return false,
        };
        standing.digest == asked || standing.digest == self.digest(body)
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
            let counts = self.counts(&standing.id).await?;
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
                let recorded = Arc::default();
                Ok(Case { request: *request, standing, lease, recorded, key })
            }
            _ => Err(Failure::permanent("reading a request that this version does not admit")),
        }
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

    /// Which look at the sources a request is in, counted from its first find through its whole
    /// life: each has ordinals of its own, so that none forgets what another has done.
    pub async fn look(&self, id: &RequestId) -> Result<u64, Failure> {
        let records = self.ledger.records(id).await?;
        let begins = |event: &Event| matches!(event, Event::FindStarted | Event::Acted { .. });
        let begun = records.iter().filter(|record| begins(&record.event)).count() as u64;
        Ok(begun.saturating_sub(1))
    }

    /// What became of the items of a request so far. What is only listed was not found: nothing of
    /// it could be read.
    pub async fn counts(&self, id: &RequestId) -> Result<Counts, Failure> {
        let drafted = self.ledger.drafted(id).await?;
        let listed = drafted.into_iter().filter(|(_, action, _)| action.is_unsearched());
        let listed = listed.map(|(.., count)| count).sum();
        Ok(Counts::new(self.seen(id).await?, &self.ledger.tally(id).await?, listed))
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
    /// to, for `ItemEnd::rewritten`.
    pub fn hashes<'a>(&self, id: &'a RequestId) -> Hashes<'a> {
        Hashes::new(&self.master_key, id)
    }

    /// What erased people are recognised by.
    pub fn mark_key(&self) -> MarkKey {
        MarkKey::new(&self.master_key.tombstone_key())
    }

    /// A new key for what a request leaves, and the same wrapped for the ledger.
    pub fn new_left_key(&self, id: &RequestId) -> (RequestKey, Vec<u8>) {
        let key = RequestKey::new(id.clone(), self.random::<KEY_BYTES>());
        let wrapped = self.master_key.wrap_left(&key, self.random());
        (key, wrapped)
    }

    /// The key of what a request left.
    ///
    /// # Errors
    /// It was wrapped by another master key, or for another request.
    pub fn left_key(&self, id: &RequestId, wrapped: &[u8]) -> Result<RequestKey, BrokenSeal> {
        self.master_key.unwrap_left(id, wrapped)
    }

    /// Seals where the walk of a shard goes on.
    pub fn seal_marker(&self, shard: &Shard, marker: &str) -> Vec<u8> {
        self.master_key.seal_marker(&shard.work(), self.random(), marker)
    }

    /// Where the walk of a shard goes on.
    ///
    /// # Errors
    /// It was sealed under another master key, or for another shard.
    pub fn open_marker(&self, shard: &Shard, sealed: &[u8]) -> Result<String, BrokenSeal> {
        self.master_key.open_marker(&shard.work(), sealed)
    }

    /// Seals a part of what a request left.
    pub fn seal_left(&self, key: &RequestKey, part: u64, plain: &[u8]) -> Vec<u8> {
        key.seal(Purpose::Left(part), self.random(), plain)
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

    /// Random bytes, for a key or a nonce.
    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

const _: () = assert!(NONCE_BYTES == 24, "random nonces need XChaCha20's width");

/// How often a request went back to acting, in this try: a second look found something, or a
/// service did not do what it had begun.
pub fn rounds(records: &[Record]) -> u32 {
    let this_try = records.iter().rev().take_while(|r| !matches!(r.event, Event::FindStarted));
    let rounds = this_try.filter(|record| matches!(record.event, Event::LeftOver { .. })).count();
    u32::try_from(rounds).unwrap_or(u32::MAX)
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
