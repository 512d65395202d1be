//! Every port, behind the tripwire.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use dsrd::adapters::memory::callbacks::MemoryCallbacks;
use dsrd::adapters::memory::inbox::MemoryInbox;
use dsrd::domain::asked::subject::Subject;
use dsrd::domain::asked::thing::{Aside, Thing, ThingKind};
use dsrd::domain::callbacks::url::CallbackUrl;
use dsrd::domain::coverage::place::Known;
use dsrd::domain::dependents::dependent::Dependents;
use dsrd::domain::event::Announcement;
use dsrd::domain::failure::{Failure, Obstacle};
use dsrd::domain::homes::claim::Claim;
use dsrd::domain::inventory::Print;
use dsrd::domain::item::Item;
use dsrd::domain::layout::{Containers, Location};
use dsrd::domain::outcome::{ItemOutcome, Tally};
use dsrd::domain::request::RequestId;
use dsrd::domain::state::{Regained, State};
use dsrd::ports::exports::{Exports, SignedLink, Stored, Upload};
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
use dsrd::ports::messages::callbacks::{Answer, Callbacks, Letter};
use dsrd::ports::messages::inbox::{Delivery, Inbox, Settlement};
use dsrd::ports::register::{AnsweredRequest, Listed, Order, Pulse, Register, Sought};
use dsrd::ports::sources::{
    Answers, Asked, Belonging, Budget, ByteStream, Directory, Erased, Finds, Followed, Ground,
    Lack, NewForm, Page, Read, Rewritten, Source, Things, Walked,
};
use dsrd::ports::standing::{Progress, Standing};
use dsrd::ports::tasks::{End, Lease, Purpose, Shard, Sweep, Tasks};
use dsrd::ports::tenant_logs::{Asked as Copying, TenantLogs};
use futures::StreamExt;
use jiff::Timestamp;
use uuid::Uuid;

use crate::support::simulation::tripwire::{Point, ReadOfPlan, Tripwire};

/// A port and what stands before it.
pub struct Wired<P: ?Sized> {
    pub wire: Arc<Tripwire>,
    pub port: Arc<P>,
}

/// What a call does to the world outside, as the crash loops see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It changes something, and the world is stopped before and after it.
    Effect,
    /// It changes nothing.
    Look,
    /// It changes something of no consequence, as often as time passes: nothing is stopped at it.
    Unnoticed,
}

/// A port, its method, and what that does.
type Declared = (&'static str, &'static str, Kind);

/// Puts a port behind the tripwire, as it is seen: each method by what it does, or by hand where a
/// simulation has more to do. [`declared`] has them all.
macro_rules! wired {
    (
        $port:ident of $bound:ident as $seen:ident {
            $($kind:ident $name:ident($($arg:ident: $type:ty),* $(,)?) -> $ret:ty;)*
        }
        $(by hand [$($hand_kind:ident $hand:ident),*] { $($code:tt)* })?
    ) => {
        #[async_trait]
        impl<P: $bound + ?Sized> $port for Wired<P> {
            $(
                async fn $name(&self, $($arg: $type),*) -> Result<$ret, Failure> {
                    let port = $seen(&*self.port);
                    self.wire.$kind(stringify!($name), port.$name($($arg),*)).await
                }
            )*
            $($($code)*)?
        }

        impl Of<dyn $port> {
            const DECLARED: &'static [Declared] = &[
                $((stringify!($port), stringify!($name), kind!($kind)),)*
                $($((stringify!($port), stringify!($hand), kind!($hand_kind)),)*)?
            ];
        }
    };
}

macro_rules! kind {
    (effect) => {
        Kind::Effect
    };
    (look) => {
        Kind::Look
    };
    (unnoticed) => {
        Kind::Unnoticed
    };
}

fn itself<P: ?Sized>(port: &P) -> &P {
    port
}

/// Stands for a port.
struct Of<P: ?Sized>(std::marker::PhantomData<P>);

/// Every method of every port that is told of what a daemon does.
pub fn declared() -> Vec<Declared> {
    let by_hand = [
        ("Inbox", "receive", Kind::Look),
        ("Inbox", "settle", Kind::Effect),
        ("Inbox", "ping", Kind::Look),
        ("Callbacks", "post", Kind::Effect),
        ("Upload", "write", Kind::Effect),
        ("Upload", "finish", Kind::Effect),
        // Time is the simulation's own.
        ("Clock", "sleep_ms", Kind::Look),
        // Of the pages, which no loop looks at.
        ("HeldPlans", "tree", Kind::Look),
        ("HeldPlans", "describe", Kind::Look),
        ("Decisions", "admitted", Kind::Look),
        ("Decisions", "decide", Kind::Effect),
    ];
    let wired = [
        Of::<dyn Announcer>::DECLARED,
        Of::<dyn Source>::DECLARED,
        Of::<dyn Walked>::DECLARED,
        Of::<dyn Asked>::DECLARED,
        Of::<dyn Things>::DECLARED,
        Of::<dyn Directory>::DECLARED,
        Of::<dyn Exports>::DECLARED,
        Of::<dyn TenantLogs>::DECLARED,
        Of::<dyn Ledger>::DECLARED,
        Of::<dyn Archives>::DECLARED,
        Of::<dyn Tasks>::DECLARED,
        Of::<dyn Tickets>::DECLARED,
        Of::<dyn Budgets>::DECLARED,
        Of::<dyn Purges>::DECLARED,
        Of::<dyn Tombstones>::DECLARED,
        Of::<dyn Retention>::DECLARED,
        Of::<dyn FollowUps>::DECLARED,
        Of::<dyn Inventories>::DECLARED,
        Of::<dyn Catalogue>::DECLARED,
        Of::<dyn People>::DECLARED,
        Of::<dyn Register>::DECLARED,
        Of::<dyn Daemons>::DECLARED,
    ];
    by_hand.into_iter().chain(wired.concat()).collect()
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

wired! {
    Announcer of Announcer as itself {
        effect announce(announcement: &Announcement) -> Announced;
        look ping() -> ();
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

wired! {
    Source of Source as itself {
        // What the service does meanwhile is none of our effects.
        look follow(item: &Item, handle: &str) -> Followed;
        look unrecoverable_after(names: &[String], at: Timestamp) -> Option<Timestamp>;
        look ping() -> ();
        look ground() -> Option<Ground>;
        look lacks() -> Vec<Lack>;
        look places() -> Vec<Known>;
    }
    by hand [] {
        fn name(&self) -> &str {
            self.port.name()
        }

        fn place(&self) -> String {
            self.port.place()
        }

        fn finds(&self) -> Finds<'_> {
            match self.port.finds() {
                Finds::Walk(_) => Finds::Walk(self),
                Finds::Ask(_) => Finds::Ask(self),
            }
        }

        fn things(&self) -> Option<&dyn Things> {
            self.port.things().map(|_| self as _)
        }

        fn directory(&self) -> Option<&dyn Directory> {
            self.port.directory().map(|_| self as _)
        }
    }
}

fn directory(source: &(impl Source + ?Sized)) -> &dyn Directory {
    source.directory().expect("it knows people")
}

wired! {
    Directory of Source as directory {
        look claims(people: &[Subject]) -> Vec<Claim>;
    }
}

fn walked(source: &(impl Source + ?Sized)) -> &dyn Walked {
    source.finds().walked().expect("it is walked")
}

fn asked(source: &(impl Source + ?Sized)) -> &dyn Asked {
    match source.finds() {
        Finds::Ask(asked) => asked,
        Finds::Walk(_) => unreachable!("it is asked"),
    }
}

wired! {
    Walked of Source as walked {
        look containers() -> Containers;
        effect rewrite(item: &Item, form: NewForm) -> Rewritten;
        effect erase_replaced(item: &Item) -> Erased;
        look remains(name: &str) -> Vec<Item>;
    }
    by hand [look list, look list_from, look read, effect erase] {
        async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
            self.wire.pass(Point::List).await;
            self.wire.look("list", walked(&*self.port).list(prefix, marker)).await
        }

        async fn list_from(
            &self,
            first: &str,
            marker: Option<&str>,
        ) -> Result<Option<Page>, Failure> {
            self.wire.pass(Point::List).await;
            self.wire.look("list_from", walked(&*self.port).list_from(first, marker)).await
        }

        async fn read(&self, item: &Item) -> Result<Read, Failure> {
            let read = self.wire.look("read", walked(&*self.port).read(item)).await?;
            Ok(match read {
                // Whoever reads is busy until the bytes are let go.
                Read::Bytes(bytes) => Read::Bytes(held(bytes, &self.wire)),
                other => other,
            })
        }

        async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
            self.wire.pass(Point::Erase).await;
            self.wire.effect("erase", walked(&*self.port).erase(item)).await
        }
    }
}

fn things(source: &(impl Source + ?Sized)) -> &dyn Things {
    source.things().expect("it holds things")
}

wired! {
    Things of Source as things {
        look look_up(thing: &Thing, aside: Option<Aside>) -> Vec<Belonging>;
        look dependents(thing: &Thing) -> Dependents;
        look stands(item: &Item) -> bool;
        look recoverable_until(item: &Item, erased_at: Timestamp) -> Option<Timestamp>;
        look look_up_runs(ids: &[String]) -> Vec<Belonging>;
        look files(thing: &Thing) -> Vec<Location>;
        effect put_aside(item: &Item, how: Aside) -> Erased;
        look is_aside(item: &Item, how: Aside) -> bool;
    }
    by hand [] {
        fn kinds(&self) -> &[ThingKind] {
            things(&*self.port).kinds()
        }
    }
}

wired! {
    Asked of Source as asked {
        look ask(people: &[&Subject], within: Option<&Item>) -> Answers;
        look rows(item: &Item, values: &[String]) -> Read;
        look settled(item: &Item, values: &[String]) -> Option<Erased>;
        effect erase_rows(item: &Item, values: &[String]) -> Erased;
    }
    by hand [] {
        fn budget(&self, item: &Item) -> Option<Budget> {
            asked(&*self.port).budget(item)
        }

        fn values_max(&self) -> usize {
            asked(&*self.port).values_max()
        }

        fn values_bytes_max(&self) -> usize {
            asked(&*self.port).values_bytes_max()
        }
    }
}

wired! {
    Exports of Exports as itself {
        effect remove(name: &str) -> ();
        effect link(name: &str, now: Timestamp, until: Option<Timestamp>) -> Option<SignedLink>;
        look ping() -> ();
    }
    by hand [effect create, look open] {
        async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure> {
            let upload = self.wire.effect("create", self.port.create(name, attempt)).await?;
            Ok(Box::new(WiredUpload { wire: Arc::clone(&self.wire), upload }))
        }

        async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure> {
            let bytes = self.wire.look("open archive", self.port.open(name)).await?;
            Ok(bytes.map(|bytes| held(bytes, &self.wire)))
        }

        fn url(&self, name: &str) -> String {
            self.port.url(name)
        }
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

wired! {
    Ledger of Ledger as itself {
        look standing(id: &RequestId) -> Option<Standing>;
        look rejected_for(claimed: &RequestId) -> Option<RequestId>;
        look standings(states: &[State], limit: u32) -> Vec<Standing>;
        look page(after: Option<&RequestId>, limit: u32) -> Vec<Standing>;
        look recently_ended(limit: u32) -> Vec<Standing>;
        look census() -> Vec<(State, u64)>;
        look records(id: &RequestId) -> Vec<Record>;
        look sealed(id: &RequestId) -> Option<SealedRequest>;
        effect add_items(lease: &Lease, id: &RequestId, sequence: u64, items: &[SealedItem]) -> bool;
        effect amend_items(lease: &Lease, id: &RequestId, sequence: u64, items: &[SealedItem]) -> bool;
        effect clear_items(lease: &Lease, id: &RequestId, which: Cleared) -> ();
        effect begin_items(lease: &Lease, id: &RequestId, ordinals: &[u64]) -> ();
        look drafted(id: &RequestId) -> Vec<Drafted>;
        effect record_outcomes(lease: &Lease, id: &RequestId, ends: &[ItemEnd]) -> ();
        look tally(id: &RequestId) -> Tally;
        // No part of the account, and as often as time passes: it is not counted.
        unnoticed note_progress(ids: &[RequestId], progress: Progress) -> ();
        look unsent(limit: u32) -> Vec<Announcement>;
        effect mark_sent(ids: &[Uuid]) -> ();
        effect put_off(ids: &[Uuid], for_ms: u64) -> ();
        look backlog() -> u64;
        look owed(each_host: u32) -> Vec<Callback>;
        effect put_off_callback(id: &CallbackId, for_ms: u64) -> ();
        effect forget_callback(id: &CallbackId) -> ();
        look callback_backlog() -> u64;
        look ping() -> ();
    }
    by hand [effect open, effect append, look items] {
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
    }
}

wired! {
    TenantLogs of TenantLogs as itself {
        effect ask(id: &RequestId, object_id: &str, until: Timestamp) -> Copying;
        // What the service does meanwhile is none of our effects.
        look look(id: &RequestId, object_id: &str, handle: &str) -> Followed;
        effect remove(id: &RequestId) -> ();
        look ping() -> ();
    }
    by hand [] {
        fn at(&self, id: &RequestId) -> String {
            self.port.at(id)
        }

        fn until_at_most(&self, now: Timestamp) -> Option<Timestamp> {
            self.port.until_at_most(now)
        }
    }
}

wired! {
    Archives of Ledger as itself {
        effect keep(lease: &Lease, id: &RequestId, name: &str) -> String;
        look expired(limit: u32) -> Vec<KeptArchive>;
        look kept(id: &RequestId) -> Option<KeptArchive>;
        effect removed(lease: &Lease, id: &RequestId) -> ();
    }
}

wired! {
    Tasks of Ledger as itself {
        effect note_obstacle(lease: &Lease, id: &RequestId, obstacle: &Obstacle) -> ();
        look obstacle(id: &RequestId) -> Option<Obstacle>;
        look obstacles(limit: u32) -> Vec<(RequestId, Obstacle)>;
        look now() -> Timestamp;
        effect claim(work: &str, for_ms: u64) -> Option<Lease>;
        // As often as time passes: it is not counted.
        unnoticed renew(lease: &Lease, for_ms: u64) -> bool;
        effect let_go(lease: &Lease, end: End) -> ();
        effect agrees_on_key(digest: &str) -> bool;
        effect free_all() -> ();
        look free(states: &[State], pressed: Timestamp, limit: u32) -> Vec<Standing>;
        effect begin_act(lease: &Lease, id: &RequestId, pressed: Timestamp) -> bool;
        look about_things(pressed: Timestamp, limit: u32) -> Vec<Standing>;
        look ready(pressed: Timestamp, limit: u32) -> Vec<Standing>;
        look in_the_way(id: &RequestId) -> Vec<RequestId>;
        look sweep(purpose: Purpose) -> Option<Sweep>;
        effect open_sweep(lease: &Lease, purpose: Purpose, requests: &[RequestId], sources: &[String], parts: u64) -> ();
        look swept(sweep: u64) -> Vec<Standing>;
        look unswept(purpose: Purpose, limit: u32) -> Vec<Standing>;
        look walked(limit: u32) -> Vec<Standing>;
        look sweep_of(id: &RequestId) -> Option<Sweep>;
        effect leave_sweep(lease: &Lease, id: &RequestId) -> ();
        effect finish_shard(lease: &Lease, shard: &Shard) -> ();
        effect close_sweep(lease: &Lease, sweep: u64) -> ();
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

wired! {
    Tickets of Ledger as itself {
        effect add_tickets(lease: &Lease, id: &RequestId, tickets: &[NewTicket]) -> ();
        look due_tickets(id: &RequestId, after: Option<u64>, limit: u32) -> Vec<SealedTicket>;
        look all_tickets() -> (u64, Option<Timestamp>);
        look open_tickets(id: &RequestId) -> OpenTickets;
        effect put_off_tickets(lease: &Lease, id: &RequestId, later: &[PutOff]) -> ();
        effect end_tickets(lease: &Lease, id: &RequestId, ends: &[(u64, Option<ItemOutcome>)]) -> ();
    }
}

wired! {
    Budgets of Ledger as itself {
        effect spend(lease: &Lease, budget: &Budget) -> Option<u64>;
    }
}

wired! {
    Purges of Ledger as itself {
        effect enrol(lease: &Lease, id: &RequestId, members: &[NewMember]) -> ();
        look due_purges(when: Gathered, limit: u32) -> Vec<Purge>;
        look purge(id: &str) -> Option<Purge>;
        look members(id: &str) -> Vec<Member>;
        effect begin_purge(lease: &Lease, id: &str) -> ();
        effect note_purge(lease: &Lease, id: &str, stage: &Stage, sealed: Option<&[u8]>) -> ();
        effect note_delay(lease: &Lease, id: &str, why: &str) -> ();
        effect forget_purge(lease: &Lease, id: &str) -> ();
        look purges_of(id: &RequestId) -> Vec<Purge>;
    }
}

wired! {
    Tombstones of Ledger as itself {
        effect bury(lease: &Lease, id: &RequestId, tombstone: &Tombstone) -> ();
        look buried() -> Vec<Buried>;
        effect note_returned(lease: &Lease, items: &[ReturnedItem]) -> ();
        look returned() -> Vec<(RequestId, Regained)>;
        effect forget_buried(lease: &Lease) -> ();
    }
}

wired! {
    Retention of Ledger as itself {
        look has_details(kept_ms: u64) -> bool;
        effect forget_details(lease: &Lease, kept_ms: u64) -> ();
    }
}

wired! {
    FollowUps of Ledger as itself {
        effect keep_left(lease: &Lease, id: &RequestId, part: &FollowUp, kept_ms: u64) -> ();
        look left(id: &RequestId, part: u64, now: Timestamp) -> Option<FollowUp>;
        look left_counts(now: Timestamp) -> Vec<(RequestId, u64)>;
        // Asked all the time, and hardly ever of consequence.
        unnoticed forget_left() -> u64;
    }
}

wired! {
    Inventories of Ledger as itself {
        effect keep_seen(lease: &Lease, shard: &Shard, seen: &[Print]) -> ();
        effect note_checkpoint(lease: &Lease, shard: &Shard, checkpoint: &Checkpoint, seen: &[Print]) -> ();
        look checkpoint(shard: &Shard) -> Option<Noted>;
        effect forget_checkpoint(lease: &Lease, shard: &Shard) -> ();
        look ground(place: &str) -> Option<String>;
        effect note_ground(place: &str, id: &str) -> ();
        look seen(sweep: u64, source: &str) -> Vec<Print>;
        look found_by(id: &RequestId) -> Option<u64>;
    }
}

wired! {
    Register of Ledger as itself {
        look listed(
            sought: &Sought, order: Order, after: Option<&Listed>, limit: u32,
        ) -> Vec<Listed>;
        look answered(from: Timestamp, limit: u32) -> Vec<AnsweredRequest>;
        look unanswered(by: Timestamp, limit: u32) -> Vec<(RequestId, Timestamp)>;
        look count_unanswered(by: Timestamp) -> u64;
        look longest() -> Vec<(State, Timestamp)>;
        look pulse() -> Pulse;
    }
}

wired! {
    // Said all the time, of no request, and said again after the next start.
    Daemons of Ledger as itself {
        unnoticed note_daemon(id: &str, version: &str) -> ();
        unnoticed forget_daemon(id: &str) -> ();
        look daemons() -> Vec<SeenDaemon>;
    }
}

wired! {
    People of Ledger as itself {
        effect keep_people(lease: &Lease, shard: &Shard, people: &[SealedPerson]) -> ();
        look people(sweep: u64, after: &str, limit: u32) -> Vec<SealedPerson>;
    }
}

wired! {
    // What is lost of it is read again.
    Catalogue of Ledger as itself {
        look leaves(shelf: &Shelf, ids: &[u64]) -> Vec<Leaf>;
        unnoticed keep_leaves(lease: &Lease, shelf: &Shelf, leaves: &[Leaf]) -> ();
        unnoticed weed(lease: &Lease, shelf: &Shelf, ids: &BTreeSet<u64>) -> ();
        unnoticed forget_sources(
            lease: &Lease, others_than: &[String], before: Timestamp,
        ) -> Vec<String>;
        look catalogued() -> Vec<Catalogued>;
    }
}
