//! Asks services how far they have come with work that they finish by themselves, and brings the
//! request on once nothing is under way any more.

use std::pin::pin;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::domain::item::Kind;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::request::RequestId;
use crate::domain::state::Event;
use crate::ports::kept::purges::{Purge, Stage};
use crate::ports::kept::tickets::{OpenTickets, PutOff, SealedTicket};
use crate::ports::ledger::SealedItem;
use crate::ports::sources::{Finds, Followed, Source};
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::history::rounds;
use crate::stages::account::records::Account;
use crate::stages::act::calls::{digest, work};
use crate::stages::act::target::source_of;
use crate::stages::walk::ask::{Values, values};
use crate::stages::walk::pass::Walk;

/// Tickets looked after at a time.
const BATCH: u32 = 128;

/// A ticket is not asked about more often than this, whatever its service says.
const LOOK_IN_MS_MIN: u64 = 1_000;

/// What tickets are followed with.
pub struct Following<'a> {
    /// Which know the tickets.
    pub sources: &'a [Arc<dyn Source>],
    /// How many are asked at the same time.
    pub concurrency: usize,
    /// How long a service may take.
    pub ticket_age_max: SignedDuration,
    /// How often a request goes back to acting.
    pub rounds_max: u32,
    /// Whom the request is about.
    pub walk: &'a Walk,
}

/// Looks after all tickets of a request that are due. Gives in how many milliseconds the next is;
/// `None` if the request has moved on.
///
/// # Errors
/// What could not be learned of some tickets, once all others were looked after.
pub async fn follow(
    account: &Account,
    case: &Case,
    with: &Following<'_>,
) -> Result<Option<u64>, Failure> {
    let (id, lease) = (&case.request.id, &case.lease);
    let goes_back = rounds(account.past(case).await?) < with.rounds_max;
    let now = account.ledger.now().await?;
    let (mut after, mut failed) = (None, None);
    loop {
        let due = account.ledger.due_tickets(id, after, BATCH).await?;
        let Some(last) = due.last() else { break };
        after = Some(last.ordinal);
        let mut looks =
            stream::iter(due)
                .map(|ticket| async move {
                    (ticket.ordinal, look(account, case, with, &ticket, now).await)
                })
                .buffer_unordered(with.concurrency);
        let (mut ends, mut later) = (Vec::new(), Vec::new());
        while let Some((ordinal, look)) = looks.next().await {
            match look {
                Ok(Look::Ended(outcome)) => ends.push((ordinal, Some(outcome))),
                Ok(Look::Open(_)) if goes_back => ends.push((ordinal, None)),
                Ok(Look::Open(why)) => ends.push((ordinal, Some(ItemOutcome::Failed(why.into())))),
                Ok(Look::Later(ms, handle)) => later.push(PutOff {
                    ordinal,
                    look_in_ms: ms.max(LOOK_IN_MS_MIN),
                    sealed: handle.map(|handle| account.seal_ticket(case, ordinal, &handle)),
                }),
                Err(failure) => failed = Some(failure),
            }
        }
        account.ledger.end_tickets(lease, id, &ends).await?;
        account.ledger.put_off_tickets(lease, id, &later).await?;
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    let OpenTickets { count, next_in_ms } = account.ledger.open_tickets(id).await?;
    if count > 0 {
        if is_awaited(account, case).await? {
            return Ok(Some(next_in_ms));
        }
        account.advance(case, Event::ActStarted).await?;
        return Ok(None);
    }
    account.advance(case, next(account, id).await?).await?;
    Ok(None)
}

/// Whether what is still under way has to end before the request goes on: nothing else is to be
/// done, or it comes after that. Rows are purged for weeks, and no thing waits for them.
async fn is_awaited(account: &Account, case: &Case) -> Result<bool, Failure> {
    if case.request.thing().is_some() || !has_unbegun(account, &case.request.id).await? {
        return Ok(true);
    }
    let is_pending = |item: &SealedItem| matches!(item.outcome, Some(ItemOutcome::Pending));
    let mut pending = pin!(account.entries_if(case, is_pending));
    while let Some(entry) = pending.next().await {
        if entry?.planned.finding.item.kind == Kind::Thing {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether anything of the plan was put off until something else had ended.
async fn has_unbegun(account: &Account, id: &RequestId) -> Result<bool, Failure> {
    let mut after = None;
    loop {
        let open = account.ledger.items(id, after, true, BATCH).await?;
        let Some(last) = open.last() else { return Ok(false) };
        after = Some(last.ordinal);
        if open.iter().any(|item| !item.begun) {
            return Ok(true);
        }
    }
}

/// How a request goes on of which nothing is under way any more: what services did not do is begun
/// anew, and what waited for them is begun.
async fn next(account: &Account, id: &RequestId) -> Result<Event, Failure> {
    let (mut items, mut after, mut any_begun) = (0, None, false);
    loop {
        let open = account.ledger.items(id, after, true, BATCH).await?;
        let Some(last) = open.last() else { break };
        after = Some(last.ordinal);
        items += open.len() as u64;
        any_begun |= open.iter().any(|item| item.begun);
    }
    Ok(match items {
        0 => Event::Acted { archive: None },
        _ if any_begun => Event::LeftOver { items },
        _ => Event::ActStarted,
    })
}

/// What is known of a ticket now.
enum Look {
    /// This became of the item.
    Ended(ItemOutcome),
    /// Nothing is under way any more, and the item stands: it is to be acted on again. Why.
    Open(&'static str),
    /// It is to be looked after again, in so many milliseconds, and under another handle if there
    /// is one.
    Later(u64, Option<String>),
}

/// Whether a service that knows nothing of its work any more has left it undone.
async fn is_undone(source: &dyn Source, planned: &Planned, with: &Walk) -> Result<bool, Failure> {
    let item = &planned.finding.item;
    match (&planned.action, source.things(), source.finds()) {
        (Action::PutAside(aside), Some(things), _) => Ok(!things.is_aside(item, *aside).await?),
        (_, _, Finds::Walk(walked)) => {
            let left = walked.remains(&item.name).await?;
            Ok(left.iter().any(|form| form.version == item.version))
        }
        (_, _, Finds::Ask(asked)) => {
            let Values { values, unread, .. } = values(asked, item, &with.asking()).await?;
            Ok(!(values.is_empty() && unread.is_empty()))
        }
    }
}

/// What work that a service has done came to.
fn done(action: &Action) -> ItemOutcome {
    match action {
        Action::PutAside(aside) => (*aside).into(),
        Action::Export
        | Action::Delete
        | Action::Along
        | Action::Redact(_)
        | Action::Keep(_)
        | Action::List(_)
        | Action::Declare { .. } => ItemOutcome::Erased,
    }
}

async fn look(
    account: &Account,
    case: &Case,
    with: &Following<'_>,
    ticket: &SealedTicket,
    now: Timestamp,
) -> Result<Look, Failure> {
    let Some(entry) = account.items(case, ticket.ordinal.checked_sub(1), false, 1).await?.pop()
    else {
        return Err(Failure::permanent("looking after a ticket of an item that is not planned"));
    };
    let item = &entry.planned.finding.item;
    let Some(source) = source_of(with.sources, &entry) else {
        let why = "the source is not configured any more";
        return Ok(Look::Ended(ItemOutcome::Failed(why.into())));
    };
    let failed = |why: String| Look::Ended(ItemOutcome::Failed(why));
    if let Some(purge) = &ticket.purge {
        let member = Member { ticket, entry: &entry, source, now };
        return member.look(account, with, account.ledger.purge(purge).await?).await;
    }
    let handle = account.open_ticket(case, ticket)?;
    Ok(match source.follow(item, &handle).await? {
        Followed::Done => Look::Ended(done(&entry.planned.action)),
        Followed::Failed(why) => failed(format!("service: {why}")),
        Followed::Blocked(barrier) => Look::Ended(ItemOutcome::Blocked(barrier)),
        // One that was forgotten may have been finished before.
        Followed::Unknown => match is_undone(source, &entry.planned, with.walk).await? {
            true => Look::Open("service: it knows nothing of the work any more"),
            false => Look::Ended(done(&entry.planned.action)),
        },
        Followed::Running { state, .. }
            if now.duration_since(ticket.begun) > with.ticket_age_max =>
        {
            failed(unfinished(with, state))
        }
        Followed::Running { look_in_ms, handle, .. } => Look::Later(look_in_ms, handle),
    })
}

/// That a service took too long, and where its work stood.
fn unfinished(with: &Following<'_>, state: Option<String>) -> String {
    let days = with.ticket_age_max.as_hours() / 24;
    let state = state.map(|state| format!(": {state}")).unwrap_or_default();
    format!("service: it has not finished the work in {days} days{state}")
}

/// How long rows may show after their removal was begun, whatever the service says: Azure gives
/// itself so long.
const ROWS_SHOW_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long rows that the service was not called for wait for those that it was: each time that it
/// is called anew is a round.
const UNASKED_TIME_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How long is waited, once the service is done, for an answer about rows that nobody gives.
const UNREAD_TIME_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Why rows are there that the service was not called for.
const CAME_LATER: &str = "source: rows are there that were not there, or not seen, at the removal";

const HOUR_MS: u64 = 3_600_000;

/// An item that waits for a purge.
struct Member<'a> {
    ticket: &'a SealedTicket,
    entry: &'a Entry,
    source: &'a dyn Source,
    now: Timestamp,
}

impl Member<'_> {
    /// What is known of it now. That the service says it is done proves nothing: the rows do.
    async fn look(
        &self,
        account: &Account,
        with: &Following<'_>,
        purge: Option<Purge>,
    ) -> Result<Look, Failure> {
        let age = self.now.duration_since(self.ticket.begun);
        let failed = |why: String| Ok(Look::Ended(ItemOutcome::Failed(why)));
        // Nobody forgets one that somebody waits for.
        let Some(purge) = purge else { return Ok(Look::Open("the purge is not known any more")) };
        match purge.stage.clone() {
            Stage::Gathering | Stage::Begun if age > with.ticket_age_max => {
                return failed(unfinished(with, purge.delay));
            }
            Stage::Gathering | Stage::Begun => {
                return Ok(Look::Later(growing(age, LOOK_IN_MS_MIN, HOUR_MS), None));
            }
            Stage::Blocked(barrier) => return Ok(Look::Ended(ItemOutcome::Blocked(barrier))),
            Stage::Failed(why) => {
                // It may have been given up once all was done.
                return match self.rows(account, with, &purge).await? {
                    Rows::Gone => Ok(Look::Ended(done(&self.entry.planned.action))),
                    _ => failed(format!("service: {why}")),
                };
            }
            Stage::Done => {}
        }
        let rows = self.rows(account, with, &purge).await?;
        // By the ledger's own clock, after the look: the rows showed until now.
        let now = account.ledger.now().await?;
        let begun = now.duration_since(purge.begun.unwrap_or(purge.opened));
        let mut left = (ROWS_SHOW_MAX - begun).min(with.ticket_age_max - age);
        match rows {
            Rows::Gone => return Ok(Look::Ended(done(&self.entry.planned.action))),
            Rows::Refused(why) => return failed(format!("service: {why}")),
            Rows::Newer => return Ok(Look::Open(CAME_LATER)),
            // What still goes is waited for a while; the rest not for all of that.
            Rows::Remain { any_unasked: true } if begun > UNASKED_TIME_MAX => {
                return Ok(Look::Open(CAME_LATER));
            }
            Rows::Remain { .. } => {}
            Rows::Unread { is_called, why } => {
                left = left.min(UNREAD_TIME_MAX - now.duration_since(purge.noted));
                if !left.is_positive() {
                    // What cannot be looked at is listed by who verifies.
                    return match is_called {
                        true => Ok(Look::Ended(done(&self.entry.planned.action))),
                        false => failed(format!("source: its rows cannot be asked for: {why}")),
                    };
                }
            }
        }
        if !left.is_positive() {
            return Ok(Look::Open("service: it says that the rows are gone, and they are there"));
        }
        let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let pause_ms = growing(now.duration_since(purge.noted), HOUR_MS, 24 * HOUR_MS);
        Ok(Look::Later(pause_ms.min(left_ms), None))
    }

    /// What is there of the person's rows, by what the service was called with, and when.
    async fn rows(
        &self,
        account: &Account,
        with: &Following<'_>,
        purge: &Purge,
    ) -> Result<Rows, Failure> {
        let Finds::Ask(asked) = self.source.finds() else { return Ok(Rows::Gone) };
        let item = &self.entry.planned.finding.item;
        let Values { first, unread, .. } = values(asked, item, &with.walk.asking()).await?;
        let work = work(account, purge)?;
        if first.is_empty() {
            let why = unread.into_iter().next();
            let is_called = work.has_handed_any();
            return Ok(why.map_or(Rows::Gone, |why| Rows::Unread { is_called, why }));
        }
        let (mut any_remains, mut any_unasked) = (false, false);
        for (value, first) in first {
            let digest = digest(account, &value);
            if let Some(why) = work.refusal(&digest) {
                return Ok(Rows::Refused(why.to_owned()));
            }
            // Of a moment that nobody tells it is not known that it came later.
            let came_later = first.zip(purge.begun).is_some_and(|(first, begun)| first > begun);
            match work.has_handed(&digest) && !came_later {
                true => any_remains = true,
                false => any_unasked = true,
            }
        }
        Ok(if any_remains { Rows::Remain { any_unasked } } else { Rows::Newer })
    }
}

/// What is there of a person's rows once a service says that it is done.
enum Rows {
    /// Nothing.
    Gone,
    /// Nothing that it was called for: they came after the call, or were not seen before it.
    Newer,
    /// Some that it was called for.
    Remain {
        /// Whether there are others too.
        any_unasked: bool,
    },
    /// Some that it does not remove; why.
    Refused(String),
    /// Nobody can tell.
    Unread {
        /// Whether it was called for any at all.
        is_called: bool,
        /// Why.
        why: String,
    },
}

/// A pause that grows with what was waited: a quarter of it.
fn growing(waited: SignedDuration, ms_min: u64, ms_max: u64) -> u64 {
    let quarter = u64::try_from(waited.as_millis() / 4).unwrap_or_default();
    quarter.clamp(ms_min, ms_max)
}
