//! Walks the sources once for all waiting requests and ledgers what speaks of each subject, as a
//! plan. The walk is cut into shards, which several daemons may walk side by side.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::policy::action::ActionWord;
use crate::domain::policy::guard::Share;
use crate::domain::policy::rules::Policy;
use crate::domain::request::Request;
use crate::domain::state::Event;
use crate::matching::limits::ItemLimits;
use crate::ports::ledger::{Cleared, RUNS_SHARD, SealedItem, numbered, ordinals};
use crate::ports::sources::Source;
use crate::ports::tasks::{Shard, Sweep};
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::people::Acquaintances;
use crate::stages::account::records::Account;
use crate::stages::coverage::coverage;
use crate::stages::homes::along::Along;
use crate::stages::homes::folders::Look;
use crate::stages::homes::whose::Around;
use crate::stages::plan::draft::{Draft, Drafts, Walked, supersede};
use crate::stages::plan::known::{More, amend};
use crate::stages::spare::{Among, Judged, READS_MAX, along, name};
use crate::stages::walk::pass::Walk;

/// Walks one shard for all `cases`, which are in the state `finding`, and ledgers what it finds as
/// drafts of their plans.
///
/// # Errors
/// A failure of the source or of the ledger; nothing but drafts is left behind, and the next walk
/// of the shard goes on behind those that are noted, and clears the others.
pub async fn find(
    account: &Account,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    cases: &[Case],
    shard: &Shard,
    with: Walk,
) -> Result<Walked, Failure> {
    let drafts = cases.iter().map(|case| Draft::new(case, 0)).collect();
    Drafts::new(account, sources, policy, drafts, shard, with)?.walk().await
}

/// By what it is told who else is a person.
#[derive(Clone, Copy)]
pub struct Sparing<'a> {
    /// Whom sweeps met.
    pub met: &'a Acquaintances,
    /// How an item is looked through again.
    pub limits: &'a ItemLimits,
}

/// Makes the drafts of a sweep that was walked whole the plan of a request, and brings it to
/// `planned`. A request that left `finding` meanwhile (it was cancelled) is left alone.
///
/// # Errors
/// The ledger's failure.
pub async fn conclude(
    account: &Account,
    around: Around<'_>,
    policy: &Policy,
    case: &Case,
    sweep: &Sweep,
    sparing: Sparing<'_>,
) -> Result<(), Failure> {
    let (round, sources) = (account.look(case).await?, around.sources);
    spare_others(account, sources, policy, case, sparing).await?;
    let along = take_along(account, around, policy, case, round).await?;
    supersede(account, case).await?;
    let drafted = account.ledger.drafted(&case.request.id).await?;
    let count = |shard: Option<u64>, actions: &[ActionWord]| -> u64 {
        let counted = drafted.iter().filter(|(counted, action, _)| {
            let number = numbered(round, *counted);
            number.is_some_and(|number| shard.is_none_or(|shard| shard == number))
                && actions.contains(action)
        });
        counted.map(|(.., count)| count).sum()
    };
    let shards = sweep.shards.iter().filter(|shard| case.request.concerns(&shard.source));
    let mut shares: Vec<Share> = Vec::new();
    for Shard { number, source, items, known, .. } in shards {
        let removed = count(Some(*number), &[ActionWord::Delete, ActionWord::Along]);
        let rewritten = count(Some(*number), &[ActionWord::Redact]);
        match shares.last_mut() {
            // The shards of a source stand one after the other.
            Some(share) if share.source == *source => {
                share.seen += items;
                share.known += known;
                share.removed += removed;
                share.rewritten += rewritten;
            }
            _ => {
                let (source, seen, known) = (source.clone(), *items, *known);
                shares.push(Share { source, seen, known, removed, rewritten });
            }
        }
    }
    for share in &mut shares {
        share.removed += along.get(&share.source).copied().unwrap_or_default();
    }
    let planned = Event::Planned {
        items: count(None, &ActionWord::ALL)
            - count(None, &[ActionWord::List, ActionWord::Declare]),
        unreadable: count(None, &[ActionWord::List]),
        seen: shares.iter().map(|share| share.seen).sum(),
        policy: policy.digest(),
        sources: shares,
        coverage: coverage(sources, &case.request).await?,
    };
    account.advance(case, planned).await?;
    Ok(())
}

/// Plans anew what was to be deleted as speaking of the person alone and names somebody of whom
/// another document of the workspace says that they are a person: that is known once all was
/// walked.
async fn spare_others(
    account: &Account,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    case: &Case,
    Sparing { met, limits }: Sparing<'_>,
) -> Result<(), Failure> {
    if case.request.kind.is_export() || !policy.asks_who_else() {
        return Ok(());
    }
    let acquainted = met.of(account, case).await?;
    if acquainted.known.is_empty() {
        return Ok(());
    }
    let first = ordinals(account.look(case).await?, 0).start;
    let open = |item: &SealedItem| item.ordinal >= first && item.outcome.is_none();
    let mut along_with = HashSet::new();
    let mut entries =
        pin!(account.entries_if(case, |it| open(it) && it.action == ActionWord::Along));
    while let Some(entry) = entries.next().await {
        along_with.extend(along(std::iter::once(&entry?.planned)));
    }
    let among = &Among::new(Judged { request: &case.request, policy, sources }, acquainted, limits);
    let along_with = &along_with;
    let entries = account.entries_if(case, |it| open(it) && it.action == ActionWord::Delete);
    let parted = entries.map(|entry| async move {
        let Entry { ordinal, planned, .. } = entry?;
        if along_with.contains(&name(&planned)) {
            return Ok::<_, Failure>(None);
        }
        Ok(among.spared(&planned).await?.map(|shared| (ordinal, shared)))
    });
    let mut parted = pin!(parted.buffered(READS_MAX).ready_chunks(READS_MAX));
    while let Some(lines) = parted.next().await {
        let lines: Vec<_> =
            lines.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
        if !lines.is_empty() {
            account.amend_items(case, &lines, |_| None).await?;
        }
    }
    Ok(())
}

/// Adds to the draft what is in the folders of the subject, and to that of an erasure what goes
/// with the runs that the subject created, and keeps what holds what stays; how many items of each
/// source are removed by that, of those that were counted.
async fn take_along(
    account: &Account,
    around: Around<'_>,
    policy: &Policy,
    case: &Case,
    round: u64,
) -> Result<BTreeMap<String, u64>, Failure> {
    let mut removed = BTreeMap::new();
    if !Along::matters(policy, around, &case.request) {
        return Ok(removed);
    }
    // Whatever an earlier try has added.
    let first = ordinals(round, 0).start;
    let ordinals = ordinals(round, RUNS_SHARD);
    account.clear_items(case, Cleared::Ordinals(ordinals.clone())).await?;
    let mut along = Along::default();
    let mut entries = pin!(account.entries_if(case, move |item| item.ordinal >= first));
    while let Some(entry) = entries.next().await {
        let Entry { ordinal, planned, outcome, .. } = entry?;
        along.note(policy, ordinal, &planned, outcome.as_ref());
    }
    let mut draft = Draft::new(case, ordinals.start);
    let More { new, amended } = along.more(Look::First, around, policy, &case.request).await?;
    for (planned, superseded) in new {
        // What could not be read goes unread.
        if let Some(ordinal) = superseded {
            account.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
        let item = &planned.finding.item;
        if planned.action.word() == ActionWord::Delete && item.layout().is_listed() {
            *removed.entry(item.source.clone()).or_default() += 1;
        }
        draft.add(account, planned).await?;
    }
    // Lines stay where they are: who dies here leaves each as it was, or as it is to be.
    amend(account, case, amended, |_| None).await?;
    draft.flush(account).await?;
    Ok(removed)
}

/// The sources that at least one of the requests is about.
pub fn wanted<'a>(
    sources: &[Arc<dyn Source>],
    requests: impl Iterator<Item = &'a Request>,
) -> Vec<Arc<dyn Source>> {
    let mut names = BTreeSet::new();
    for request in requests {
        if request.options.sources.is_empty() {
            return sources.to_vec();
        }
        names.extend(request.options.sources.iter().map(String::as_str));
    }
    sources.iter().filter(|source| names.contains(source.name())).cloned().collect()
}
