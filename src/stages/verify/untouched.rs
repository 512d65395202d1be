//! The proof that nothing else was touched: every item outside the plan has the `ETag` that it had
//! at the find, and those that have not are counted.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::inventory::{Print, Untouched};
use crate::domain::item::Item;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::evidence::seal::PrintKey;
use crate::stages::docket::{Case, Docket, Entry};

/// What a walk sees.
pub struct Inventory {
    key: PrintKey,
    prints: Mutex<Vec<Print>>,
}

impl Inventory {
    /// An empty one.
    pub fn new(key: PrintKey) -> Self {
        Self { key, prints: Mutex::default() }
    }

    /// Adds an item as it was read.
    pub fn add(&self, item: &Item) {
        let print = print(&self.key, item);
        self.prints.lock().unwrap_or_else(PoisonError::into_inner).push(print);
    }

    /// All that was added, in no order.
    pub fn take(&self) -> Vec<Print> {
        std::mem::take(&mut self.prints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Holds the second look of `sweep` against the find of a request, source by source; `None` where
/// the find kept no inventory.
///
/// # Errors
/// The ledger's failure.
pub async fn untouched(
    docket: &Docket,
    case: &Case,
    sweep: u64,
) -> Result<Option<Untouched>, Failure> {
    let ledger = &docket.ledger;
    let Some(found_by) = ledger.found_by(&case.request.id).await? else { return Ok(None) };
    let touched = touched(docket, case).await?;
    let mut all = None;
    for share in docket.shares(&case.request.id).await? {
        let before = ledger.seen(found_by, &share.source).await?;
        if before.is_empty() {
            continue;
        }
        let after = ledger.seen(sweep, &share.source).await?;
        let more = Untouched::new(before, after, &touched);
        let sum: &mut Untouched = all.get_or_insert_default();
        sum.items += more.items;
        sum.unchanged += more.unchanged;
        sum.changed += more.changed;
        sum.gone += more.gone;
    }
    Ok(all)
}

/// What was erased because it goes with a run, and stands there still under its `ETag`: no search
/// would find it again.
///
/// # Errors
/// The ledger's failure.
pub async fn still_standing(
    docket: &Docket,
    case: &Case,
    sweep: u64,
) -> Result<Vec<Planned>, Failure> {
    let key = docket.print_key();
    let mut erased: BTreeMap<String, Vec<Planned>> = BTreeMap::new();
    let mut entries = pin!(docket.entries(case));
    while let Some(entry) = entries.next().await {
        let Entry { planned, outcome, .. } = entry?;
        if planned.finding.hits.is_empty() && outcome == Some(ItemOutcome::Erased) {
            erased.entry(planned.finding.item.source.clone()).or_default().push(planned);
        }
    }
    let mut still = Vec::new();
    for (source, erased) in erased {
        let now: HashSet<Print> = docket.ledger.seen(sweep, &source).await?.into_iter().collect();
        let stands = |planned: &Planned| now.contains(&print(&key, &planned.finding.item));
        still.extend(erased.into_iter().filter(stands));
    }
    Ok(still)
}

/// The names of what the erasure acted on. What was kept, blocked or unreadable it left alone.
async fn touched(docket: &Docket, case: &Case) -> Result<HashSet<u64>, Failure> {
    let key = docket.print_key();
    let mut touched = HashSet::new();
    let mut entries = pin!(docket.entries(case));
    while let Some(entry) = entries.next().await {
        let Entry { planned, outcome, .. } = entry?;
        let acted = !matches!(
            outcome,
            Some(ItemOutcome::Kept(_) | ItemOutcome::Blocked(_) | ItemOutcome::Unreadable(_))
        );
        if acted {
            touched.insert(name(&key, &planned.finding.item));
        }
    }
    Ok(touched)
}

fn print(key: &PrintKey, item: &Item) -> Print {
    Print { name: name(key, item), etag: key.print(&[&item.etag]) }
}

fn name(key: &PrintKey, item: &Item) -> u64 {
    let (form, id) = item.version.parts();
    key.print(&[&item.source, &item.name, form, id])
}
