//! Every port, behind the tripwire.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use dsrd::adapters::memory::callbacks::MemoryCallbacks;
use dsrd::adapters::memory::inbox::MemoryInbox;
use dsrd::domain::callbacks::url::CallbackUrl;
use dsrd::domain::event::Announcement;
use dsrd::domain::failure::{Failure, Obstacle};
use dsrd::domain::inventory::Print;
use dsrd::domain::item::Item;
use dsrd::domain::layout::Containers;
use dsrd::domain::outcome::{ItemOutcome, Tally};
use dsrd::domain::request::RequestId;
use dsrd::domain::state::{Regained, State};
use dsrd::ports::door::{
    Announced, Announcer, Answer, Callbacks, Delivery, Inbox, Letter, Settlement,
};
use dsrd::ports::exports::{Exports, SignedLink, Stored, Upload};
use dsrd::ports::kept::archives::{Archives, Kept};
use dsrd::ports::kept::inventories::{Checkpoint, Inventories, Noted};
use dsrd::ports::kept::retention::{FollowUp, FollowUps, Retention};
use dsrd::ports::kept::tickets::{NewTicket, OpenTickets, SealedTicket, Tickets};
use dsrd::ports::kept::tombstones::{Buried, ReturnedItem, Tombstone, Tombstones};
use dsrd::ports::ledger::{
    Appended, Callback, CallbackId, Cleared, Drafted, ItemEnd, Ledger, Opened, Opening, Record,
    SealedItem, SealedRequest,
};
use dsrd::ports::sources::{ByteStream, Erased, Followed, NewForm, Page, Read, Rewritten, Source};
use dsrd::ports::standing::{Progress, Standing};
use dsrd::ports::tasks::{End, Lease, Purpose, Shard, Sweep, Tasks};
use futures::StreamExt;
use jiff::Timestamp;
use uuid::Uuid;

use crate::support::simulation::tripwire::{Point, ReadOfPlan, Tripwire};

/// A port and what stands before it.
pub struct Wired<P: ?Sized> {
    pub wire: Arc<Tripwire>,
    pub port: Arc<P>,
}

#[async_trait]
impl Inbox for Wired<MemoryInbox> {
    async fn receive(&self) -> Result<Delivery, Failure> {
        // Waiting for a message is no work.
        self.port.receive().await
    }

    async fn settle(&self, delivery: Delivery, settlement: Settlement) -> Result<(), Failure> {
        let settled = self.wire.effect("settle", self.port.settle(delivery, settlement)).await;
        if settled.is_err() {
            // As with a broker whose connection broke.
            self.port.take_back();
        }
        settled
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.wire.look("ping", self.port.ping()).await
    }
}

#[async_trait]
impl<P: Announcer + ?Sized> Announcer for Wired<P> {
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure> {
        self.wire.effect("announce", self.port.announce(announcement)).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.wire.look("ping", self.port.ping()).await
    }
}

#[async_trait]
impl Callbacks for Wired<MemoryCallbacks> {
    async fn post(&self, url: &CallbackUrl, letter: &Letter) -> Result<Answer, Failure> {
        // Waiting for a server that is silent is no work.
        self.port.reach(url.host()).await;
        self.wire.effect("post", self.port.post(url, letter)).await
    }
}

#[async_trait]
impl<P: Source + ?Sized> Source for Wired<P> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn place(&self) -> String {
        self.port.place()
    }

    async fn containers(&self) -> Result<Containers, Failure> {
        self.wire.look("containers", self.port.containers()).await
    }

    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        self.wire.pass(Point::List).await;
        self.wire.look("list", self.port.list(prefix, marker)).await
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        let read = self.wire.look("read", self.port.read(item)).await?;
        Ok(match read {
            // Whoever reads is busy until the bytes are let go.
            Read::Bytes(bytes) => Read::Bytes(held(bytes, &self.wire)),
            other => other,
        })
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        self.wire.pass(Point::Erase).await;
        self.wire.effect("erase", self.port.erase(item)).await
    }

    async fn follow(&self, item: &Item, handle: &str) -> Result<Followed, Failure> {
        // What the service does meanwhile is none of our effects.
        self.wire.look("follow", self.port.follow(item, handle)).await
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        self.wire.effect("rewrite", self.port.rewrite(item, form)).await
    }

    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        self.wire.effect("erase replaced", self.port.erase_replaced(item)).await
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        self.wire.look("remains", self.port.remains(name)).await
    }

    async fn unrecoverable_after(
        &self,
        names: &[String],
        at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let look = self.port.unrecoverable_after(names, at);
        self.wire.look("unrecoverable_after", look).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.wire.look("ping", self.port.ping()).await
    }
}

#[async_trait]
impl<P: Exports + ?Sized> Exports for Wired<P> {
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure> {
        let upload = self.wire.effect("create", self.port.create(name, attempt)).await?;
        Ok(Box::new(WiredUpload { wire: Arc::clone(&self.wire), upload }))
    }

    async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure> {
        let bytes = self.wire.look("open archive", self.port.open(name)).await?;
        Ok(bytes.map(|bytes| held(bytes, &self.wire)))
    }

    async fn remove(&self, name: &str) -> Result<(), Failure> {
        self.wire.effect("remove", self.port.remove(name)).await
    }

    fn url(&self, name: &str) -> String {
        self.port.url(name)
    }

    async fn link(
        &self,
        name: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Option<SignedLink>, Failure> {
        self.wire.effect("link", self.port.link(name, now, until)).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.wire.look("ping", self.port.ping()).await
    }
}

struct WiredUpload {
    wire: Arc<Tripwire>,
    upload: Box<dyn Upload>,
}

#[async_trait]
impl Upload for WiredUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure> {
        let wire = Arc::clone(&self.wire);
        wire.effect("write", self.upload.write(bytes)).await
    }

    async fn finish(self: Box<Self>) -> Result<Stored, Failure> {
        let Self { wire, upload } = *self;
        wire.effect("finish", upload.finish()).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Ledger for Wired<P> {
    async fn open(&self, openings: &[&Opening]) -> Result<Vec<Opened>, Failure> {
        let opening = async {
            let opened = self.port.open(openings).await?;
            for (opening, opened) in openings.iter().zip(&opened) {
                if *opened == Opened::New {
                    self.wire.happened(opening.record.event.word());
                }
            }
            Ok(opened)
        };
        self.wire.effect("open", opening).await
    }

    async fn append(
        &self,
        record: &Record,
        announcement: Option<&Announcement>,
        lease: Option<&Lease>,
    ) -> Result<Appended, Failure> {
        let appending = async {
            let appended = self.port.append(record, announcement, lease).await?;
            if appended == Appended::Done {
                self.wire.happened(record.event.word());
            }
            Ok(appended)
        };
        self.wire.effect(record.event.word(), appending).await
    }

    async fn standing(&self, id: &RequestId) -> Result<Option<Standing>, Failure> {
        self.wire.look("standing", self.port.standing(id)).await
    }

    async fn rejected_for(&self, claimed: &RequestId) -> Result<Option<RequestId>, Failure> {
        self.wire.look("rejected_for", self.port.rejected_for(claimed)).await
    }

    async fn standings(&self, states: &[State], limit: u32) -> Result<Vec<Standing>, Failure> {
        self.wire.look("standings", self.port.standings(states, limit)).await
    }

    async fn page(&self, after: Option<&RequestId>, limit: u32) -> Result<Vec<Standing>, Failure> {
        self.wire.look("page", self.port.page(after, limit)).await
    }

    async fn recently_ended(&self, limit: u32) -> Result<Vec<Standing>, Failure> {
        self.wire.look("recently_ended", self.port.recently_ended(limit)).await
    }

    async fn census(&self) -> Result<Vec<(State, u64)>, Failure> {
        self.wire.look("census", self.port.census()).await
    }

    async fn records(&self, id: &RequestId) -> Result<Vec<Record>, Failure> {
        self.wire.look("records", self.port.records(id)).await
    }

    async fn sealed(&self, id: &RequestId) -> Result<Option<SealedRequest>, Failure> {
        self.wire.look("sealed", self.port.sealed(id)).await
    }

    async fn add_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        sequence: u64,
        items: &[SealedItem],
    ) -> Result<bool, Failure> {
        self.wire.effect("add_items", self.port.add_items(lease, id, sequence, items)).await
    }

    async fn clear_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        which: Cleared,
    ) -> Result<(), Failure> {
        self.wire.effect("clear_items", self.port.clear_items(lease, id, which)).await
    }

    async fn begin_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        ordinals: &[u64],
    ) -> Result<(), Failure> {
        self.wire.effect("begin_items", self.port.begin_items(lease, id, ordinals)).await
    }

    async fn drafted(&self, id: &RequestId) -> Result<Vec<Drafted>, Failure> {
        self.wire.look("drafted", self.port.drafted(id)).await
    }

    async fn items(
        &self,
        id: &RequestId,
        after: Option<u64>,
        open_only: bool,
        limit: u32,
    ) -> Result<Vec<SealedItem>, Failure> {
        let items = self.wire.look("items", self.port.items(id, after, open_only, limit)).await?;
        self.wire.has_read(ReadOfPlan { after, open_only, rows: items.len() });
        Ok(items)
    }

    async fn record_outcomes(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[ItemEnd],
    ) -> Result<(), Failure> {
        self.wire.effect("record_outcomes", self.port.record_outcomes(lease, id, ends)).await
    }

    async fn tally(&self, id: &RequestId) -> Result<Tally, Failure> {
        self.wire.look("tally", self.port.tally(id)).await
    }

    async fn note_progress(&self, ids: &[RequestId], progress: Progress) -> Result<(), Failure> {
        // No part of the account, and as often as time passes: it is not counted.
        self.wire.look("note_progress", self.port.note_progress(ids, progress)).await
    }

    async fn unsent(&self, limit: u32) -> Result<Vec<Announcement>, Failure> {
        self.wire.look("unsent", self.port.unsent(limit)).await
    }

    async fn mark_sent(&self, ids: &[Uuid]) -> Result<(), Failure> {
        self.wire.effect("mark_sent", self.port.mark_sent(ids)).await
    }

    async fn put_off(&self, ids: &[Uuid], for_ms: u64) -> Result<(), Failure> {
        self.wire.effect("put_off", self.port.put_off(ids, for_ms)).await
    }

    async fn backlog(&self) -> Result<u64, Failure> {
        self.wire.look("backlog", self.port.backlog()).await
    }

    async fn owed(&self, each_host: u32) -> Result<Vec<Callback>, Failure> {
        self.wire.look("owed", self.port.owed(each_host)).await
    }

    async fn put_off_callback(&self, id: &CallbackId, for_ms: u64) -> Result<(), Failure> {
        self.wire.effect("put_off_callback", self.port.put_off_callback(id, for_ms)).await
    }

    async fn forget_callback(&self, id: &CallbackId) -> Result<(), Failure> {
        self.wire.effect("forget_callback", self.port.forget_callback(id)).await
    }

    async fn callback_backlog(&self) -> Result<u64, Failure> {
        self.wire.look("callback_backlog", self.port.callback_backlog()).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.wire.look("ping", self.port.ping()).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Archives for Wired<P> {
    async fn keep(&self, lease: &Lease, id: &RequestId, name: &str) -> Result<String, Failure> {
        self.wire.effect("keep", self.port.keep(lease, id, name)).await
    }

    async fn expired(&self, limit: u32) -> Result<Vec<Kept>, Failure> {
        self.wire.look("expired", self.port.expired(limit)).await
    }

    async fn kept(&self, id: &RequestId) -> Result<Option<Kept>, Failure> {
        self.wire.look("kept", self.port.kept(id)).await
    }

    async fn removed(&self, lease: &Lease, id: &RequestId) -> Result<(), Failure> {
        self.wire.effect("removed", self.port.removed(lease, id)).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Tasks for Wired<P> {
    async fn note_obstacle(
        &self,
        lease: &Lease,
        id: &RequestId,
        obstacle: &Obstacle,
    ) -> Result<(), Failure> {
        self.wire.effect("note_obstacle", self.port.note_obstacle(lease, id, obstacle)).await
    }

    async fn obstacle(&self, id: &RequestId) -> Result<Option<Obstacle>, Failure> {
        self.wire.look("obstacle", self.port.obstacle(id)).await
    }

    async fn obstacles(&self, limit: u32) -> Result<Vec<(RequestId, Obstacle)>, Failure> {
        self.wire.look("obstacles", self.port.obstacles(limit)).await
    }

    async fn now(&self) -> Result<Timestamp, Failure> {
        self.wire.look("now", self.port.now()).await
    }

    async fn claim(&self, work: &str, for_ms: u64) -> Result<Option<Lease>, Failure> {
        self.wire.effect("claim", self.port.claim(work, for_ms)).await
    }

    async fn renew(&self, lease: &Lease, for_ms: u64) -> Result<bool, Failure> {
        // As often as time passes: it is not counted.
        self.wire.look("renew", self.port.renew(lease, for_ms)).await
    }

    async fn let_go(&self, lease: &Lease, end: End) -> Result<(), Failure> {
        self.wire.effect("let_go", self.port.let_go(lease, end)).await
    }

    async fn agrees_on_key(&self, digest: &str) -> Result<bool, Failure> {
        self.wire.effect("agrees_on_key", self.port.agrees_on_key(digest)).await
    }

    async fn free_all(&self) -> Result<(), Failure> {
        self.wire.effect("free_all", self.port.free_all()).await
    }

    async fn free(
        &self,
        states: &[State],
        pressed: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure> {
        self.wire.look("free", self.port.free(states, pressed, limit)).await
    }

    async fn begin_act(
        &self,
        lease: &Lease,
        id: &RequestId,
        pressed: Timestamp,
    ) -> Result<bool, Failure> {
        self.wire.effect("begin_act", self.port.begin_act(lease, id, pressed)).await
    }

    async fn ready(&self, pressed: Timestamp, limit: u32) -> Result<Vec<Standing>, Failure> {
        self.wire.look("ready", self.port.ready(pressed, limit)).await
    }

    async fn in_the_way(&self, id: &RequestId) -> Result<Vec<RequestId>, Failure> {
        self.wire.look("in_the_way", self.port.in_the_way(id)).await
    }

    async fn sweep(&self, purpose: Purpose) -> Result<Option<Sweep>, Failure> {
        self.wire.look("sweep", self.port.sweep(purpose)).await
    }

    async fn open_sweep(
        &self,
        lease: &Lease,
        purpose: Purpose,
        requests: &[RequestId],
        sources: &[String],
        parts: u64,
    ) -> Result<(), Failure> {
        let opening = self.port.open_sweep(lease, purpose, requests, sources, parts);
        self.wire.effect("open_sweep", opening).await
    }

    async fn swept(&self, sweep: u64) -> Result<Vec<Standing>, Failure> {
        self.wire.look("swept", self.port.swept(sweep)).await
    }

    async fn unswept(&self, purpose: Purpose, limit: u32) -> Result<Vec<Standing>, Failure> {
        self.wire.look("unswept", self.port.unswept(purpose, limit)).await
    }

    async fn walked(&self, limit: u32) -> Result<Vec<Standing>, Failure> {
        self.wire.look("walked", self.port.walked(limit)).await
    }

    async fn sweep_of(&self, id: &RequestId) -> Result<Option<Sweep>, Failure> {
        self.wire.look("sweep_of", self.port.sweep_of(id)).await
    }

    async fn leave_sweep(&self, lease: &Lease, id: &RequestId) -> Result<(), Failure> {
        self.wire.effect("leave_sweep", self.port.leave_sweep(lease, id)).await
    }

    async fn finish_shard(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure> {
        self.wire.effect("finish_shard", self.port.finish_shard(lease, shard)).await
    }

    async fn close_sweep(&self, lease: &Lease, sweep: u64) -> Result<(), Failure> {
        self.wire.effect("close_sweep", self.port.close_sweep(lease, sweep)).await
    }
}

fn held(bytes: ByteStream, wire: &Arc<Tripwire>) -> ByteStream {
    let busy = wire.busy();
    bytes
        .map(move |chunk| {
            let _ = &busy;
            chunk
        })
        .boxed()
}

#[async_trait]
impl<P: Ledger + ?Sized> Tickets for Wired<P> {
    async fn add_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        tickets: &[NewTicket],
    ) -> Result<(), Failure> {
        self.wire.effect("add_tickets", self.port.add_tickets(lease, id, tickets)).await
    }

    async fn due_tickets(
        &self,
        id: &RequestId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<SealedTicket>, Failure> {
        self.wire.look("due_tickets", self.port.due_tickets(id, after, limit)).await
    }

    async fn open_tickets(&self, id: &RequestId) -> Result<OpenTickets, Failure> {
        self.wire.look("open_tickets", self.port.open_tickets(id)).await
    }

    async fn put_off_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        later: &[(u64, u64)],
    ) -> Result<(), Failure> {
        self.wire.effect("put_off_tickets", self.port.put_off_tickets(lease, id, later)).await
    }

    async fn end_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[(u64, Option<ItemOutcome>)],
    ) -> Result<(), Failure> {
        self.wire.effect("end_tickets", self.port.end_tickets(lease, id, ends)).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Tombstones for Wired<P> {
    async fn bury(
        &self,
        lease: &Lease,
        id: &RequestId,
        tombstone: &Tombstone,
    ) -> Result<(), Failure> {
        self.wire.effect("bury", self.port.bury(lease, id, tombstone)).await
    }

    async fn buried(&self) -> Result<Vec<Buried>, Failure> {
        self.wire.look("buried", self.port.buried()).await
    }

    async fn note_returned(&self, lease: &Lease, items: &[ReturnedItem]) -> Result<(), Failure> {
        self.wire.effect("note_returned", self.port.note_returned(lease, items)).await
    }

    async fn returned(&self) -> Result<Vec<(RequestId, Regained)>, Failure> {
        self.wire.look("returned", self.port.returned()).await
    }

    async fn forget_buried(&self, lease: &Lease) -> Result<(), Failure> {
        self.wire.effect("forget_buried", self.port.forget_buried(lease)).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Retention for Wired<P> {
    async fn has_details(&self, kept_ms: u64) -> Result<bool, Failure> {
        self.wire.look("has_details", self.port.has_details(kept_ms)).await
    }

    async fn forget_details(&self, lease: &Lease, kept_ms: u64) -> Result<(), Failure> {
        self.wire.effect("forget_details", self.port.forget_details(lease, kept_ms)).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> FollowUps for Wired<P> {
    async fn keep_left(
        &self,
        lease: &Lease,
        id: &RequestId,
        part: &FollowUp,
        kept_ms: u64,
    ) -> Result<(), Failure> {
        self.wire.effect("keep_left", self.port.keep_left(lease, id, part, kept_ms)).await
    }

    async fn left(
        &self,
        id: &RequestId,
        part: u64,
        now: Timestamp,
    ) -> Result<Option<FollowUp>, Failure> {
        self.wire.look("left", self.port.left(id, part, now)).await
    }

    async fn left_counts(&self, now: Timestamp) -> Result<Vec<(RequestId, u64)>, Failure> {
        self.wire.look("left_counts", self.port.left_counts(now)).await
    }

    async fn forget_left(&self) -> Result<u64, Failure> {
        // Asked all the time, and hardly ever of consequence.
        self.wire.look("forget_left", self.port.forget_left()).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Inventories for Wired<P> {
    async fn keep_seen(&self, lease: &Lease, shard: &Shard, seen: &[Print]) -> Result<(), Failure> {
        self.wire.effect("keep_seen", self.port.keep_seen(lease, shard, seen)).await
    }

    async fn note_checkpoint(
        &self,
        lease: &Lease,
        shard: &Shard,
        checkpoint: &Checkpoint,
        seen: &[Print],
    ) -> Result<(), Failure> {
        let noted = self.port.note_checkpoint(lease, shard, checkpoint, seen);
        self.wire.effect("note_checkpoint", noted).await
    }

    async fn checkpoint(&self, shard: &Shard) -> Result<Option<Noted>, Failure> {
        self.wire.look("checkpoint", self.port.checkpoint(shard)).await
    }

    async fn forget_checkpoint(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure> {
        self.wire.effect("forget_checkpoint", self.port.forget_checkpoint(lease, shard)).await
    }

    async fn seen(&self, sweep: u64, source: &str) -> Result<Vec<Print>, Failure> {
        self.wire.look("seen", self.port.seen(sweep, source)).await
    }

    async fn found_by(&self, id: &RequestId) -> Result<Option<u64>, Failure> {
        self.wire.look("found_by", self.port.found_by(id)).await
    }
}
