//! What the plan of an erasure came to, taken down in one pass for all who have to know: it is
//! long, and sealed item by item.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;

use futures::StreamExt;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::inventory::Untouched;
use crate::domain::outcome::OutcomeKind;
use crate::domain::state::Counts;
use crate::evidence::certificate::canonical::INTEGER_MAX;
use crate::evidence::certificate::document::{CertifiedItem, LookedAgain};
use crate::evidence::certificate::hashes::KeyedHash;
use crate::ports::tasks::Shard;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::verify::counts::Telling;
use crate::stages::verify::horizon::Horizon;
use crate::stages::verify::untouched::{Again, parted};
use crate::stages::walk::inventory::name;

/// See the module.
pub struct Reckoning {
    /// What became of the items, and what was left.
    pub counts: Counts,
    /// What became of each item.
    pub items: Vec<CertifiedItem>,
    /// When the last item was erased.
    pub logically_erased_at: Timestamp,
    /// When nothing of it can be recovered any more.
    pub unrecoverable_after: Option<Timestamp>,
    /// What became of everything else, where that was looked at.
    pub untouched: Option<Untouched>,
    /// How many of the items the find saw, where it kept an account of that: with the untouched
    /// ones they are all that it saw.
    pub planned: Option<u64>,
    /// What the second look did in each source, if there was one.
    pub again: BTreeMap<String, LookedAgain>,
}

impl Reckoning {
    /// Of the items that stand where they were, their keyed hashes.
    pub fn standing(&self) -> Vec<String> {
        let is_clear = |item: &&CertifiedItem| {
            OutcomeKind::parse(&item.outcome).is_some_and(OutcomeKind::is_clear)
        };
        let standing = self.items.iter().filter(|item| !is_clear(item));
        let mut standing: Vec<String> = standing.map(|item| item.item.to_string()).collect();
        standing.sort_unstable();
        standing.dedup();
        standing
    }
}

/// Takes it down; `again` is the second look, if a sweep looked.
///
/// # Errors
/// A failure of a source or of the ledger.
pub async fn reckon(
    account: &Account,
    case: &Case,
    again: Option<Again<'_>>,
    mut horizon: Horizon<'_>,
    mut telling: Telling<'_>,
) -> Result<Reckoning, Failure> {
    let (hashes, key) = (account.keys.hashes(&case.request.id), account.keys.print_key());
    let (mut items, mut names) = (Vec::new(), Vec::new());
    let mut entries = pin!(account.entries(case));
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        let Entry { planned, outcome, rewritten, .. } = &entry;
        let Some(outcome) = outcome else { continue };
        let finding = &planned.finding;
        match outcome.kind() {
            kind if kind.is_clear() => horizon.add(&finding.item).await?,
            OutcomeKind::Blocked => horizon.add_blocked(&finding.item).await?,
            _ => {}
        }
        names.push(name(&key, &finding.item));
        items.push(CertifiedItem {
            action: planned.action.word().word().into(),
            after: rewritten.as_deref().and_then(KeyedHash::parse),
            before: finding.digest.as_deref().map(|digest| hashes.content(digest)),
            detail: outcome.detail().to_owned(),
            hits: finding.hits.len() as u64,
            item: hashes.item(&finding.item),
            outcome: outcome.word().into(),
            size: finding.item.size.min(INTEGER_MAX),
            source: finding.item.source.clone(),
            unseen: false,
        });
        telling.note(entry).await?;
    }
    let plan: HashSet<u64> = names.iter().copied().collect();
    let parted = match again {
        Some(again) => parted(account, case, again, &plan).await?,
        None => None,
    };
    let mut planned = None;
    if let Some(parted) = &parted {
        let mut left = parted.planned.clone();
        planned = Some(left.len() as u64);
        // Of the rows about one place the first is about what the find saw there.
        for (item, name) in items.iter_mut().zip(names) {
            item.unseen = !left.remove(&name);
        }
    }
    let again = match again {
        Some(_) => looked_again(account, case).await?,
        None => BTreeMap::new(),
    };
    let logically_erased_at = horizon.erased_at;
    let unrecoverable_after = horizon.end().await?;
    let untouched = parted.map(|parted| parted.untouched);
    let counts = telling.end().await?;
    Ok(Reckoning {
        counts,
        items,
        logically_erased_at,
        unrecoverable_after,
        untouched,
        planned,
        again,
    })
}

/// What the sweep did that the request is part of, source by source.
async fn looked_again(
    account: &Account,
    case: &Case,
) -> Result<BTreeMap<String, LookedAgain>, Failure> {
    let sweep = account.ledger.sweep_of(&case.request.id).await?;
    let shards = sweep.into_iter().flat_map(|sweep| sweep.shards);
    let mut again: BTreeMap<String, LookedAgain> = BTreeMap::new();
    for Shard { source, items, known, .. } in shards {
        let of = again.entry(source).or_insert(LookedAgain { known: 0, seen: 0 });
        of.known += known;
        of.seen += items;
    }
    Ok(again)
}
