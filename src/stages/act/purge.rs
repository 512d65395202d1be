//! Rows are removed for many requests at once: a service takes few removals in an hour, and many
//! values in each.
//!
//! Items join the purge that gathers at their place. Once it has gathered long enough and the
//! service takes another call, it takes no more members, and one removal has the values of all that
//! still wait for it. What they are is asked then, and never written down. Who died between the
//! call and the note of it calls again: that spends the budget twice, and finds the rows gone.
//!
//! That a service says it is done proves nothing: each member looks by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::item::Item;
use crate::domain::policy::limits::Limits;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::purges::{Member, Purge, Stage};
use crate::ports::sources::{Asked, Erased, Finds, Followed, Source};
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::act::calls::{Call, Keyed, Work, digest, work};
use crate::stages::walk::ask::{Values, values};
use crate::stages::walk::pass::{Patience, Walk, blamed, unknown_source};

/// When a purge for which nobody waits now is looked at again: its requests may be tried anew.
const IDLE_MS: u64 = 600_000;

/// A service is not asked about a purge more often than this, whatever it says.
const LOOK_IN_MS_MIN: u64 = 1_000;

/// What purges are carried out with.
pub struct Purging<'a> {
    /// Which hold the rows.
    pub sources: &'a [Arc<dyn Source>],
    /// Bounds on one value.
    pub limits: &'a Limits,
    /// Under which the purge is worked on.
    pub lease: &'a Lease,
}

/// How long an answer that is none of the whole is asked for again, before what it has is handed
/// over: what is missing from it is not taken for handed over.
const PARTIAL_TIME_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What is next for a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Nobody waits for it.
    Forget,
    /// It takes no more members, and the service is called.
    Begin,
    /// The service is called with the values that it was not called with.
    Call,
    /// The service is asked how far it is.
    Look,
    /// It has ended, and its members look by themselves.
    Rest,
}

/// What is next, by how the purge stands.
fn next(stage: &Stage, is_awaited: bool, is_called: bool) -> Next {
    match stage {
        _ if !is_awaited => Next::Forget,
        Stage::Gathering => Next::Begin,
        Stage::Begun if !is_called => Next::Call,
        Stage::Begun => Next::Look,
        Stage::Done | Stage::Blocked(_) | Stage::Failed(_) => Next::Rest,
    }
}

/// Brings a purge on. Gives in how many milliseconds to go on with it; `None` if it has ended.
///
/// # Errors
/// A failure of the source or of the ledger.
pub async fn purge(
    account: &Account,
    purge: &Purge,
    with: &Purging<'_>,
) -> Result<Option<u64>, Failure> {
    let members = account.ledger.members(&purge.id).await?;
    let work = work(account, purge)?;
    let next = next(&purge.stage, !members.is_empty(), work.is_called);
    if next == Next::Forget {
        account.ledger.forget_purge(with.lease, &purge.id).await?;
        return Ok(Some(IDLE_MS));
    }
    if next == Next::Rest {
        return Ok(None);
    }
    let found = with.sources.iter().find(|source| source.name() == purge.source);
    let source = found.ok_or_else(|| unknown_source(&purge.source))?;
    let Finds::Ask(asked) = source.finds() else { return Err(unknown_source(&purge.source)) };
    let together = Together { account, purge, asked, with };
    let gone_on = match next {
        Next::Look => together.look(work).await,
        _ => together.call(&members, work, next == Next::Begin).await,
    };
    match gone_on {
        Err(failure) => Err(blamed(&**source, failure).await),
        gone_on => gone_on,
    }
}

/// A purge while somebody works on it.
struct Together<'a> {
    account: &'a Account,
    purge: &'a Purge,
    asked: &'a dyn Asked,
    with: &'a Purging<'a>,
}

impl Together<'_> {
    /// Hands values over, as many calls as that takes and the service takes now.
    async fn call(
        &self,
        members: &[Member],
        mut work: Work,
        begins: bool,
    ) -> Result<Option<u64>, Failure> {
        let (cases, item) = self.waiting(members).await?;
        // All of them are kept by something of their own.
        let Some(item) = item.or(work.item.clone()) else { return Ok(Some(IDLE_MS)) };
        let mut values = self.values(&item, &cases, &work).await?;
        let mut is_paid = false;
        if begins {
            // It gathers for as long as the service takes no call; what needs none waits for none.
            let needs_call = self.asked.settled(&item, &[]).await?.is_none();
            if needs_call && !values.is_empty() {
                if let Some(wait_ms) = self.spend(&item).await? {
                    return Ok(Some(wait_ms));
                }
                is_paid = true;
            }
            let (ledger, id) = (&self.account.ledger, &self.purge.id);
            ledger.begin_purge(self.with.lease, id).await?;
            // Who came while we looked is a member too, and from now on nobody comes.
            let now = ledger.members(id).await?;
            if now != members {
                values = self.values(&item, &self.waiting(&now).await?.0, &work).await?;
            }
        }
        work.item = Some(item.clone());
        self.hand_over(work, &item, &values, is_paid).await
    }

    /// Hands over these values, one call after the other. Of a call that the service refuses for
    /// good the half is tried, so that a value that it does not take keeps no other.
    async fn hand_over(
        &self,
        mut work: Work,
        item: &Item,
        mut values: &[Keyed],
        mut is_paid: bool,
    ) -> Result<Option<u64>, Failure> {
        // What an earlier call began may have ended by now.
        let mut look_in_ms = if work.running.is_empty() { u64::MAX } else { LOOK_IN_MS_MIN };
        let (values_max, bytes_max) = (self.asked.values_max(), self.asked.values_bytes_max());
        while !values.is_empty() {
            let count = work.part(values, values_max, bytes_max);
            let (part, rest) = values.split_at(count);
            let texts: Vec<String> = part.iter().map(|(_, value)| value.clone()).collect();
            match self.one_call(item, &texts, &mut is_paid).await {
                Ok(Called::NotNow(wait_ms)) => return Ok(Some(wait_ms)),
                Ok(Called::Came(Erased::Blocked(barrier))) => {
                    self.note(&Stage::Blocked(barrier), &work).await?;
                    return Ok(None);
                }
                Ok(Called::Came(erased)) => {
                    if let Erased::Begun(ticket) = erased {
                        let values = part.iter().map(|(digest, _)| digest.clone()).collect();
                        work.running.push(Call { handle: ticket.handle, values });
                        look_in_ms = look_in_ms.min(ticket.look_in_ms);
                    }
                    work.took(part);
                    values = rest;
                }
                Err(failure) if failure.is_transient() || is_shut(&failure) => return Err(failure),
                Err(failure) => {
                    work.was_refused(values, count, &failure.chain());
                    let is_known = |(digest, _): &Keyed| work.refusal(digest).is_some();
                    values = &values[values.iter().take_while(|value| is_known(value)).count()..];
                }
            }
            work.is_called = values.is_empty();
            self.note(&Stage::Begun, &work).await?;
        }
        work.is_called = true;
        self.go_on(&work, look_in_ms).await
    }

    /// One call, if it needs one and the service takes it now.
    async fn one_call(
        &self,
        item: &Item,
        values: &[String],
        is_paid: &mut bool,
    ) -> Result<Called, Failure> {
        if let Some(erased) = self.asked.settled(item, values).await? {
            return Ok(Called::Came(erased));
        }
        if !std::mem::take(is_paid)
            && let Some(wait_ms) = self.spend(item).await?
        {
            return Ok(Called::NotNow(wait_ms));
        }
        self.asked.erase_rows(item, values).await.map(Called::Came)
    }

    /// Asks the service how far it is with each call. One that came to nothing keeps no other.
    async fn look(&self, mut work: Work) -> Result<Option<u64>, Failure> {
        let Some(item) = work.item.clone() else {
            return Err(Failure::permanent("looking after a purge of nothing"));
        };
        let mut look_in_ms = u64::MAX;
        for call in std::mem::take(&mut work.running) {
            match self.asked.follow(&item, &call.handle).await? {
                // Whether one that was forgotten was finished is seen in the rows.
                Followed::Done | Followed::Unknown => {}
                Followed::Failed(why) => {
                    work.gave_up(call.values, &why);
                }
                Followed::Blocked(barrier) => {
                    self.note(&Stage::Blocked(barrier), &work).await?;
                    return Ok(None);
                }
                Followed::Running { look_in_ms: ms, handle, state: _ } => {
                    let handle = handle.unwrap_or(call.handle);
                    work.running.push(Call { handle, ..call });
                    look_in_ms = look_in_ms.min(ms);
                }
            }
        }
        self.go_on(&work, look_in_ms).await
    }

    /// Notes how far it is; in how many milliseconds to look again, if the service is at it.
    async fn go_on(&self, work: &Work, look_in_ms: u64) -> Result<Option<u64>, Failure> {
        if work.running.is_empty() {
            self.note(&Stage::Done, work).await?;
            return Ok(None);
        }
        self.note(&Stage::Begun, work).await?;
        Ok(Some(look_in_ms.max(LOOK_IN_MS_MIN)))
    }

    /// Notes a call as made; or why none is made now, and gives in how many milliseconds one can
    /// be. A kill before it is made wastes it, and makes none too many.
    async fn spend(&self, item: &Item) -> Result<Option<u64>, Failure> {
        let (ledger, lease) = (&self.account.ledger, self.with.lease);
        let Some(budget) = self.asked.budget(item) else { return Ok(None) };
        let wait_ms = ledger.spend(lease, &budget).await?;
        if wait_ms.is_some() && self.purge.delay.is_none() {
            let why = format!("the service takes {} removals an hour", budget.per_hour);
            ledger.note_delay(lease, &self.purge.id, &why).await?;
        }
        Ok(wait_ms)
    }

    async fn note(&self, stage: &Stage, work: &Work) -> Result<(), Failure> {
        let (ledger, id) = (&self.account.ledger, &self.purge.id);
        let text = serde_json::to_string(work).expect("it has text keys only");
        let sealed = self.account.keys.seal_purge(id, &text);
        ledger.note_purge(self.with.lease, id, stage, Some(&sealed)).await
    }

    /// The requests of these members, as far as they still wait, and where their rows are.
    async fn waiting(&self, members: &[Member]) -> Result<(Vec<Case>, Option<Item>), Failure> {
        let firsts: BTreeMap<_, _> =
            members.iter().rev().map(|member| (&member.request, member.ordinal)).collect();
        let (mut cases, mut item) = (Vec::new(), None);
        for (id, ordinal) in firsts {
            match self.case(id, ordinal).await {
                Ok(Some((case, theirs))) => {
                    item = item.or(Some(theirs));
                    cases.push(case);
                }
                Ok(None) => {}
                // What may pass is waited for: whoever is left out of a call keeps their rows.
                Err(failure) if failure.is_transient() || failure.is_of_the_ledger() => {
                    return Err(failure);
                }
                // One that cannot be read keeps no other: what keeps it is told of itself.
                Err(_) => {}
            }
        }
        Ok((cases, item))
    }

    async fn case(&self, id: &RequestId, ordinal: u64) -> Result<Option<(Case, Item)>, Failure> {
        let account = self.account;
        let standing = account.ledger.standing(id).await?;
        let waits = |state| matches!(state, State::Acting | State::Waiting);
        let Some(standing) = standing.filter(|standing| waits(standing.state)) else {
            return Ok(None);
        };
        let case = account.load(&standing, self.with.lease).await?;
        let mut entries = account.items(&case, ordinal.checked_sub(1), false, 1).await?;
        let entry = entries.pop().filter(|entry| entry.ordinal == ordinal);
        Ok(entry.map(|entry| (case, entry.planned.finding.item)))
    }

    /// The values of these requests that were neither handed over nor refused, in the order of
    /// their keyed digests.
    async fn values(
        &self,
        item: &Item,
        cases: &[Case],
        work: &Work,
    ) -> Result<Vec<Keyed>, Failure> {
        let people: Vec<_> = cases.iter().flat_map(|case| case.request.people()).collect();
        let walk = Walk::new(&people, self.with.limits, Patience::Spent);
        let Values { values, unread, .. } = values(self.asked, item, &walk.asking()).await?;
        if let Some(why) = unread.into_iter().next() {
            let waited = self.account.ledger.now().await?.duration_since(self.purge.opened);
            if waited < PARTIAL_TIME_MAX {
                let failure = Failure::transient("asking which rows are to be removed");
                return Err(failure.because(why));
            }
        }
        let values = values.into_iter().map(|value| (digest(self.account, &value), value));
        let mut values: Vec<Keyed> = values.filter(|(digest, _)| work.is_open(digest)).collect();
        values.sort_unstable();
        Ok(values)
    }
}

/// What came of a call.
enum Called {
    /// None was made; one can be in so many milliseconds.
    NotNow(u64),
    /// This.
    Came(Erased),
}

/// Whether it is the source that is at fault, or somebody has to mend something: a word about no
/// value.
fn is_shut(failure: &Failure) -> bool {
    failure.kind == FailureKind::NeedsPerson || failure.blame().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::{Barrier, Block};

    #[test]
    fn what_is_next_follows_from_how_it_stands() {
        let blocked = Stage::Blocked(Barrier::new(Block::Lock, ""));
        let failed = Stage::Failed("gave_up".to_owned());
        let table = [
            (&Stage::Gathering, false, Next::Begin),
            (&Stage::Begun, false, Next::Call),
            (&Stage::Begun, true, Next::Look),
            (&Stage::Done, true, Next::Rest),
            (&blocked, false, Next::Rest),
            (&failed, true, Next::Rest),
        ];
        for (stage, is_called, expected) in table {
            assert_eq!(next(stage, true, is_called), expected, "{stage:?}");
            assert_eq!(next(stage, false, is_called), Next::Forget, "{stage:?}");
        }
    }
}
