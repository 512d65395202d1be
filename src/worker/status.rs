//! What the ledger says of requests, for people and scripts: none of it is about a subject.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::domain::asked::thing::ThingKind;
use crate::domain::dependents::tree::{Branch, tree};
use crate::domain::event::{Envelope, Facts, event_id};
use crate::domain::failure::{Failure, Obstacle};
use crate::domain::outcome::OutcomeKind;
use crate::domain::plan::Planned;
use crate::domain::regulation::due::Calendar;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::{Counts, Decision, Event, Left, State};
use crate::ports::kept::catalogue::Catalogued;
use crate::ports::kept::purges::Purge;
use crate::ports::ledger::{Ledger, Record};
use crate::ports::plans::HeldPlans;
use crate::ports::standing::{Progress, Standing};
use crate::ports::system::{Clock, Entropy};
use crate::ports::tasks::Lease;
use crate::stages::account::keys::Keys;
use crate::stages::account::records::Account;
use crate::stages::announce::{
    describe_archive, describe_certificate, describe_decision, describe_left, describe_untouched,
    waiting,
};
use crate::stages::follow_up::{self, LeftItem};
use crate::stages::intake::objection;
use crate::stages::message::read::Verb;

/// Reads a ledger that a daemon may be writing.
pub struct Status {
    /// Which.
    pub ledger: Arc<dyn Ledger>,
}

/// How a request stands when somebody is about to decide.
pub struct BeforeDecision {
    /// The number of its last record.
    pub seen: u64,
    /// The last message of those that named it and were refused.
    pub refused: Option<RequestId>,
    /// Why it does not admit the decision, in words that follow its id.
    pub objection: Option<String>,
}

impl Status {
    /// Where a request is and how far; `None` if the ledger does not know it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn glance(&self, id: &RequestId) -> Result<Option<(State, Progress)>, Failure> {
        let standing = self.ledger.standing(id).await?;
        Ok(standing.map(|standing| (standing.state, standing.progress)))
    }

    /// Whether a request admits the decision of this word as it stands; `None` if the ledger does
    /// not know it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn before_decision(
        &self,
        id: &RequestId,
        word: &str,
        calendar: &Calendar,
    ) -> Result<Option<BeforeDecision>, Failure> {
        let Some(standing) = self.ledger.standing(id).await? else { return Ok(None) };
        let records = self.ledger.records(id).await?;
        let now = self.ledger.now().await?;
        let verb = Verb::ALL.into_iter().find(|verb| verb.word() == word);
        let objection = verb.and_then(|verb| objection(verb, &standing, &records, calendar, now));
        let refused = self.ledger.rejected_for(id).await?;
        Ok(Some(BeforeDecision { seen: standing.sequence, refused, objection }))
    }

    /// What became of a decision that was sent: where the request stands with it, or under which
    /// id it was refused.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn after_decision(
        &self,
        id: &RequestId,
        before: &BeforeDecision,
        (actor, reason): (&str, &str),
    ) -> Result<Poll<Result<State, RequestId>>, Failure> {
        let is_it = |record: &Record| {
            let taken = record.event.decision();
            record.sequence > before.seen
                && taken.is_some_and(|taken| taken.actor == actor && taken.reason == reason)
        };
        if self.ledger.records(id).await?.iter().any(is_it) {
            let standing = self.ledger.standing(id).await?;
            return Ok(standing.map_or(Poll::Pending, |standing| Poll::Ready(Ok(standing.state))));
        }
        let refused = self.ledger.rejected_for(id).await?;
        Ok(match refused {
            Some(refused) if before.refused.as_ref() != Some(&refused) => Poll::Ready(Err(refused)),
            _ => Poll::Pending,
        })
    }

    /// What sweeps have learned of each source: how many items are known, how many of them are read
    /// all the same, in how many bytes, and since when.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn catalogue(&self) -> Result<Vec<Value>, Failure> {
        let describe = |known: Catalogued| {
            let Catalogued { source, items, open, bytes, oldest } = known;
            json!({
                "source": source, "items": items, "always_read": open, "bytes": bytes,
                "oldest": oldest,
            })
        };
        Ok(self.ledger.catalogued().await?.into_iter().map(describe).collect())
    }

    /// How many requests are in each state, what keeps how many from going on, and what waits to be
    /// sent: no request is named.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn overview(&self) -> Result<Value, Failure> {
        let ledger = &self.ledger;
        let states = ledger.census().await?.into_iter();
        let states: Map<String, Value> =
            states.map(|(state, count)| (state.word().to_owned(), count.into())).collect();
        let mut kept = BTreeMap::<_, u64>::new();
        for (_, obstacle) in ledger.obstacles(u32::MAX).await? {
            let Obstacle { source, kind, reason, since: _ } = obstacle;
            *kept.entry((source, kind.word(), reason)).or_default() += 1;
        }
        let kept = kept.into_iter().map(|((source, kind, reason), requests)| {
            json!({ "source": source, "kind": kind, "reason": reason, "requests": requests })
        });
        let kept: Vec<Value> = kept.collect();
        let (tickets, oldest) = ledger.all_tickets().await?;
        Ok(json!({
            "requests": states,
            "obstacles": kept,
            "events_to_send": ledger.backlog().await?,
            "callbacks_to_send": ledger.callback_backlog().await?,
            "tickets": { "open": tickets, "oldest": oldest.map(|at| at.to_string()) },
        }))
    }

    /// What keeps a request from going on, if anything does.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn obstacle(&self, id: &RequestId) -> Result<Option<Obstacle>, Failure> {
        self.ledger.obstacle(id).await
    }

    /// The failed requests that one waits for, until somebody decides about them.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn failed_before(&self, id: &RequestId) -> Result<Vec<RequestId>, Failure> {
        let mut failed = Vec::new();
        for other in self.ledger.in_the_way(id).await? {
            let standing = self.ledger.standing(&other).await?;
            if standing.is_some_and(|standing| standing.state == State::Failed) {
                failed.push(other);
            }
        }
        Ok(failed)
    }

    /// Everything that the ledger says of one request; `None` if it does not know it. Of one that
    /// was never accepted, what it says of the message that was rejected under that id last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn describe(&self, id: &RequestId) -> Result<Option<Map<String, Value>>, Failure> {
        let rejected = match self.ledger.standing(id).await? {
            Some(standing) => return self.all_of(&standing).await.map(Some),
            None => self.ledger.rejected_for(id).await?,
        };
        let Some(rejected) = rejected else { return Ok(None) };
        match self.ledger.standing(&rejected).await? {
            Some(standing) => self.all_of(&standing).await.map(Some),
            None => Ok(None),
        }
    }

    async fn all_of(&self, standing: &Standing) -> Result<Map<String, Value>, Failure> {
        let id = &standing.id;
        let (mut fields, records) = self.told(standing).await?;
        if standing.state == State::Waiting {
            self.add_waiting(id, records.last(), &mut fields).await?;
        }
        add_obstacle(self.ledger.obstacle(id).await?.as_ref(), &mut fields);
        let others = self.ledger.in_the_way(id).await?;
        let others: Vec<&str> = others.iter().map(RequestId::as_str).collect();
        fields.insert("waits_for".into(), json!(others));
        let events = records.iter().map(|record| {
            json!({
                "sequence": record.sequence,
                "at": record.at.to_string(),
                "event": record.event.word(),
                "event_id": event_id(&record.id, record.sequence).to_string(),
            })
        });
        fields.insert("events".into(), events.collect());
        Ok(fields)
    }

    /// What the account says of a request, and the account.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) async fn told(
        &self,
        standing: &Standing,
    ) -> Result<(Map<String, Value>, Vec<Record>), Failure> {
        let records = self.ledger.records(&standing.id).await?;
        let tally = self.ledger.tally(&standing.id).await?;
        let mut fields = fields(standing);
        let mut counts = json!({ "outcomes": tally.by_outcome, "open": tally.open });
        let is_export = standing.kind.is_some_and(RequestKind::is_export);
        if is_export && !standing.state.rests() && !is_archived(&records) {
            // What was packed into an archive that is not there was given to nobody.
            counts = json!({ "outcomes": {}, "open": tally.total() });
        }
        for record in &records {
            add(record, &mut counts, &mut fields);
        }
        fields.insert("counts".into(), counts);
        Ok((fields, records))
    }
}

impl Status {
    /// What a request waits for at services, and how far what is removed together with others is.
    async fn add_waiting(
        &self,
        id: &RequestId,
        last: Option<&Record>,
        fields: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        let Some(Record { event, at, .. }) = last else { return Ok(()) };
        let Some(mut told) = waiting(&Facts::of(event), *at) else { return Ok(()) };
        let purges = self.ledger.purges_of(id).await?;
        let purges = purges.iter().map(|purge| {
            let Purge { source, stage, delay, opened, begun, .. } = purge;
            json!({
                "source": source, "stage": stage.word(), "since": opened.to_string(),
                "begun": begun.map(|at| at.to_string()), "delay": delay,
            })
        });
        told["purges"] = purges.collect();
        fields.insert("waiting".into(), told);
        Ok(())
    }
}

/// Shows what is planned. Only who has the master key can, and only until the request rests.
pub struct Plans {
    /// Where.
    pub ledger: Arc<dyn Ledger>,
    /// 64 hexadecimal digits.
    pub master_key: Zeroizing<String>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Unused where nothing is sealed.
    pub entropy: Arc<dyn Entropy>,
}

/// A message that somebody sent and waits for.
pub struct Sent {
    /// The id that it claims.
    pub id: String,
    /// What was sent.
    pub body: Bytes,
    /// What it was signed with.
    pub signature: Option<String>,
    /// Whether the same was refused before.
    pub was_refused: bool,
}

#[async_trait]
impl HeldPlans for Plans {
    async fn tree(&self, held: &Standing) -> Result<Vec<Branch>, Failure> {
        if held.kind != Some(RequestKind::DeleteThing) {
            return Ok(Vec::new());
        }
        let account = self.account()?;
        let case = account.load(held, &nobodys()).await?;
        if case.request.thing().is_none_or(|thing| thing.kind != ThingKind::Workspace) {
            return Ok(Vec::new());
        }
        let (mut planned, mut entries) = (Vec::new(), pin!(account.entries(&case)));
        while let Some(entry) = entries.next().await {
            planned.push(entry?.planned);
        }
        Ok(tree(&planned))
    }

    async fn describe(&self, id: &RequestId) -> Result<Option<Map<String, Value>>, Failure> {
        Status { ledger: Arc::clone(&self.ledger) }.describe(id).await
    }
}

impl Plans {
    /// Whether a message that is about to be sent was refused before.
    ///
    /// # Errors
    /// The ledger cannot be read; the master key has another form.
    pub async fn was_refused(&self, body: &[u8], signature: Option<&str>) -> Result<bool, Failure> {
        let (refusal, _) = self.account()?.refusal(body, signature);
        Ok(self.ledger.standing(&refusal).await?.is_some())
    }

    /// Whether a message was taken, and under which id it was refused, if it was. The request of
    /// its own id may be another, which lives on.
    ///
    /// # Errors
    /// As [`Plans::was_refused`].
    pub async fn taken(&self, sent: &Sent) -> Result<Poll<Option<RequestId>>, Failure> {
        let account = self.account()?;
        let living = match RequestId::new(&sent.id) {
            Ok(id) => self.ledger.standing(&id).await?,
            Err(_) => None,
        };
        let is_other = match &living {
            Some(living) if account.asks_the_same(living, &sent.body) => {
                return Ok(Poll::Ready(None));
            }
            living => living.is_some(),
        };
        let (refusal, _) = account.refusal(&sent.body, sent.signature.as_deref());
        let is_refused = self.ledger.standing(&refusal).await?.is_some();
        let counts = is_refused && (is_other || !sent.was_refused);
        Ok(if counts { Poll::Ready(Some(refusal)) } else { Poll::Pending })
    }

    /// Hands over, item by item, what is planned for a request; `false` if the ledger does not know
    /// it.
    ///
    /// # Errors
    /// The ledger cannot be read; another master key; the request rests, and its plan is gone.
    pub async fn show(
        &self,
        id: &RequestId,
        mut each: impl FnMut(Planned),
    ) -> Result<bool, Failure> {
        let account = self.account()?;
        let Some(standing) = self.ledger.standing(id).await? else { return Ok(false) };
        let case = account.load(&standing, &nobodys()).await?;
        let mut entries = pin!(account.entries(&case));
        while let Some(entry) = entries.next().await {
            each(entry?.planned);
        }
        Ok(true)
    }

    /// Hands over which items a request left, and why: of one at rest what was kept, of any other
    /// what is known so far; `false` if the ledger does not know it.
    ///
    /// # Errors
    /// The ledger cannot be read; another master key; what was left is not known any more.
    pub async fn left(
        &self,
        id: &RequestId,
        each: impl FnMut(LeftItem),
    ) -> Result<Option<State>, Failure> {
        let account = self.account()?;
        let Some(standing) = self.ledger.standing(id).await? else { return Ok(None) };
        if standing.state.rests() {
            self.assert_kept(id).await?;
            follow_up::show_kept(&account, id, each).await?;
        } else {
            let case = account.load(&standing, &nobodys()).await?;
            follow_up::show_so_far(&account, &case, each).await?;
        }
        Ok(Some(standing.state))
    }

    /// Insists on that what a request at rest left is still kept, if it left something.
    async fn assert_kept(&self, id: &RequestId) -> Result<(), Failure> {
        let records = self.ledger.records(id).await?;
        let counts = records.iter().rev().find_map(|record| {
            if let Event::Verified { counts, .. } = &record.event { Some(counts) } else { None }
        });
        let Some(Counts { left, refusals, .. }) = counts else { return Ok(()) };
        match left.as_deref() {
            Some(Left { known_until, .. }) if *known_until <= self.clock.now() => {
                let text = format!("which items it left was known until {known_until}");
                Err(Failure::permanent(text))
            }
            None if !refusals.is_empty() => {
                let text = "which items it left was not kept: [erasure] follow_up_days was 0";
                Err(Failure::permanent(text))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn account(&self) -> Result<Account, Failure> {
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let envelope = Envelope { source: String::new(), controller_id: String::new() };
        let keys = Keys::new(&self.master_key, Arc::clone(&self.entropy))?;
        Ok(Account::new(ledger, clock, keys, envelope))
    }
}

/// A lease that nobody has given: nothing can be written under it.
fn nobodys() -> Lease {
    Lease { work: String::new(), fence: 0, tries: 0 }
}

/// Adds what keeps a request from going on.
pub(super) fn add_obstacle(obstacle: Option<&Obstacle>, fields: &mut Map<String, Value>) {
    let Some(obstacle) = obstacle else { return };
    let told = json!({
        "source": obstacle.source,
        "kind": obstacle.kind.word(),
        "reason": obstacle.reason,
        "since": obstacle.since.to_string(),
    });
    fields.insert("obstacle".into(), told);
}

/// Whether this try of an export came to an archive.
fn is_archived(records: &[Record]) -> bool {
    let this_try = records.iter().rev().take_while(|r| !matches!(r.event, Event::FindStarted));
    this_try.into_iter().any(|record| matches!(record.event, Event::Acted { archive: Some(_) }))
}

/// Where a request stands.
pub(super) fn fields(standing: &Standing) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| fields.insert(key.into(), value);
    put("subject_request_id", standing.id.as_str().into());
    put("state", standing.state.word().into());
    put("outcome", standing.state.is_end().then(|| standing.state.word()).into());
    put("subject_request_type", standing.kind.map(RequestKind::word).into());
    put("submitted_time", standing.submitted.map(|at| at.to_string()).into());
    put("due_time", standing.due.map(|at| at.to_string()).into());
    put("changed_time", standing.changed.to_string().into());
    let Progress { done, total } = standing.progress;
    put("progress", json!({ "done": done, "total": total }));
    fields
}

fn add_decision(record: &Record, decision: &Decision, fields: &mut Map<String, Value>) {
    let mut more = describe_decision(&record.event, decision);
    more["at"] = record.at.to_string().into();
    listed("decisions", fields).push(more);
}

fn listed<'a>(name: &str, fields: &'a mut Map<String, Value>) -> &'a mut Vec<Value> {
    let told = fields.entry(name).or_insert_with(|| json!([]));
    told.as_array_mut().expect("it is made above and nowhere else")
}

/// What one record adds; later records win.
fn add(record: &Record, counts: &mut Value, fields: &mut Map<String, Value>) {
    let facts = Facts::of(&record.event);
    if let Some(decision) = facts.decision {
        add_decision(record, decision, fields);
    }
    if let Facts { items: Some(items), unreadable: Some(unreadable), seen: Some(seen), .. } = facts
    {
        tally(counts, seen, items, unreadable);
        if let Some(known) = facts.known.filter(|known| *known > 0) {
            counts["known"] = known.into();
        }
    }
    describe_archive(&facts, fields);
    if let Some(verified) = facts.counts {
        let unreadable = verified.outcomes.get(OutcomeKind::Unreadable.word());
        let unreadable = unreadable.copied().unwrap_or_default();
        tally(counts, verified.seen, verified.found, unreadable);
    }
    describe_left(&facts, fields);
    describe_untouched(&facts, fields);
    if let Some(at) = facts.logically_erased_at {
        let after = facts.unrecoverable_after.map(|at| at.to_string());
        let horizon =
            json!({ "logically_erased_at": at.to_string(), "unrecoverable_after": after });
        fields.insert("horizon".into(), horizon);
    }
    describe_certificate(&facts, fields);
    if let Some(sources) = facts.returned {
        // Once for each sweep that came across something new.
        let at = record.at.to_string();
        let more = json!({ "at": at, "items": facts.items, "sources": sources });
        listed("returned", fields).push(more);
    }
    if let Some(reason) = &facts.reason {
        fields.insert("reason".into(), reason.as_ref().into());
    } else if facts.decision.is_some() && !matches!(record.event, Event::Extended(_)) {
        // What it was held or failed for is over.
        fields.shift_remove("reason");
    }
    if let Some(codes) = facts.faults {
        fields.insert("faults".into(), json!(codes));
    }
}

fn tally(counts: &mut Value, seen: u64, found: u64, unreadable: u64) {
    counts["seen"] = seen.into();
    counts["found"] = found.into();
    counts["unreadable"] = unreadable.into();
}
