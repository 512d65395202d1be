//! The proof that nothing else was touched: every item outside the plan has the `ETag` that it had
//! at the find, and those that have not are counted.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::domain::failure::Failure;
use crate::domain::inventory::{Print, Untouched};
use crate::domain::item::Item;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::evidence::seal::PrintKey;
use crate::stages::docket::{Case, Docket};

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
    touched: &Touched,
) -> Result<Option<Untouched>, Failure> {
    let ledger = &docket.ledger;
    let Some(found_by) = ledger.found_by(&case.request.id).await? else { return Ok(None) };
    let mut all = None;
    for share in docket.shares(&case.request.id).await? {
        let before = ledger.seen(found_by, &share.source).await?;
        if before.is_empty() {
            continue;
        }
        let after = ledger.seen(sweep, &share.source).await?;
        let more = Untouched::new(before, after, &touched.names);
        let sum: &mut Untouched = all.get_or_insert_default();
        sum.items += more.items;
        sum.unchanged += more.unchanged;
        sum.changed += more.changed;
        sum.gone += more.gone;
    }
    Ok(all)
}

/// Which of these, erased because they go with a run, stand there still under their `ETag`: no
/// search would find them again.
///
/// # Errors
/// The ledger's failure.
pub async fn still_standing(
    docket: &Docket,
    erased: Vec<Planned>,
    sweep: u64,
) -> Result<Vec<Planned>, Failure> {
    let key = docket.print_key();
    let mut by_source: BTreeMap<String, Vec<Planned>> = BTreeMap::new();
    for planned in erased {
        by_source.entry(planned.finding.item.source.clone()).or_default().push(planned);
    }
    let mut still = Vec::new();
    for (source, erased) in by_source {
        let now: HashSet<Print> = docket.ledger.seen(sweep, &source).await?.into_iter().collect();
        let stands = |planned: &Planned| now.contains(&print(&key, &planned.finding.item));
        still.extend(erased.into_iter().filter(stands));
    }
    Ok(still)
}

/// The names of what an erasure acted on.
pub struct Touched {
    key: PrintKey,
    names: HashSet<u64>,
}

impl Touched {
    /// Nothing yet.
    pub fn new(key: PrintKey) -> Self {
        Self { key, names: HashSet::new() }
    }

    /// Takes note of an item of the plan. What was kept, blocked or unreadable was left alone.
    pub fn note(&mut self, item: &Item, outcome: Option<&ItemOutcome>) {
        let left_alone = matches!(
            outcome,
            Some(ItemOutcome::Kept(_) | ItemOutcome::Blocked(_) | ItemOutcome::Unreadable(_))
        );
        if !left_alone {
            self.names.insert(name(&self.key, item));
        }
    }
}

fn print(key: &PrintKey, item: &Item) -> Print {
    Print { name: name(key, item), etag: key.print(&[&item.etag]) }
}

fn name(key: &PrintKey, item: &Item) -> u64 {
    let (form, id) = item.version.parts();
    key.print(&[&item.source, &item.name, form, id])
}
