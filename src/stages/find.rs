//! Walks the sources once for all waiting requests and ledgers what speaks of each subject, as a
//! plan. The walk is cut into shards, which several daemons may walk side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::plan::Planned;
use crate::domain::policy::action::{Action, ActionWord};
use crate::domain::policy::rules::Policy;
use crate::domain::request::Request;
use crate::domain::state::{Event, Share};
use crate::ports::ledger::{Cleared, RUNS_SHARD, SealedItem, numbered, ordinals};
use crate::ports::sources::Source;
use crate::ports::tasks::{Shard, Sweep};
use crate::stages::docket::{Case, Docket, Entry};
use crate::stages::plan::finding::plan;
use crate::stages::plan::forms::Forms;
use crate::stages::plan::runs::Company;
use crate::stages::verify::tombstones::note;
use crate::stages::verify::untouched::Inventory;
use crate::stages::walk::pass::{Walk, walk_named};

/// Planned items kept in memory for one request before they are ledgered.
const BATCH: usize = 256;

/// Walks one shard for all `cases`, which are in the state `finding`, and ledgers what it finds as
/// drafts of their plans.
///
/// # Errors
/// A failure of the source or of the ledger; nothing but drafts is left behind, and the next walk
/// of the shard clears those.
pub async fn find(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    cases: &[Case],
    shard: &Shard,
    with: Walk,
) -> Result<(), Failure> {
    let mut drafts = Vec::new();
    for case in cases {
        let round = docket.look(&case.request.id).await?;
        let ordinals = ordinals(round, shard.number);
        docket.clear_items(case, Cleared::Ordinals(ordinals.clone())).await?;
        drafts.push(Draft::new(case, ordinals.start));
    }
    let (inventory, graves) = (with.inventory.clone(), with.graves.clone());
    let mut returned = Vec::new();
    let mut seen = pin!(walk_named(sources, &shard.source, with));
    while let Some(seen) = seen.next().await {
        let seen = seen?;
        if let (Some(graves), Some(case)) = (&graves, cases.first()) {
            graves.meet(docket, &seen, &mut returned);
            note(docket, &case.lease, &mut returned, false).await?;
        }
        for (subject, draft) in drafts.iter_mut().enumerate() {
            let planned = plan(&draft.case.request, subject, policy, &seen);
            for planned in draft.forms.add(&seen.item, planned) {
                draft.add(docket, planned).await?;
            }
        }
    }
    for draft in &mut drafts {
        for planned in draft.forms.end() {
            draft.add(docket, planned).await?;
        }
        draft.flush(docket).await?;
    }
    if let Some(case) = cases.first() {
        note(docket, &case.lease, &mut returned, true).await?;
    }
    keep_seen(docket, cases, shard, inventory).await
}

/// Keeps what the walk of a shard saw, where that was asked for.
///
/// # Errors
/// The ledger's failure.
pub async fn keep_seen(
    docket: &Docket,
    cases: &[Case],
    shard: &Shard,
    inventory: Option<Arc<Inventory>>,
) -> Result<(), Failure> {
    match (inventory, cases.first()) {
        (Some(inventory), Some(case)) => {
            docket.ledger.keep_seen(&case.lease, shard, &inventory.take()).await
        }
        (Some(_), None) | (None, _) => Ok(()),
    }
}

/// Makes the drafts of a sweep that was walked whole the plan of a request, and brings it to
/// `planned`. A request that left `finding` meanwhile (it was cancelled) is left alone.
///
/// # Errors
/// The ledger's failure.
pub async fn conclude(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    case: &Case,
    sweep: &Sweep,
) -> Result<(), Failure> {
    let round = docket.look(&case.request.id).await?;
    let along = take_along(docket, sources, policy, case, round).await?;
    supersede(docket, case, round).await?;
    let drafted = docket.ledger.drafted(&case.request.id).await?;
    let count = |shard: Option<u64>, actions: &[ActionWord]| -> u64 {
        let counted = drafted.iter().filter(|(counted, action, _)| {
            let number = numbered(round, *counted);
            number.is_some_and(|number| shard.is_none_or(|shard| shard == number))
                && actions.contains(action)
        });
        counted.map(|(.., count)| count).sum()
    };
    let shards = sweep.shards.iter().filter(|shard| concerns(&case.request, &shard.source));
    let mut shares: Vec<Share> = Vec::new();
    for Shard { number, source, items, .. } in shards {
        let removed = count(Some(*number), &[ActionWord::Delete, ActionWord::Along]);
        let rewritten = count(Some(*number), &[ActionWord::Redact]);
        match shares.last_mut() {
            // The shards of a source stand one after the other.
            Some(share) if share.source == *source => {
                share.seen += items;
                share.removed += removed;
                share.rewritten += rewritten;
            }
            _ => shares.push(Share { source: source.clone(), seen: *items, removed, rewritten }),
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
    };
    docket.advance(case, planned).await?;
    Ok(())
}

/// Adds to the draft of an erasure what goes with the runs that the subject created; how many items
/// of each source are removed by that.
async fn take_along(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    case: &Case,
    round: u64,
) -> Result<BTreeMap<String, u64>, Failure> {
    let mut removed = BTreeMap::new();
    if case.request.kind.is_export() || !policy.takes_runs() {
        return Ok(removed);
    }
    // Whatever an earlier try has added.
    let first = ordinals(round, 0).start;
    let ordinals = ordinals(round, RUNS_SHARD);
    docket.clear_items(case, Cleared::Ordinals(ordinals.clone())).await?;
    let (mut company, mut unread) = (Company::default(), HashMap::new());
    let mut entries = pin!(docket.entries_if(case, move |item| item.ordinal >= first));
    while let Some(entry) = entries.next().await {
        let Entry { ordinal, planned, .. } = entry?;
        company.note(policy, &planned);
        if matches!(planned.action, Action::List(_) | Action::Declare { .. }) {
            unread.insert(planned.finding.item.place(), ordinal);
        }
    }
    let mut draft = Draft::new(case, ordinals.start);
    for planned in company.more(sources, policy, &case.request).await? {
        // What could not be read goes unread.
        if let Some(ordinal) = unread.remove(&planned.finding.item.place()) {
            docket.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
        if planned.action.word() == ActionWord::Delete {
            *removed.entry(planned.finding.item.source.clone()).or_default() += 1;
        }
        draft.add(docket, planned).await?;
    }
    draft.flush(docket).await?;
    Ok(removed)
}

/// What an earlier try began with and did not end is this plan's where this find met it again. What
/// it did not meet may be gone by our hand, and stays open.
async fn supersede(docket: &Docket, case: &Case, round: u64) -> Result<(), Failure> {
    let first = ordinals(round, 0).start;
    if round == 0 {
        return Ok(());
    }
    let is_left = move |item: &SealedItem| item.ordinal < first && item.outcome.is_none();
    let mut left = HashMap::new();
    let mut entries = pin!(docket.entries_if(case, is_left));
    while let Some(entry) = entries.next().await {
        let Entry { ordinal, planned, .. } = entry?;
        left.insert(planned.finding.item.place(), ordinal);
    }
    if left.is_empty() {
        return Ok(());
    }
    let mut entries = pin!(docket.entries_if(case, move |item| item.ordinal >= first));
    while let Some(entry) = entries.next().await {
        if let Some(ordinal) = left.remove(&entry?.planned.finding.item.place()) {
            docket.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
    }
    Ok(())
}

/// The draft of one request's plan while it grows.
struct Draft<'a> {
    case: &'a Case,
    next_ordinal: u64,
    waiting: Vec<Planned>,
    forms: Forms,
}

impl<'a> Draft<'a> {
    fn new(case: &'a Case, next_ordinal: u64) -> Self {
        Self { case, next_ordinal, waiting: Vec::new(), forms: Forms::default() }
    }

    async fn add(&mut self, docket: &Docket, planned: Planned) -> Result<(), Failure> {
        self.waiting.push(planned);
        if self.waiting.len() >= BATCH { self.flush(docket).await } else { Ok(()) }
    }

    async fn flush(&mut self, docket: &Docket) -> Result<(), Failure> {
        if !self.waiting.is_empty() {
            docket.add_items(self.case, self.next_ordinal, &self.waiting).await?;
        }
        self.next_ordinal += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
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

/// Whether a request is about what a source holds.
pub fn concerns(request: &Request, source: &str) -> bool {
    let wanted = &request.options.sources;
    wanted.is_empty() || wanted.iter().any(|name| name == source)
}
