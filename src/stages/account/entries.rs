//! The plan of a request as the stages use it: item by item, sealed on its way into the ledger and
//! unsealed on its way out, and no further than somebody wants to know.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::stream::{self, Stream, TryStreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::evidence::seal::Purpose;
use crate::ports::kept::purges::NewMember;
use crate::ports::kept::tickets::{NewTicket, SealedTicket};
use crate::ports::ledger::{Cleared, ItemEnd, SealedItem};
use crate::ports::sources::Ticket;
use crate::ports::standing::Standing;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;

/// Planned items read from the ledger at a time.
const PAGE: u32 = 1000;

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

impl Account {
    /// Adds planned items under consecutive ordinals, sealed; `false` if the request has moved on
    /// and takes none.
    pub async fn add_items(
        &self,
        case: &Case,
        first: u64,
        planned: &[Planned],
    ) -> Result<bool, Failure> {
        self.add(case, first, planned, |_| None).await
    }

    /// The same; those that need no act have their outcome at once.
    pub async fn add_settled(
        &self,
        case: &Case,
        first: u64,
        planned: &[Planned],
    ) -> Result<bool, Failure> {
        self.add(case, first, planned, Planned::settled).await
    }

    async fn add(
        &self,
        case: &Case,
        first: u64,
        planned: &[Planned],
        settled: fn(&Planned) -> Option<ItemOutcome>,
    ) -> Result<bool, Failure> {
        let lines = (first..).zip(planned);
        let items = lines.map(|(ordinal, it)| self.sealed_item(case, ordinal, it, settled(it)));
        let items: Vec<SealedItem> = items.collect();
        let Standing { id, sequence, .. } = &case.standing;
        self.ledger.add_items(&case.lease, id, *sequence, &items).await
    }

    /// Puts other plans in the place of those under these ordinals that have no outcome, with the
    /// outcome that is told of each; `false` as above.
    pub async fn amend_items(
        &self,
        case: &Case,
        amended: &[(u64, Planned)],
        settled: fn(&Planned) -> Option<ItemOutcome>,
    ) -> Result<bool, Failure> {
        let items = amended.iter();
        let items = items.map(|(ordinal, it)| self.sealed_item(case, *ordinal, it, settled(it)));
        let items: Vec<SealedItem> = items.collect();
        let Standing { id, sequence, .. } = &case.standing;
        self.ledger.amend_items(&case.lease, id, *sequence, &items).await
    }

    fn sealed_item(
        &self,
        case: &Case,
        ordinal: u64,
        planned: &Planned,
        outcome: Option<ItemOutcome>,
    ) -> SealedItem {
        SealedItem {
            ordinal,
            action: planned.action.word(),
            sealed: case.key.seal(Purpose::Item(ordinal), self.keys.random(), &encode(planned)),
            begun: false,
            outcome,
            rewritten: None,
        }
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

    /// Records what became of items, some of which were rewritten; see [`Keys::hashes`].
    pub async fn record_ends(&self, case: &Case, ends: &[ItemEnd]) -> Result<(), Failure> {
        if ends.is_empty() {
            return Ok(());
        }
        self.ledger.record_outcomes(&case.lease, &case.request.id, ends).await?;
        case.recorded.fetch_add(ends.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that services have begun to remove items.
    pub async fn add_tickets(&self, case: &Case, tickets: &[(u64, Ticket)]) -> Result<(), Failure> {
        let seal = |(ordinal, Ticket { handle, look_in_ms }): &(u64, Ticket)| NewTicket {
            ordinal: *ordinal,
            sealed: self.seal_ticket(case, *ordinal, handle),
            look_in_ms: *look_in_ms,
        };
        let tickets: Vec<NewTicket> = tickets.iter().map(seal).collect();
        self.ledger.add_tickets(&case.lease, &case.request.id, &tickets).await
    }

    /// Makes items members of what is removed together at their places.
    pub async fn enrol(&self, case: &Case, rows: &[Entry]) -> Result<(), Failure> {
        let member = |entry: &Entry| {
            let Item { source, name, .. } = &entry.planned.finding.item;
            NewMember {
                ordinal: entry.ordinal,
                source: source.clone(),
                place: self.keys.digest(format!("purge {source} {name}").as_bytes()),
                purge: hex::encode(self.keys.random::<16>()),
            }
        };
        let members: Vec<NewMember> = rows.iter().map(member).collect();
        self.ledger.enrol(&case.lease, &case.request.id, &members).await
    }

    /// What a service knows its work by, sealed.
    pub fn seal_ticket(&self, case: &Case, ordinal: u64, handle: &str) -> Vec<u8> {
        case.key.seal(Purpose::Ticket(ordinal), self.keys.random(), handle.as_bytes())
    }

    /// The same, unsealed.
    pub fn open_ticket(&self, case: &Case, ticket: &SealedTicket) -> Result<String, Failure> {
        let doing = "unsealing a ticket";
        let handle = case.key.open(Purpose::Ticket(ticket.ordinal), &ticket.sealed);
        let handle = handle.map_err(|error| Failure::permanent(doing).because(error))?;
        String::from_utf8(handle.to_vec())
            .map_err(|error| Failure::permanent(doing).because(error.utf8_error()))
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
        items.into_iter().map(|item| unsealed(case, item)).collect()
    }

    /// The whole plan, page by page.
    pub fn entries<'a>(
        &'a self,
        case: &'a Case,
    ) -> impl Stream<Item = Result<Entry, Failure>> + 'a {
        self.entries_if(case, |_| true)
    }

    /// Those of the plan, page by page, that are wanted by what stands outside their seals: it is
    /// unsealed no further than somebody wants to know.
    pub fn entries_if<'a>(
        &'a self,
        case: &'a Case,
        is_wanted: impl Fn(&SealedItem) -> bool + Copy + 'a,
    ) -> impl Stream<Item = Result<Entry, Failure>> + 'a {
        let wanted =
            move |item: SealedItem| futures::future::ready(Ok(is_wanted(&item).then_some(item)));
        self.sealed_items(case)
            .try_filter_map(wanted)
            .and_then(|item| futures::future::ready(unsealed(case, item)))
    }

    /// The whole plan, sealed as it is, page by page.
    pub fn sealed_items<'a>(
        &'a self,
        case: &'a Case,
    ) -> impl Stream<Item = Result<SealedItem, Failure>> + 'a {
        stream::try_unfold(Some(None), move |after| async move {
            let Some(after) = after else { return Ok(None) };
            let page = self.ledger.items(&case.request.id, after, false, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            let next = page.last().filter(|_| !is_last).map(|last| Some(last.ordinal));
            Ok::<_, Failure>(Some((stream::iter(page.into_iter().map(Ok)), next)))
        })
        .try_flatten()
    }
}

fn unsealed(case: &Case, item: SealedItem) -> Result<Entry, Failure> {
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
}

fn encode(planned: &Planned) -> Bytes {
    serde_json::to_vec(planned).expect("a planned item has text keys only").into()
}
