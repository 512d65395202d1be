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

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::policy::limits::Limits;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::purges::{Member, Purge, Stage};
use crate::ports::sources::{Asked, Erased, Finds, Followed, Source};
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::walk::ask::values;
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

/// How far the calls of a purge are, as the ledger keeps it, sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    /// Where the rows are; none before the first call.
    item: Option<Item>,
    /// What the service knows the calls by that it has not finished.
    running: Vec<String>,
    /// Keyed digest of the last value that was handed over; values go in the order of these.
    upto: String,
    /// Whether all values were handed over.
    is_called: bool,
}

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
    let work = match purge.sealed.as_slice() {
        [] => Work::default(),
        sealed => opened(account, &purge.id, sealed)?,
    };
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
        let (ledger, lease, id) = (&self.account.ledger, self.with.lease, &self.purge.id);
        let (cases, item) = self.waiting(members).await?;
        // All of them are kept by something of their own.
        let Some(item) = item.or(work.item.clone()) else { return Ok(Some(IDLE_MS)) };
        if let Some(wait_ms) = self.spend(&item).await? {
            return Ok(Some(wait_ms));
        }
        let (mut cases, mut is_paid) = (cases, true);
        if begins {
            ledger.begin_purge(lease, id).await?;
            // Who came while we looked is a member too, and from now on nobody comes.
            cases = self.waiting(&ledger.members(id).await?).await?.0;
        }
        work.item = Some(item.clone());
        let values = self.values(&item, &cases, &work.upto).await?;
        // What an earlier call began may have ended by now.
        let mut look_in_ms = if work.running.is_empty() { u64::MAX } else { LOOK_IN_MS_MIN };
        for (number, part) in values.chunks(self.asked.values_max().max(1)).enumerate() {
            if !is_paid && let Some(wait_ms) = self.spend(&item).await? {
                return Ok(Some(wait_ms));
            }
            is_paid = false;
            let texts: Vec<String> = part.iter().map(|(_, value)| value.clone()).collect();
            match self.asked.erase_rows(&item, &texts).await? {
                Erased::Begun(ticket) => {
                    work.running.push(ticket.handle);
                    look_in_ms = look_in_ms.min(ticket.look_in_ms);
                }
                Erased::Blocked(barrier) => {
                    self.note(&Stage::Blocked(barrier), &work).await?;
                    return Ok(None);
                }
                Erased::Done | Erased::AlreadyAbsent | Erased::Changed => {}
            }
            work.upto = part.last().map(|(digest, _)| digest.clone()).unwrap_or_default();
            work.is_called = (number + 1) * self.asked.values_max().max(1) >= values.len();
            self.note(&Stage::Begun, &work).await?;
        }
        work.is_called = true;
        self.go_on(&work, look_in_ms).await
    }

    /// Asks the service how far it is with each call.
    async fn look(&self, mut work: Work) -> Result<Option<u64>, Failure> {
        let Some(item) = work.item.clone() else {
            return Err(Failure::permanent("looking after a purge of nothing"));
        };
        let mut look_in_ms = u64::MAX;
        for handle in std::mem::take(&mut work.running) {
            match self.asked.follow(&item, &handle).await? {
                // Whether one that was forgotten was finished is seen in the rows.
                Followed::Done | Followed::Unknown => {}
                Followed::Failed(why) => {
                    self.note(&Stage::Failed(why), &work).await?;
                    return Ok(None);
                }
                Followed::Blocked(barrier) => {
                    self.note(&Stage::Blocked(barrier), &work).await?;
                    return Ok(None);
                }
                Followed::Running { look_in_ms: ms, handle: other, state: _ } => {
                    work.running.push(other.unwrap_or(handle));
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

    /// The values of these requests that were not handed over, by their keyed digests.
    async fn values(
        &self,
        item: &Item,
        cases: &[Case],
        upto: &str,
    ) -> Result<Vec<(String, String)>, Failure> {
        let people: Vec<_> = cases.iter().flat_map(|case| case.request.people()).collect();
        let walk = Walk::new(&people, self.with.limits, Patience::Spent);
        let digest = |value: &str| self.account.keys.digest(format!("value {value}").as_bytes());
        let values = values(self.asked, item, &walk.asking()).await?.values.into_iter();
        let mut values: Vec<_> = values.map(|value| (digest(&value), value)).collect();
        values.retain(|(digest, _)| digest.as_str() > upto);
        values.sort_unstable();
        Ok(values)
    }
}

fn opened(account: &Account, id: &str, sealed: &[u8]) -> Result<Work, Failure> {
    let doing = "unsealing a purge";
    let text = account.keys.open_purge(id, sealed);
    let text = text.map_err(|error| Failure::needs_person(doing).because(error))?;
    // The error would quote it.
    serde_json::from_str(&text).map_err(|_| Failure::permanent(doing))
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
