//! The operators' door, asked over a socket as a browser or a probe would.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dsrd::adapters::http::changes::LISTENERS_MAX;
use dsrd::adapters::http::health;
use dsrd::adapters::http::server::serve;
use dsrd::adapters::http::site::Site;
use dsrd::domain::dependents::tree::Branch;
use dsrd::domain::event::{Announcement, Correspondence};
use dsrd::domain::failure::{Failure, Obstacle};
use dsrd::domain::inventory::Print;
use dsrd::domain::item::Item;
use dsrd::domain::layout::Containers;
use dsrd::domain::outcome::{ItemOutcome, Tally};
use dsrd::domain::request::{RequestId, RequestKind};
use dsrd::domain::state::{Regained, State};
use dsrd::ports::exports::{Exports, SignedLink, Upload};
use dsrd::ports::kept::archives::{Archives, KeptArchive};
use dsrd::ports::kept::budgets::Budgets;
use dsrd::ports::kept::catalogue::{Catalogue, Catalogued, Leaf, Shelf};
use dsrd::ports::kept::daemons::{Daemons, SeenDaemon};
use dsrd::ports::kept::inventories::{Checkpoint, Inventories, Noted};
use dsrd::ports::kept::people::{People, SealedPerson};
use dsrd::ports::kept::purges::{Gathered, Member, NewMember, Purge, Purges, Stage};
use dsrd::ports::kept::retention::{FollowUp, FollowUps, Retention};
use dsrd::ports::kept::tickets::{NewTicket, OpenTickets, PutOff, SealedTicket, Tickets};
use dsrd::ports::kept::tombstones::{Buried, ReturnedItem, Tombstone, Tombstones};
use dsrd::ports::ledger::{
    Appended, Callback, CallbackId, Cleared, Drafted, ItemEnd, Ledger, Opened, Opening, Record,
    SealedItem, SealedRequest,
};
use dsrd::ports::messages::announcer::{Announced, Announcer};
use dsrd::ports::messages::inbox::{Delivery, Inbox, Settlement};
use dsrd::ports::plans::HeldPlans;
use dsrd::ports::register::{AnsweredRequest, Listed, Order, Pulse, Register, Sought};
use dsrd::ports::sources::{
    Budget, ByteStream, Erased, Finds, Followed, NewForm, Page, Read, Rewritten, Source, Walked,
};
use dsrd::ports::standing::{Progress, Standing};
use dsrd::ports::system::Clock;
use dsrd::ports::tasks::{End, Lease, Purpose, Shard, Sweep, Tasks};
use dsrd::telemetry::metrics::{KindState, Metrics};
use dsrd::worker::watch::labels::prime;
use futures::future::join_all;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

/// A world that can be looked at and pinged, and does nothing else.
#[derive(Clone, Default)]
struct World {
    standings: Vec<Standing>,
    ledger_is_down: bool,
    source_hangs: bool,
    ledger_hangs: bool,
    /// How often anything was asked whether it is there.
    pings: Arc<AtomicUsize>,
    /// How often it was asked whether anything has changed, and how often it has.
    pulses: Arc<AtomicUsize>,
    changed: Arc<AtomicUsize>,
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn standing(id: &str, state: State, due_in_hours: i64, progress: Progress) -> Standing {
    Standing {
        id: RequestId::new(id).unwrap(),
        digest: String::new(),
        state,
        sequence: 3,
        head: String::new(),
        kind: (state != State::Rejected).then_some(RequestKind::Erasure),
        regulation: None,
        submitted: None,
        due: (state != State::Rejected).then(|| now() + due_in_hours.hours()),
        changed: now() - due_in_hours.abs().minutes(),
        correspondence: Correspondence::default(),
        progress,
    }
}

fn busy() -> World {
    let at = |done, total| Progress { done, total };
    World {
        standings: vec![
            standing("b1e6-late", State::Acting, -73, at(1_200, 48_210)),
            standing("a7551968-d5d6-44b2-9831-815ac9017798", State::Verifying, 5, at(900, 1_000)),
            standing("held-1", State::Held, 24 * 12, at(0, 0)),
            standing("new-1", State::Accepted, 24 * 30, at(0, 0)),
            standing("done-1", State::Completed, 24 * 20, at(5, 5)),
            standing("part-1", State::PartiallyCompleted, 24 * 21, at(5, 5)),
            standing("failed-1", State::Failed, 24, at(2, 5)),
            standing("bad-1", State::Rejected, 1, at(0, 0)),
        ],
        ..World::default()
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        now()
    }
    async fn sleep_ms(&self, millis: u64) {
        tokio::time::sleep(std::time::Duration::from_millis(millis / 50)).await;
    }
}

#[async_trait]
impl Inbox for World {
    async fn receive(&self) -> Result<Delivery, Failure> {
        unreachable!()
    }
    async fn settle(&self, _: Delivery, _: Settlement) -> Result<(), Failure> {
        unreachable!()
    }
    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Tombstones for World {
    async fn bury(&self, _: &Lease, _: &RequestId, _: &Tombstone) -> Result<(), Failure> {
        unreachable!()
    }
    async fn buried(&self) -> Result<Vec<Buried>, Failure> {
        unreachable!()
    }
    async fn note_returned(&self, _: &Lease, _: &[ReturnedItem]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn returned(&self) -> Result<Vec<(RequestId, Regained)>, Failure> {
        unreachable!()
    }
    async fn forget_buried(&self, _: &Lease) -> Result<(), Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Retention for World {
    async fn has_details(&self, _: u64) -> Result<bool, Failure> {
        unreachable!()
    }
    async fn forget_details(&self, _: &Lease, _: u64) -> Result<(), Failure> {
        unreachable!()
    }
}

#[async_trait]
impl FollowUps for World {
    async fn keep_left(
        &self,
        _: &Lease,
        _: &RequestId,
        _: &FollowUp,
        _: u64,
    ) -> Result<(), Failure> {
        unreachable!()
    }
    async fn left(&self, _: &RequestId, _: u64, _: Timestamp) -> Result<Option<FollowUp>, Failure> {
        unreachable!()
    }
    async fn left_counts(&self, _: Timestamp) -> Result<Vec<(RequestId, u64)>, Failure> {
        Ok(vec![(RequestId::new("r-left").unwrap(), 1_234)])
    }
    async fn forget_left(&self) -> Result<u64, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Tickets for World {
    async fn add_tickets(&self, _: &Lease, _: &RequestId, _: &[NewTicket]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn due_tickets(
        &self,
        _: &RequestId,
        _: Option<u64>,
        _: u32,
    ) -> Result<Vec<SealedTicket>, Failure> {
        unreachable!()
    }
    async fn open_tickets(&self, _: &RequestId) -> Result<OpenTickets, Failure> {
        unreachable!()
    }
    async fn all_tickets(&self) -> Result<(u64, Option<Timestamp>), Failure> {
        unreachable!()
    }
    async fn put_off_tickets(&self, _: &Lease, _: &RequestId, _: &[PutOff]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn end_tickets(
        &self,
        _: &Lease,
        _: &RequestId,
        _: &[(u64, Option<ItemOutcome>)],
    ) -> Result<(), Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Inventories for World {
    async fn keep_seen(&self, _: &Lease, _: &Shard, _: &[Print]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn note_checkpoint(
        &self,
        _: &Lease,
        _: &Shard,
        _: &Checkpoint,
        _: &[Print],
    ) -> Result<(), Failure> {
        unreachable!()
    }
    async fn checkpoint(&self, _: &Shard) -> Result<Option<Noted>, Failure> {
        unreachable!()
    }
    async fn forget_checkpoint(&self, _: &Lease, _: &Shard) -> Result<(), Failure> {
        unreachable!()
    }
    async fn ground(&self, _: &str) -> Result<Option<String>, Failure> {
        unreachable!()
    }
    async fn note_ground(&self, _: &str, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    async fn seen(&self, _: u64, _: &str) -> Result<Vec<Print>, Failure> {
        unreachable!()
    }
    async fn found_by(&self, _: &RequestId) -> Result<Option<u64>, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Announcer for World {
    async fn announce(&self, _: &Announcement) -> Result<Announced, Failure> {
        unreachable!()
    }
    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl HeldPlans for World {
    async fn tree(&self, held: &Standing) -> Result<Vec<Branch>, Failure> {
        if held.id.as_str() != "a-workspace" {
            return Ok(Vec::new());
        }
        let branch = |lead: &str, name: &str, why: &str, recoverable: &str| Branch {
            lead: lead.to_owned(),
            action: if why.is_empty() { "delete" } else { "keep" },
            name: name.to_owned(),
            why: why.to_owned(),
            recoverable: recoverable.to_owned(),
        };
        Ok(vec![
            branch("", "workspace/w", "", "14 days"),
            branch("└─ ", "key_vault/s/g/<v>", "shared: by <b>w2</b>", ""),
        ])
    }
    async fn describe(&self, id: &RequestId) -> Result<Option<Map<String, Value>>, Failure> {
        if self.standings.iter().all(|standing| standing.id != *id) {
            return Ok(None);
        }
        let Value::Object(told) = json!({
            "subject_request_id": id.as_str(), "state": "acting", "outcome": null,
            "subject_request_type": "erasure", "submitted_time": "2026-11-01T00:00:00Z",
            "due_time": "2026-11-20T12:00:00Z", "changed_time": "2026-11-23T11:50:00Z",
            "progress": { "done": 100, "total": 300 },
            "obstacle": { "source": "run-history", "kind": "shut", "reason": "403 <no>",
                          "since": "2026-11-23T11:55:00Z" },
            "counts": { "seen": 1_234, "found": 7, "unreadable": 1,
                        "outcomes": { "erased": 6, "already_absent": 1 }, "open": 0 },
            "refusals": [{ "items": 2, "outcome": "blocked", "source": "run-history",
                           "reason": "lease: LeaseIdMissing" }],
            "decisions": [{ "at": "2026-11-23T10:00:00Z", "decision": "approved",
                            "actor": "maria & co", "reason": "asked <twice>" }],
            "waits_for": ["held-1"],
            "events": [
                { "sequence": 1, "at": "2026-11-23T09:00:00Z", "event": "accepted" },
                { "sequence": 2, "at": "2026-11-23T09:00:05Z", "event": "find_started" },
            ],
            "coverage": [{ "looked": "not_configured", "sort": "container", "name": "<c>" }],
            "certificate_digest": "ab12",
        }) else {
            unreachable!()
        };
        Ok(Some(told))
    }
}

#[async_trait]
impl Exports for World {
    async fn create(&self, _: &str, _: u64) -> Result<Box<dyn Upload>, Failure> {
        unreachable!()
    }
    async fn open(&self, _: &str) -> Result<Option<ByteStream>, Failure> {
        unreachable!()
    }
    async fn remove(&self, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    fn url(&self, _: &str) -> String {
        unreachable!()
    }
    async fn link(
        &self,
        _: &str,
        _: Timestamp,
        _: Option<Timestamp>,
    ) -> Result<Option<SignedLink>, Failure> {
        unreachable!()
    }
    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Source for World {
    fn name(&self) -> &str {
        "run-history"
    }

    fn place(&self) -> String {
        unreachable!()
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    async fn follow(&self, _: &Item, _: &str) -> Result<Followed, Failure> {
        unreachable!()
    }

    async fn unrecoverable_after(
        &self,
        _: &[String],
        _: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        unreachable!()
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.pings.fetch_add(1, Ordering::Relaxed);
        if self.source_hangs {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

#[async_trait]
impl Walked for World {
    async fn containers(&self) -> Result<Containers, Failure> {
        unreachable!()
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Result<Page, Failure> {
        unreachable!()
    }

    async fn read(&self, _: &Item) -> Result<Read, Failure> {
        unreachable!()
    }

    async fn erase(&self, _: &Item) -> Result<Erased, Failure> {
        unreachable!()
    }

    async fn rewrite(&self, _: &Item, _: NewForm) -> Result<Rewritten, Failure> {
        unreachable!()
    }

    async fn erase_replaced(&self, _: &Item) -> Result<Erased, Failure> {
        unreachable!()
    }

    async fn remains(&self, _: &str) -> Result<Vec<Item>, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Budgets for World {
    async fn spend(&self, _: &Lease, _: &Budget) -> Result<Option<u64>, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl People for World {
    async fn keep_people(&self, _: &Lease, _: &Shard, _: &[SealedPerson]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn people(&self, _: u64, _: &str, _: u32) -> Result<Vec<SealedPerson>, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Catalogue for World {
    async fn leaves(&self, _: &Shelf, _: &[u64]) -> Result<Vec<Leaf>, Failure> {
        unreachable!()
    }
    async fn keep_leaves(&self, _: &Lease, _: &Shelf, _: &[Leaf]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn weed(&self, _: &Lease, _: &Shelf, _: &BTreeSet<u64>) -> Result<(), Failure> {
        unreachable!()
    }
    async fn forget_sources(
        &self,
        _: &Lease,
        _: &[String],
        _: Timestamp,
    ) -> Result<Vec<String>, Failure> {
        unreachable!()
    }
    async fn catalogued(&self) -> Result<Vec<Catalogued>, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Register for World {
    async fn listed(
        &self,
        sought: &Sought,
        _: Order,
        after: Option<&Listed>,
        limit: u32,
    ) -> Result<Vec<Listed>, Failure> {
        Ledger::ping(self).await?;
        let mut all: Vec<Standing> = self.standings.clone();
        all.retain(|standing| {
            let is_due = |by: Timestamp| standing.due.is_some_and(|due| due <= by);
            sought.states.contains(&standing.state) && sought.due_by.is_none_or(is_due)
        });
        let place = |standing: &Standing| {
            (standing.due.unwrap_or(Timestamp::MAX), standing.id.as_str().to_owned())
        };
        all.sort_by_key(place);
        let after = after.map(|after| place(&after.standing));
        all.retain(|standing| after.as_ref().is_none_or(|after| place(standing) > *after));
        all.truncate(limit as usize);
        Ok(all.into_iter().map(|standing| Listed { standing, received: now() }).collect())
    }
    async fn answered(&self, _: Timestamp, _: u32) -> Result<Vec<AnsweredRequest>, Failure> {
        unreachable!()
    }
    async fn unanswered(
        &self,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<(RequestId, Timestamp)>, Failure> {
        unreachable!()
    }
    async fn count_unanswered(&self, _: Timestamp) -> Result<u64, Failure> {
        unreachable!()
    }
    async fn longest(&self) -> Result<Vec<(State, Timestamp)>, Failure> {
        unreachable!()
    }
    async fn pulse(&self) -> Result<Pulse, Failure> {
        self.pulses.fetch_add(1, Ordering::Relaxed);
        let changed = self.changed.load(Ordering::Relaxed);
        Ok(Pulse { changed: i64::try_from(changed).unwrap(), done: 0 })
    }
}

#[async_trait]
impl Daemons for World {
    async fn note_daemon(&self, _: &str, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    async fn forget_daemon(&self, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    async fn daemons(&self) -> Result<Vec<SeenDaemon>, Failure> {
        let (id, version) = ("0f8e<b>0f8e".to_owned(), "0.<1>".to_owned());
        Ok(vec![SeenDaemon { id, version, started: now() - 50.hours(), seen: now() - 9.seconds() }])
    }
}

#[async_trait]
impl Purges for World {
    async fn enrol(&self, _: &Lease, _: &RequestId, _: &[NewMember]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn due_purges(&self, _: Gathered, _: u32) -> Result<Vec<Purge>, Failure> {
        unreachable!()
    }
    async fn purge(&self, _: &str) -> Result<Option<Purge>, Failure> {
        unreachable!()
    }
    async fn members(&self, _: &str) -> Result<Vec<Member>, Failure> {
        unreachable!()
    }
    async fn begin_purge(&self, _: &Lease, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    async fn note_purge(
        &self,
        _: &Lease,
        _: &str,
        _: &Stage,
        _: Option<&[u8]>,
    ) -> Result<(), Failure> {
        unreachable!()
    }
    async fn note_delay(&self, _: &Lease, _: &str, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    async fn forget_purge(&self, _: &Lease, _: &str) -> Result<(), Failure> {
        unreachable!()
    }
    async fn purges_of(&self, _: &RequestId) -> Result<Vec<Purge>, Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Ledger for World {
    async fn open(&self, _: &[&Opening]) -> Result<Vec<Opened>, Failure> {
        unreachable!()
    }
    async fn append(
        &self,
        _: &Record,
        _: Option<&Announcement>,
        _: Option<&Lease>,
    ) -> Result<Appended, Failure> {
        unreachable!()
    }
    async fn standing(&self, id: &RequestId) -> Result<Option<Standing>, Failure> {
        Ledger::ping(self).await?;
        Ok(self.standings.iter().find(|standing| standing.id == *id).cloned())
    }
    async fn rejected_for(&self, _: &RequestId) -> Result<Option<RequestId>, Failure> {
        unreachable!()
    }
    async fn standings(&self, states: &[State], limit: u32) -> Result<Vec<Standing>, Failure> {
        Ledger::ping(self).await?;
        let mut standings = self.standings.clone();
        standings.retain(|standing| states.contains(&standing.state));
        standings.sort_by_key(|standing| standing.due);
        standings.truncate(limit as usize);
        Ok(standings)
    }
    async fn page(&self, _: Option<&RequestId>, _: u32) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn recently_ended(&self, limit: u32) -> Result<Vec<Standing>, Failure> {
        let is_ended = |state: &State| state.is_end() && *state != State::Rejected;
        let ended: Vec<State> = State::ALL.into_iter().filter(is_ended).collect();
        let mut standings = Ledger::standings(self, &ended, u32::MAX).await?;
        standings.sort_by_key(|standing| std::cmp::Reverse(standing.changed));
        standings.truncate(limit as usize);
        Ok(standings)
    }
    async fn census(&self) -> Result<Vec<(State, u64)>, Failure> {
        let of = |wanted| self.standings.iter().filter(|s| s.state == wanted).count() as u64;
        Ok(State::ALL.into_iter().map(|state| (state, of(state))).collect())
    }
    async fn records(&self, _: &RequestId) -> Result<Vec<Record>, Failure> {
        Ok(Vec::new())
    }
    async fn sealed(&self, _: &RequestId) -> Result<Option<SealedRequest>, Failure> {
        unreachable!()
    }
    async fn add_items(
        &self,
        _: &Lease,
        _: &RequestId,
        _: u64,
        _: &[SealedItem],
    ) -> Result<bool, Failure> {
        unreachable!()
    }
    async fn amend_items(
        &self,
        _: &Lease,
        _: &RequestId,
        _: u64,
        _: &[SealedItem],
    ) -> Result<bool, Failure> {
        unreachable!()
    }
    async fn begin_items(&self, _: &Lease, _: &RequestId, _: &[u64]) -> Result<(), Failure> {
        unreachable!()
    }

    async fn clear_items(&self, _: &Lease, _: &RequestId, _: Cleared) -> Result<(), Failure> {
        unreachable!()
    }
    async fn items(
        &self,
        _: &RequestId,
        _: Option<u64>,
        _: bool,
        _: u32,
    ) -> Result<Vec<SealedItem>, Failure> {
        unreachable!()
    }
    async fn drafted(&self, _: &RequestId) -> Result<Vec<Drafted>, Failure> {
        unreachable!()
    }
    async fn record_outcomes(
        &self,
        _: &Lease,
        _: &RequestId,
        _: &[ItemEnd],
    ) -> Result<(), Failure> {
        unreachable!()
    }
    async fn tally(&self, _: &RequestId) -> Result<Tally, Failure> {
        unreachable!()
    }
    async fn note_progress(&self, _: &[RequestId], _: Progress) -> Result<(), Failure> {
        unreachable!()
    }
    async fn unsent(&self, _: u32) -> Result<Vec<Announcement>, Failure> {
        unreachable!()
    }
    async fn mark_sent(&self, _: &[Uuid]) -> Result<(), Failure> {
        unreachable!()
    }
    async fn put_off(&self, _: &[Uuid], _: u64) -> Result<(), Failure> {
        unreachable!()
    }
    async fn backlog(&self) -> Result<u64, Failure> {
        Ok(2)
    }
    async fn owed(&self, _: u32) -> Result<Vec<Callback>, Failure> {
        unreachable!()
    }
    async fn put_off_callback(&self, _: &CallbackId, _: u64) -> Result<(), Failure> {
        unreachable!()
    }
    async fn forget_callback(&self, _: &CallbackId) -> Result<(), Failure> {
        unreachable!()
    }
    async fn callback_backlog(&self) -> Result<u64, Failure> {
        unreachable!()
    }
    async fn ping(&self) -> Result<(), Failure> {
        if self.ledger_hangs {
            std::future::pending::<()>().await;
        }
        if self.ledger_is_down {
            return Err(Failure::transient("opening the ledger").because("<disk> is full"));
        }
        Ok(())
    }
}

#[async_trait]
impl Archives for World {
    async fn keep(&self, _: &Lease, _: &RequestId, _: &str) -> Result<String, Failure> {
        unreachable!()
    }
    async fn expired(&self, _: u32) -> Result<Vec<KeptArchive>, Failure> {
        unreachable!()
    }
    async fn kept(&self, _: &RequestId) -> Result<Option<KeptArchive>, Failure> {
        unreachable!()
    }
    async fn removed(&self, _: &Lease, _: &RequestId) -> Result<(), Failure> {
        unreachable!()
    }
}

#[async_trait]
impl Tasks for World {
    async fn note_obstacle(&self, _: &Lease, _: &RequestId, _: &Obstacle) -> Result<(), Failure> {
        unreachable!()
    }
    async fn obstacle(&self, _: &RequestId) -> Result<Option<Obstacle>, Failure> {
        unreachable!()
    }
    async fn obstacles(&self, _: u32) -> Result<Vec<(RequestId, Obstacle)>, Failure> {
        let acting = self.standings.iter().filter(|standing| standing.state == State::Acting);
        let kept = |standing: &Standing| {
            let failure = Failure::needs_person("listing a container").of_source("models & runs");
            (standing.id.clone(), Obstacle::new(&failure, standing.changed))
        };
        Ok(acting.map(kept).collect())
    }

    async fn now(&self) -> Result<Timestamp, Failure> {
        unreachable!()
    }
    async fn claim(&self, _: &str, _: u64) -> Result<Option<Lease>, Failure> {
        unreachable!()
    }
    async fn renew(&self, _: &Lease, _: u64) -> Result<bool, Failure> {
        unreachable!()
    }
    async fn let_go(&self, _: &Lease, _: End) -> Result<(), Failure> {
        unreachable!()
    }
    async fn agrees_on_key(&self, _: &str) -> Result<bool, Failure> {
        unreachable!()
    }
    async fn free_all(&self) -> Result<(), Failure> {
        unreachable!()
    }
    async fn free(&self, _: &[State], _: Timestamp, _: u32) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn begin_act(&self, _: &Lease, _: &RequestId, _: Timestamp) -> Result<bool, Failure> {
        unreachable!()
    }
    async fn about_things(&self, _: Timestamp, _: u32) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn ready(&self, _: Timestamp, _: u32) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn unswept(&self, _: Purpose, _: u32) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn walked(&self, _: u32) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn sweep_of(&self, _: &RequestId) -> Result<Option<Sweep>, Failure> {
        unreachable!()
    }
    async fn leave_sweep(&self, _: &Lease, _: &RequestId) -> Result<(), Failure> {
        unreachable!()
    }
    async fn in_the_way(&self, _: &RequestId) -> Result<Vec<RequestId>, Failure> {
        unreachable!()
    }
    async fn sweep(&self, _: Purpose) -> Result<Option<Sweep>, Failure> {
        unreachable!()
    }
    async fn open_sweep(
        &self,
        _: &Lease,
        _: Purpose,
        _: &[RequestId],
        _: &[String],
        _: u64,
    ) -> Result<(), Failure> {
        unreachable!()
    }
    async fn swept(&self, _: u64) -> Result<Vec<Standing>, Failure> {
        unreachable!()
    }
    async fn finish_shard(&self, _: &Lease, _: &Shard) -> Result<(), Failure> {
        unreachable!()
    }
    async fn close_sweep(&self, _: &Lease, _: u64) -> Result<(), Failure> {
        unreachable!()
    }
}

/// Serves `world` while `ask` asks, and ends the server with it.
fn site(world: World) -> Arc<Site> {
    let world = Arc::new(world);
    Arc::new(Site {
        ledger: Arc::<World>::clone(&world),
        inbox: Arc::<World>::clone(&world),
        announcer: Arc::<World>::clone(&world),
        exports: Arc::<World>::clone(&world),
        sources: vec![Arc::<World>::clone(&world)],
        plans: Arc::<World>::clone(&world),
        clock: Arc::<World>::clone(&world),
        metrics: Arc::new(Metrics::new()),
        desk: None,
        lately: Default::default(),
    })
}

async fn asked<T>(world: World, ask: impl AsyncFnOnce(String) -> T) -> T {
    asked_of(site(world), ask).await
}

async fn asked_of<T>(site: Arc<Site>, ask: impl AsyncFnOnce(String) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = serve(listener, site, async move { stopped.await.unwrap() });
    let (served, answer) = tokio::join!(server, async {
        let answer = ask(address).await;
        stop.send(()).unwrap();
        answer
    });
    served.unwrap();
    answer
}

async fn get(world: World, path: &str) -> (u16, String) {
    asked(world, async |address| {
        let answer = reqwest::get(format!("{address}{path}")).await.unwrap();
        (answer.status().as_u16(), unlabelled(&answer.text().await.unwrap()))
    })
    .await
}

/// The cells of tables without the names of their columns, which are for narrow screens.
fn unlabelled(html: &str) -> String {
    let mut pieces = html.split(" data-label=\"");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('"').unwrap().1)
}

#[tokio::test]
async fn alive_and_measured() {
    assert_eq!(get(World::default(), "/healthz").await, (200, "alive\n".to_owned()));
    let (status, metrics) = get(World::default(), "/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("dsrd_sweep_items_total 0\n"), "{metrics}");
}

/// A scrape is answered from memory, however often it comes and whatever hangs.
#[tokio::test]
async fn a_scrape_asks_nothing_of_the_outside() {
    let world = World { source_hangs: true, ..World::default() };
    let pings = Arc::clone(&world.pings);
    let site = site(world);
    let text = asked_of(Arc::clone(&site), async |address| {
        let url = format!("{address}/metrics");
        for _ in 0..3 {
            reqwest::get(&url).await.unwrap();
        }
        assert_eq!(pings.load(Ordering::Relaxed), 0);
        // Once somebody has asked, everybody is told.
        let watch = health::watch(&site);
        let told = async {
            loop {
                let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
                if text.contains("dsrd_ready{part=\"source run-history\"} 0") {
                    return text;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::select! { () = watch => unreachable!(), text = told => text }
    })
    .await;
    assert!(text.contains("dsrd_ready{part=\"ledger\"} 1"), "{text}");
    // Once, or again after a while on a slow machine.
    assert!(text.contains("dsrd_ping_seconds_count{part=\"ledger\"} "), "{text}");
    assert!(!text.contains("dsrd_ping_seconds_count{part=\"ledger\"} 0"), "{text}");
}

/// In the form that is asked for; and Prometheus' own judge has nothing to say of either name, help
/// or unit.
#[tokio::test]
async fn metrics_are_as_their_readers_want_them() {
    let site = site(World::default());
    prime(&site.metrics, ["run-history"].into_iter());
    let open = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3";
    let [open, plain] = asked_of(site, async |address| {
        let ask = async |accept: &str| {
            let request = reqwest::Client::new().get(format!("{address}/metrics"));
            let answer = request.header("accept", accept).send().await.unwrap();
            let form = answer.headers()["content-type"].to_str().unwrap().to_owned();
            (form, answer.text().await.unwrap())
        };
        [ask(open).await, ask("*/*").await]
    })
    .await;
    assert!(open.0.starts_with("application/openmetrics-text"), "{}", open.0);
    assert!(open.1.ends_with("# EOF\n"));
    assert_eq!(plain.0, "text/plain; version=0.0.4; charset=utf-8");
    let version = format!("dsrd_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    for line in [
        version.as_str(),
        "dsrd_requests_total{kind=\"erasure\",state=\"finding\"} 0",
        "dsrd_step_failures_total{step=\"find\",kind=\"needs_person\"} 0",
        "dsrd_sweep_seconds_bucket{le=\"3600.0\",purpose=\"find\"} 0",
    ] {
        assert!(plain.1.lines().any(|found| found == line), "{line}\n{}", plain.1);
    }
    for name in ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"] {
        let line = plain.1.lines().find(|line| line.starts_with(&format!("process_{name} ")));
        let value: f64 = line.unwrap().split(' ').next_back().unwrap().parse().unwrap();
        assert!(value > 0.0, "{name}");
    }
    let mut judge = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("promtool is there: apt-get install prometheus");
    std::io::Write::write_all(&mut judge.stdin.take().unwrap(), plain.1.as_bytes()).unwrap();
    let judged = judge.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    assert!(judged.status.success() && said.is_empty(), "{said}{}", plain.1);
}

#[tokio::test]
async fn ready_when_everything_answers() {
    let (status, checks) = get(World::default(), "/readyz").await;
    assert_eq!(status, 200);
    let ok = |name: &str| serde_json::json!({"name": name, "ok": true});
    let expected = serde_json::json!({
        "ready": true,
        "checks": [ok("ledger"), ok("queue"), ok("exports"), ok("source run-history")],
    });
    assert_eq!(serde_json::from_str::<Value>(&checks).unwrap(), expected);
}

#[tokio::test]
async fn not_ready_says_what_is_not_and_of_which_kind_and_no_more() {
    let world = World { ledger_is_down: true, source_hangs: true, ..World::default() };
    let (status, checks) = get(world, "/readyz").await;
    assert_eq!(status, 503);
    assert!(!checks.contains("disk"), "what others told us is for the log alone: {checks}");
    let checks: Value = serde_json::from_str(&checks).unwrap();
    assert_eq!(checks["checks"][0]["name"], "ledger");
    assert_eq!(checks["checks"][0]["ok"], false);
    assert!(checks["checks"][0]["error"].is_string());
    assert_eq!(checks["checks"][3]["error"], "no answer within 5 s");
}

#[tokio::test]
async fn the_page_shows_what_is_late_and_then_who_waits() {
    let (status, html) = get(busy(), "/").await;
    assert_eq!(status, 200);
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("no {text} in {html}"));
    assert!(place("b1e6-late") < place("held-1"));
    assert!(place("b1e6-late") < place("a7551968"));
    assert!(place("new-1") < place("Ended last"));
    assert!(place("Ended last") < place("failed-1") && !html.contains("bad-1"));
    place("<dt><a href=\"/requests?state=rejected\">Refused messages</a></dt><dd>1</dd>");
    for shown in ["overdue by 3 days", "in 5 hours", "in 12 days", "1,200 of 48,210"] {
        place(shown);
    }
    place("<dt><a href=\"/requests?overdue=yes\">Overdue</a></dt><dd>1</dd>");
    place("http-equiv=\"refresh\"");
    assert!(!get(busy(), "/?refresh=off").await.1.contains("http-equiv=\"refresh\""));
}

/// Whoever is to approve that a workspace goes sees what goes with it.
#[tokio::test]
async fn the_page_shows_the_plan_of_a_workspace_as_a_tree() {
    let none = Progress { done: 0, total: 0 };
    let standings =
        ["a-workspace", "a-person"].map(|id| standing(id, State::Held, 24, none)).into();
    let world = World { standings, ..World::default() };
    let (status, page) = get(world, "/").await;
    assert_eq!(status, 200);
    assert!(page.contains("Plan of a-workspace") && !page.contains("Plan of a-person"), "{page}");
    let row = "<tr><th scope=\"row\">└─\u{a0}key_vault/s/g/&lt;v&gt;</th><td>keep</td>\
               <td>shared: by &lt;b&gt;w2&lt;/b&gt;</td><td></td></tr>";
    assert!(page.contains(row), "{page}");
    assert!(page.contains("<td>delete</td><td></td><td>14 days</td>"), "{page}");
}

#[tokio::test]
async fn requests_are_looked_for_page_by_page() {
    let mut world = busy();
    for number in 0..250 {
        let id = format!("more-{number:03}");
        world.standings.push(standing(&id, State::Held, 24 * 40, Progress { done: 0, total: 0 }));
    }
    let ids = |html: &str| {
        let main = html.split("<tbody>").nth(1).unwrap_or_default();
        let rows = main.split("<th scope=\"row\">").skip(1);
        let id = |row: &str| row.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned();
        rows.map(id).collect::<Vec<String>>()
    };
    for (query, expected) in [
        ("overdue=yes", vec!["b1e6-late"]),
        ("state=failed", vec!["failed-1"]),
        ("state=failed&overdue=yes", vec![]),
        ("id=LATE", vec!["b1e6-late"]),
        ("id=more-2%331&state=held", vec!["more-231"]),
        ("id=%3Cscript%3E", vec![]),
    ] {
        let (status, html) = get(world.clone(), &format!("/requests?{query}")).await;
        assert_eq!((status, ids(&html)), (200, expected.iter().map(|id| (*id).into()).collect()));
        assert!(!html.contains("<script") && !html.contains("Next page"), "{query}");
    }
    for query in ["state=rubbish", "after=%0a"] {
        let (status, html) = get(world.clone(), &format!("/requests?{query}")).await;
        assert!(status == 400 && html.contains("partially_completed"), "{query}: {html}");
        assert!(!html.contains("rubbish"), "{html}");
    }
    // All of them, each once, in order.
    let (mut path, mut seen) = ("/requests".to_owned(), Vec::new());
    loop {
        let html = get(world.clone(), &path).await.1;
        seen.extend(ids(&html));
        let Some(next) = html.split("<p><a href=\"").nth(2) else { break };
        assert!(html.contains("rel=\"next\""), "{html}");
        path = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(seen.len(), world.standings.len());
    assert_eq!((seen[0].as_str(), seen.last().unwrap().as_str()), ("b1e6-late", "bad-1"));
}

#[tokio::test]
async fn a_request_has_a_page_with_all_that_is_told_of_it() {
    let (status, html) = get(busy(), "/requests/b1e6%2Dlate").await;
    assert_eq!(status, 200);
    let html = html.split_once("<main id=\"main\">").unwrap().1;
    for told in [
        "<span class=\"word\">acting</span>",
        "for 10 minutes",
        "overdue by 3 days",
        "100 of 300",
        "10 a minute, 20 minutes to go",
        "It does not go on since",
        "run-history: shut<",
        "It waits for <a href=\"/requests/held%2D1\">held-1</a>.",
        "<dt>seen</dt><dd>1,234</dd>",
        "<dt>already absent</dt><dd>1</dd>",
        "lease: LeaseIdMissing",
        "approved",
        "<code>dsrd status b1e6-late</code> tells it",
        "find started",
        "5 s",
        "not configured",
        "&lt;c&gt;",
        "certificate digest",
        "ab12",
        "/requests/b1e6%2Dlate?refresh=off",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    // What people wrote, or the outside said, may name somebody.
    for untold in ["maria", "twice", "403"] {
        assert!(!html.contains(untold), "{untold}: {html}");
    }
    for of_nobody in ["/requests/unknown", "/requests/%0a"] {
        let (status, html) = get(busy(), of_nobody).await;
        assert_eq!(status, 404);
        assert!(html.contains("knows no request"), "{html}");
    }
    let (_, all) = get(busy(), "/").await;
    assert!(all.contains("<a href=\"/requests/b1e6%2Dlate\">b1e6-late</a>"), "{all}");
}

/// What is small may still fit on a full disk: work tells more than a question does.
#[tokio::test]
async fn a_ledger_that_takes_no_work_is_not_ready() {
    let site = site(World::default());
    for _ in 0..2 {
        site.metrics.ledger_troubles.note("<disk> is full".to_owned(), std::time::Instant::now());
    }
    let told = asked_of(site, async |address| {
        let answer = reqwest::get(format!("{address}/readyz")).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap())
    });
    let (status, told) = told.await;
    assert_eq!((status, &told["checks"][0]["name"]), (503, &json!("ledger")));
    assert_eq!((&told["checks"][0]["ok"], &told["checks"][1]["ok"]), (&json!(false), &json!(true)));
    assert!(!told.to_string().contains("disk"), "{told}");
}

/// Whoever looks is told so, and does not wait for as long as the ledger may take.
#[tokio::test]
async fn every_page_says_so_when_the_ledger_gives_no_answer() {
    let asked = ["/", "/requests", "/requests?id=r", "/requests/r-1"].map(|path| async move {
        get(World { ledger_hangs: true, ..World::default() }, path).await
    });
    let answers = join_all(asked).await;
    for (status, html) in answers {
        assert!(status == 503 && html.contains("The ledger cannot be read now"), "{html}");
    }
}

#[tokio::test]
async fn the_page_says_so_when_the_ledger_is_down() {
    let (status, html) = get(World { ledger_is_down: true, ..World::default() }, "/").await;
    assert_eq!(status, 503);
    assert!(html.contains("The ledger cannot be read now"), "{html}");
    assert!(!html.contains("disk"), "what others told us is for the log alone: {html}");
}

#[tokio::test]
async fn nothing_else_is_answered_and_nothing_from_elsewhere_is_loaded() {
    asked(busy(), async |address| {
        let client = reqwest::Client::new();
        let page = client.head(&address).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        for path in ["/", "/requests", "/requests/held-1", "/changes", "/metrics"] {
            let posted = client.post(format!("{address}{path}")).send().await.unwrap();
            assert_eq!(posted.status(), 405, "{path}");
        }
        for path in ["/nothing", "/../etc/passwd", "/metrics/"] {
            let answer = client.get(format!("{address}{path}")).send().await.unwrap();
            assert_eq!(answer.status(), 404, "{path}");
            assert!(answer.headers().contains_key("content-security-policy"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_page_tells_of_daemons_and_how_long_answers_took() {
    let site = site(busy());
    let labels = KindState { kind: "erasure", state: "completed" };
    site.metrics.answered.get_or_create(&labels).set(1_200);
    site.metrics.answered_median.get_or_create(&labels).set(86_400.0 * 4.25);
    site.metrics.answered_in_time.set(0.875);
    let html =
        asked_of(site, async |address| reqwest::get(&address).await.unwrap().text().await.unwrap())
            .await;
    assert!(html.contains("<td data-label=\"Last seen\">0 minutes ago</td>"), "{html}");
    let html = unlabelled(&html);
    for told in [
        "0f8e&lt;b&gt;0</th><td>0.&lt;1&gt;</td>",
        "<small>for 2 days</small></td><td>0 minutes ago</td>",
        "Answered in the last 90 days",
        "88 % of them by their due time.",
        "<tr><th scope=\"row\">erasure</th><td><span class=\"word good\">completed</span></td>\
         <td>1,200</td><td>4.2</td></tr>",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
}

/// Until somebody names who may, nobody may, whatever comes along.
#[tokio::test]
async fn nobody_decides_where_nobody_is_named() {
    asked(busy(), async |address| {
        let client = reqwest::Client::new();
        let url = format!("{address}/requests/held-1");
        let signed_in = client.get(&url).header("authorization", "Bearer a.b.c");
        let html = signed_in.send().await.unwrap().text().await.unwrap();
        assert!(!html.contains("<form") && !html.contains("No decision can be taken"), "{html}");
        let post = client.post(format!("{url}/decisions")).header("origin", &address);
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        let answer = post.body("decision=approve&reason=x&seal=1.3.00").send().await.unwrap();
        assert_eq!(answer.status(), 403);
        let html = answer.text().await.unwrap();
        assert!(html.contains("[http.operators] in the settings names nobody"), "{html}");
        let decisions = client.get(format!("{url}/decisions")).send().await.unwrap();
        assert_eq!(decisions.status(), 405);
    })
    .await;
}

/// What comes of a stream until it has so many bytes, or ends.
async fn heard(stream: &mut reqwest::Response, bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        match stream.chunk().await {
            Ok(Some(piece)) => text.push_str(std::str::from_utf8(&piece).unwrap()),
            Ok(None) | Err(_) => break,
        }
    }
    text
}

/// The clock of these worlds goes fifty times as fast: two seconds are forty milliseconds.
#[tokio::test]
async fn changes_are_told_to_all_who_listen_and_the_ledger_is_asked_once_for_all() {
    const FIRST: &str = "retry: 3000\n\n";
    let world = busy();
    let (pulses, changed) = (Arc::clone(&world.pulses), Arc::clone(&world.changed));
    let client = reqwest::Client::new();
    let mut rest = asked(world, async |address| {
        let url = format!("{address}/changes");
        let mut all = Vec::new();
        for _ in 0..LISTENERS_MAX {
            let mut stream = client.get(&url).send().await.unwrap();
            assert_eq!(stream.headers()["content-type"], "text/event-stream");
            assert!(stream.headers()["content-security-policy"].to_str().is_ok());
            assert_eq!(heard(&mut stream, FIRST.len()).await, FIRST);
            all.push(stream);
        }
        assert_eq!(client.get(&url).send().await.unwrap().status(), 503, "there are so many");
        // It has been asked how things stand before they change.
        while pulses.load(Ordering::Relaxed) < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let (begun, asked) = (std::time::Instant::now(), pulses.load(Ordering::Relaxed));
        changed.fetch_add(1, Ordering::Relaxed);
        for stream in &mut all {
            let mut text = String::new();
            while !text.contains("data: changed\n\n") {
                let piece = heard(stream, 1).await;
                assert!(!piece.is_empty(), "it ended before: {text}");
                text += &piece;
            }
            // Nothing is told but that; a colon begins what is no event.
            let told = text.replace("data: changed\n\n", "").replace(":\n\n", "");
            assert_eq!(told, "");
        }
        let most = 2 + begun.elapsed().as_millis() / 40;
        let asked = pulses.load(Ordering::Relaxed) - asked;
        assert!((asked as u128) <= most, "{asked} times, {most} at most");
        // A place is free again once somebody is gone.
        drop(all.pop());
        let mut next = client.get(&url).send().await.unwrap();
        while next.status() != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            next = client.get(&url).send().await.unwrap();
        }
        assert!(heard(&mut next, 40).await.contains(":\n\n"), "a word from time to time");
        next
    })
    .await;
    // The server has ended, and nobody kept it from that.
    while !heard(&mut rest, 1).await.is_empty() {}
}

/// Nobody listens, nobody asks.
#[tokio::test]
async fn the_ledger_is_left_alone_while_nobody_listens() {
    let world = busy();
    let pulses = Arc::clone(&world.pulses);
    asked(world, async |address| {
        reqwest::get(&address).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(pulses.load(Ordering::Relaxed), 0);
    })
    .await;
}

/// DNS rebinding: a page from elsewhere whose name leads to this machine.
#[tokio::test]
async fn at_this_machine_only_who_asks_for_it_is_answered() {
    asked(busy(), async |address| {
        let client = reqwest::Client::new();
        for (host, status) in [
            ("localhost", 200),
            ("localhost:9464", 200),
            ("127.0.0.1:1", 200),
            ("[::1]:9464", 200),
            ("dsrd.localhost", 200),
            ("evil.example", 421),
            ("evil.example:9464", 421),
            ("localhost.evil.example", 421),
            ("10.1.2.3", 421),
            ("[::2]", 421),
            ("a b", 421),
        ] {
            let asked = client.get(&address).header("host", host).send().await.unwrap();
            assert_eq!(asked.status(), status, "{host}");
        }
    })
    .await;
}

/// Whoever opens many connections and says nothing is shown out, and others are answered.
#[tokio::test]
async fn half_sent_requests_are_bounded_in_number_and_time() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    asked(busy(), async |address| {
        let place = address.strip_prefix("http://").unwrap().to_owned();
        let mut silent = Vec::new();
        for _ in 0..300 {
            let mut stream = tokio::net::TcpStream::connect(&place).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
            silent.push(stream);
        }
        let patience = std::time::Duration::from_secs(60);
        let answer = tokio::time::timeout(patience, reqwest::get(format!("{address}/healthz")));
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
        let mut rest = Vec::new();
        let ended = silent[0].read_to_end(&mut rest);
        // Told so or not: it is over.
        let _told = tokio::time::timeout(patience, ended).await.expect("it is shown out");
    })
    .await;
}
