//! The tenant's logs of who asks for access: copied by a service, before the archive is written, so
//! that the archive can tell where they are.
//!
//! How far that is stands in one ticket of the request, beyond the ordinals of its plan. It goes
//! with the rest of the request. What a service does not do is told, and keeps nothing else from
//! being exported.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::coverage::covered::Covered;
use crate::domain::coverage::tenant_logs::{
    GRAPH, NO_OBJECT_ID, copied, not_copied, not_looked_at,
};
use crate::domain::failure::Failure;
use crate::domain::request::{Request, RequestKind};
use crate::domain::state::{Awaited, Event};
use crate::ports::kept::tickets::PutOff;
use crate::ports::sources::{Followed, Ticket};
use crate::ports::tenant_logs::{Asked, TenantLogs};
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::announce::object_ids;

/// The ordinal of the ticket: no plan is so long.
const ORDINAL: u64 = 1 << 62;

/// How often is asked where it is not known whether that began anything: each time may begin
/// another copy.
const ASKED_MAX: u32 = 3;

/// How long before its due time a request waits no longer: somebody has to hand over the archive.
const MARGIN: SignedDuration = SignedDuration::from_hours(48);

/// Time that is too short to ask for anything.
const TIME_MIN: SignedDuration = SignedDuration::from_hours(1);

/// Nothing is looked after more often than this, whatever the service says, nor less often.
const PAUSE_MS_MIN: u64 = 1_000;
const PAUSE_MS_MAX: u64 = 3_600_000;

/// A pause after an answer that was lost, which grows with their number; and after a look that
/// nobody answers.
const LOST_MS: u64 = 600_000;
const UNSEEN_MS: u64 = 60_000;

/// What is to be done before the archive is written.
pub enum Before {
    /// Nothing any more; what is told of the logs, where the find could not tell.
    Nothing(Option<Covered>),
    /// To wait for the service; so it is ledgered.
    Wait,
}

/// How far the copies of a request are. It is kept sealed: a handle may let in whoever has it.
#[derive(Serialize, Deserialize)]
struct Copies {
    /// Where they lie.
    at: String,
    /// When what is not there is given up.
    until: Timestamp,
    /// One for each object id, in their order.
    each: Vec<OneCopy>,
}

#[derive(Serialize, Deserialize)]
struct OneCopy {
    stage: Stage,
    /// It is not looked after before this.
    look_at: Timestamp,
}

/// How far one copy is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// It is to be asked for.
    ToAsk {
        /// How often it was, and nobody knows whether that began anything.
        asked: u32,
        /// What keeps it.
        why: String,
    },
    /// The service knows it by this.
    Begun {
        /// See [`Ticket::handle`].
        handle: String,
    },
    /// It lies there.
    Done,
    /// There is none, or not all of it; why.
    Not(String),
}

/// Sees to the logs before the archive of that name is written.
///
/// # Errors
/// A failure of the ledger.
pub async fn begin(
    account: &Account,
    logs: Option<&dyn TenantLogs>,
    case: &Case,
    archive: &str,
    age_max: SignedDuration,
) -> Result<Before, Failure> {
    let (id, lease) = (&case.request.id, &case.lease);
    let is_begun = account.ledger.open_tickets(id).await?.count > 0;
    // What was copied before the request was stopped goes with what there was of an archive.
    if is_begun && account.ledger.kept(id).await?.is_none_or(|it| it.until.is_some()) {
        account.ledger.end_tickets(lease, id, &[(ORDINAL, None)]).await?;
    } else if is_begun {
        return match kept(account, case).await? {
            Some(copies) if copies.is_over() => Ok(Before::Nothing(Some(copies.line()))),
            Some(copies) => wait(account, case, &copies).await,
            // It is due in a moment.
            None => Err(Failure::transient("finding how far the copies of a tenant's logs are")),
        };
    }
    let Some(logs) = logs.filter(|_| is_asked(&case.request)) else {
        return Ok(Before::Nothing(None));
    };
    let persons = persons(&case.request);
    if persons.is_empty() {
        return Ok(Before::Nothing(Some(not_looked_at(NO_OBJECT_ID))));
    }
    let now = account.ledger.now().await?;
    let due = case.standing.due.and_then(|due| due.checked_sub(MARGIN).ok());
    let latest = [now.checked_add(age_max).ok(), logs.until_at_most(now), due];
    let until = latest.into_iter().flatten().min().unwrap_or(now);
    if until.duration_since(now) < TIME_MIN {
        return Ok(Before::Nothing(Some(not_copied(None, "no_time_left"))));
    }
    // Known before anything lies there: what nobody fetches is removed with the archive.
    account.ledger.keep(lease, id, archive).await?;
    let first = |_| OneCopy { stage: Stage::ToAsk { asked: 0, why: String::new() }, look_at: now };
    let each = persons.iter().map(first).collect();
    let copies = Copies { at: logs.at(id), until, each };
    let ticket = Ticket { handle: copies.written(), look_in_ms: 0 };
    account.add_tickets(case, &[(ORDINAL, ticket)]).await?;
    wait(account, case, &copies).await
}

async fn wait(account: &Account, case: &Case, copies: &Copies) -> Result<Before, Failure> {
    let pending = copies.each.len() as u64;
    let sources = vec![Awaited { source: GRAPH.to_owned(), items: pending }];
    let until_at_most = Some(copies.until);
    account.advance(case, Event::WaitStarted { pending, sources, until_at_most }).await?;
    Ok(Before::Wait)
}

/// Takes each copy a step on. Gives in how many milliseconds the next is due; `None` once the
/// request has moved on.
///
/// # Errors
/// A failure of the ledger.
pub async fn follow(
    account: &Account,
    logs: Option<&dyn TenantLogs>,
    case: &Case,
) -> Result<Option<u64>, Failure> {
    let Some(mut copies) = kept(account, case).await? else {
        let open = account.ledger.open_tickets(&case.request.id).await?;
        if open.count > 0 {
            return Ok(Some(open.next_in_ms.max(PAUSE_MS_MIN)));
        }
        account.advance(case, Event::ActStarted).await?;
        return Ok(None);
    };
    for (number, person) in persons(&case.request).iter().enumerate() {
        match logs {
            Some(logs) => step(account, logs, case, &mut copies, (number, person)).await?,
            None => copies.end(number, "not_configured"),
        }
    }
    if copies.is_over() {
        note(account, case, &copies, 0).await?;
        account.advance(case, Event::ActStarted).await?;
        return Ok(None);
    }
    let next = copies.next();
    let now = account.ledger.now().await?;
    let look_in_ms = u64::try_from(next.duration_since(now).as_millis()).unwrap_or_default();
    let look_in_ms = look_in_ms.clamp(PAUSE_MS_MIN, PAUSE_MS_MAX);
    note(account, case, &copies, look_in_ms).await?;
    Ok(Some(look_in_ms))
}

/// One step of the copy with this number, of the logs of who has this object id, if it is due.
async fn step(
    account: &Account,
    logs: &dyn TenantLogs,
    case: &Case,
    copies: &mut Copies,
    (number, person): (usize, &str),
) -> Result<(), Failure> {
    let (id, until) = (&case.request.id, copies.until);
    let now = account.ledger.now().await?;
    let is_late = now >= until;
    if now < copies.each[number].look_at && !is_late {
        return Ok(());
    }
    let (stage, look_in_ms) = match &copies.each[number].stage {
        Stage::ToAsk { asked, why } if is_late || *asked >= ASKED_MAX => {
            let why = if why.is_empty() { "unanswered" } else { why };
            (Stage::Not(why.to_owned()), 0)
        }
        Stage::ToAsk { asked, .. } => {
            let asked = *asked;
            // Before the call: who dies in it has asked.
            copies.each[number].stage = Stage::ToAsk { asked: asked + 1, why: String::new() };
            note(account, case, copies, PAUSE_MS_MIN).await?;
            asked_for(asked, logs.ask(id, person, until).await)
        }
        Stage::Begun { handle } => match logs.look(id, person, handle).await {
            Ok(Followed::Done) => (Stage::Done, 0),
            Ok(Followed::Failed(why)) => (Stage::Not(why), 0),
            Ok(Followed::Blocked(barrier)) => (Stage::Not(barrier.detail().to_owned()), 0),
            _ if is_late => (Stage::Not("unfinished".to_owned()), 0),
            Ok(Followed::Running { look_in_ms, handle: next, .. }) => {
                let handle = next.unwrap_or_else(|| handle.clone());
                (Stage::Begun { handle }, look_in_ms)
            }
            // Whoever began it just now may not know it everywhere yet; and what keeps us from
            // asking may pass.
            Ok(Followed::Unknown) | Err(_) => (Stage::Begun { handle: handle.clone() }, UNSEEN_MS),
        },
        Stage::Done | Stage::Not(_) => return Ok(()),
    };
    let look_in = SignedDuration::from_millis(look_in_ms.min(PAUSE_MS_MAX).cast_signed());
    copies.each[number] = OneCopy { stage, look_at: (now + look_in).min(until) };
    Ok(())
}

/// How a copy stands that was asked for, after so many times of which nobody knows what they began;
/// and in how many milliseconds to look.
fn asked_for(asked: u32, answer: Result<Asked, Failure>) -> (Stage, u64) {
    match answer {
        Ok(Asked::Begun(Ticket { handle, look_in_ms })) => (Stage::Begun { handle }, look_in_ms),
        Ok(Asked::Later { look_in_ms, why }) => (Stage::ToAsk { asked, why }, look_in_ms),
        Ok(Asked::Refused(why)) => (Stage::Not(why), 0),
        // It may have been begun.
        Err(_) => {
            let asked = asked + 1;
            (Stage::ToAsk { asked, why: String::new() }, LOST_MS * u64::from(asked))
        }
    }
}

/// Whether a service is asked for logs at all: for a copy of everything, for one person.
fn is_asked(request: &Request) -> bool {
    request.kind == RequestKind::Access && request.options.sources.is_empty()
}

/// What the person is called in the tenant, as the tenant writes it. What is no GUID might be taken
/// for another name there.
fn persons(request: &Request) -> Vec<String> {
    let ids = request.people().iter().flat_map(object_ids);
    let ids = ids.filter_map(|id| Uuid::try_parse(id.trim()).ok());
    let mut persons: Vec<String> = ids.map(|id| id.to_string()).collect();
    persons.sort_unstable();
    persons.dedup();
    persons
}

async fn kept(account: &Account, case: &Case) -> Result<Option<Copies>, Failure> {
    let due = account.ledger.due_tickets(&case.request.id, Some(ORDINAL - 1), 1).await?;
    let Some(ticket) = due.into_iter().next() else { return Ok(None) };
    let written = account.open_ticket(case, &ticket)?;
    let read = serde_json::from_str(&written);
    // The error would quote what is sealed.
    let read = read.map_err(|_| Failure::permanent("reading a ticket of another version"));
    read.map(Some)
}

async fn note(
    account: &Account,
    case: &Case,
    copies: &Copies,
    look_in_ms: u64,
) -> Result<(), Failure> {
    let sealed = Some(account.seal_ticket(case, ORDINAL, &copies.written()));
    let later = PutOff { ordinal: ORDINAL, look_in_ms, sealed };
    account.ledger.put_off_tickets(&case.lease, &case.request.id, &[later]).await
}

impl Copies {
    fn written(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers can be written")
    }

    fn is_over(&self) -> bool {
        self.each.iter().all(OneCopy::is_over)
    }

    /// When the next of those that are not over is to be looked after.
    fn next(&self) -> Timestamp {
        let open = self.each.iter().filter(|copy| !copy.is_over());
        open.map(|copy| copy.look_at).min().unwrap_or(self.until)
    }

    /// Ends one that is not over.
    fn end(&mut self, number: usize, why: &str) {
        if !self.each[number].is_over() {
            self.each[number].stage = Stage::Not(why.to_owned());
        }
    }

    /// What is told of them.
    fn line(&self) -> Covered {
        let why = self.each.iter().find_map(|copy| match &copy.stage {
            Stage::Not(why) => Some(why),
            Stage::ToAsk { .. } | Stage::Begun { .. } | Stage::Done => None,
        });
        let Some(why) = why else { return copied(self.at.clone()) };
        let is_any = self.each.iter().any(|copy| matches!(copy.stage, Stage::Done));
        not_copied(is_any.then(|| self.at.clone()), why)
    }
}

impl OneCopy {
    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Not(_))
    }
}
